"""Entry point of the command `coredata`, which needs the extra `cli` and reports when it is not installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from coredata_async.cli.streams import exit_without_waiting, prepare

NEEDED = ("click", "rich", "typed_settings")
INTERRUPTED = 130


def main() -> None:
    """Run the command line; the console script `coredata` calls this."""
    prepare()
    missing = [name.replace("_", "-") for name in NEEDED if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"coredata: the command line needs {', '.join(missing)}: pip install 'coredata-async[cli]'\n"
        )
        raise SystemExit(2)
    try:
        from coredata_async.cli.app import run  # noqa: PLC0415  # only now is it sure to import
    except KeyboardInterrupt:  # deferred, because this import takes a moment
        raise SystemExit(INTERRUPTED) from None
    try:
        run()
    except SystemExit as exc:
        if exc.code == INTERRUPTED:
            exit_without_waiting(INTERRUPTED)
        raise
