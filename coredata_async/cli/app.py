"""The command and its sub-commands, and what every failure exits with."""

from __future__ import annotations

import sys

import click

from coredata_async.cli.demo import demo
from coredata_async.cli.sandbox import sandbox
from coredata_async.errors import AuthenticationError, ConfigurationError, CoreDataError
from coredata_async.version import VERSION

USAGE = 2
FAILED = 1
AUTHENTICATION = 6
INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="coredata")
def coredata() -> None:
    """Documents and cases in CoreData, from the shell.

    Exit codes: 0 all done, 1 some failed, 2 usage or configuration, 3 sources unreadable or changed,
    4 verification mismatch, 6 authentication, 130 interrupted.
    """


coredata.add_command(demo)
coredata.add_command(sandbox)


def run() -> None:
    """Run the command, and turn what it raises into one line and an exit code."""
    try:
        coredata.main(standalone_mode=False)
    except click.exceptions.Exit as exc:
        raise SystemExit(exc.exit_code) from None
    except click.ClickException as exc:
        exc.show()
        raise SystemExit(exc.exit_code) from None
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted\n")
        raise SystemExit(INTERRUPTED) from None
    except CoreDataError as exc:
        sys.stderr.write(f"coredata: {exc}\n")
        raise SystemExit(_code(exc)) from None


def _code(exc: CoreDataError) -> int:
    if isinstance(exc, ConfigurationError):
        return USAGE
    return AUTHENTICATION if isinstance(exc, AuthenticationError) else FAILED
