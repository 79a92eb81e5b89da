"""`python -m tools.openapi` prints the description; `--docs FOLDER` writes the generated docs."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from tools.openapi import describe, page


def files() -> dict[str, str]:
    """Return the generated docs, by file name."""
    return {
        "endpoints.md": page(),
        "openapi.json": json.dumps(describe(), ensure_ascii=False, indent=2) + "\n",
    }


def main(arguments: list[str] | None = None) -> None:
    """Print the OpenAPI description, or write `endpoints.md` and `openapi.json`."""
    parser = ArgumentParser(
        prog="python -m tools.openapi", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--docs", type=Path, metavar="FOLDER", help="write both files there instead")
    folder = parser.parse_args(arguments).docs
    if folder is None:
        sys.stdout.write(files()["openapi.json"])
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
