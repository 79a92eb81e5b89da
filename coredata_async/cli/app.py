"""Command `coredata`: its sub-commands, each imported when used, and the exit code of every failure."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from importlib import import_module
from typing import Final, cast

import click
from click.shell_completion import get_completion_class

from coredata_async.cli import connection
from coredata_async.cli.failures import FAILED, INTERRUPTED, report_error, show_usage_error
from coredata_async.cli.help_text import Group
from coredata_async.cli.interrupts import ending_like_ctrl_c
from coredata_async.cli.output import say
from coredata_async.cli.resources.resource import nouns
from coredata_async.cli.streams import discard_output
from coredata_async.errors import CoreDataError
from coredata_async.version import VERSION

COMMANDS: Final = {
    "upload": "upload",
    "download": "download",
    "check": "check",
    "demo": "demo",
    "sandbox": "sandbox",
    "worker": "worker",
    "cluster": "cluster",
    "job": "job",
    "whoami": "resources.reading",
    "recent": "resources.reading",
    "api": "api",
    "doctor": "doctor",
    "config": "config",
    "completion": "app",
    "5pm": "fivepm.app:fivepm",
}
"""By sub-command, the module that contains it, under the same name or the name after the colon."""


class Commands(Group):
    """Sub-commands: those of `COMMANDS`, and one per resource."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names of all sub-commands."""
        return [*COMMANDS, *nouns()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import or build one sub-command."""
        if cmd_name in COMMANDS:
            place, _, name = COMMANDS[cmd_name].partition(":")
            module = import_module(f"coredata_async.cli.{place}")
            return cast("click.Command", getattr(module, name or cmd_name))
        noun = nouns().get(cmd_name)
        if noun is None:
            return None
        from coredata_async.cli.resources.registry import NounGroup  # noqa: PLC0415

        return NounGroup(noun)

    def invoke(self, ctx: click.Context) -> object:
        """Run a sub-command, and report an error while the context still knows which server was used."""
        try:
            return super().invoke(ctx)
        except CoreDataError as exc:
            raise click.exceptions.Exit(report_error(exc)) from None


@click.group(
    cls=Commands,
    params=connection.options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(VERSION, prog_name="coredata")
def coredata() -> None:
    """Upload, download and manage documents and cases in CoreData.

    The options below may also follow a sub-command. They override the environment, and the environment
    overrides a profile of the configuration file. "coredata config show" lists every setting.

    Exit codes: 0 all done, 1 some failed, 2 usage or configuration, 3 sources unreadable or changed,
    4 verification mismatch, 5 unknown outcome or duplicates, 6 the key is refused, the server cannot be
    reached, or the disk under the journal failed, 10 stopped by a limit, 130 interrupted (Ctrl-C, SIGTERM,
    SIGHUP).
    """


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(*, shell: str) -> None:
    """Print the completion script of a shell.

    For bash, put this into ~/.bashrc: eval "$(coredata completion bash)". For zsh, the same with zsh into
    ~/.zshrc. For fish: coredata completion fish > ~/.config/fish/completions/coredata.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"completion is not available for {shell}; give bash, zsh or fish")
    click.echo(kind(coredata, {}, "coredata", "_COREDATA_COMPLETE").source())


def _without_name(exc: OSError) -> str:
    """Return what failed if the error names no file, as that of a current directory that was removed."""
    return "the current directory" if isinstance(exc, FileNotFoundError) else "the system failed"


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and turn an exception into one line on stderr and an exit code."""
    try:
        with ending_like_ctrl_c():
            code: object = coredata.main(arguments, prog_name="coredata", standalone_mode=False)
    except click.ClickException as exc:
        show_usage_error(exc)
        raise SystemExit(exc.exit_code) from None
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        raise SystemExit(INTERRUPTED) from None
    except CoreDataError as exc:
        raise SystemExit(report_error(exc)) from None
    except OSError as exc:
        failed = "the output cannot be written" if discard_output() else exc.filename or _without_name(exc)
        if exc.errno != errno.EPIPE:  # the reader of the pipe has closed it
            say(f"coredata: {failed}: {exc.strerror or exc}")
        raise SystemExit(FAILED) from None
    if isinstance(code, int):  # the code of `click.exceptions.Exit`
        raise SystemExit(code)
