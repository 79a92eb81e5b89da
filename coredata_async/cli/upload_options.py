"""Options of `coredata upload`, and the values that they become."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, get_args

import click

from coredata_async.bulk.options import (
    MAX_PROCESSES,
    Effort,
    Existing,
    FileAttributes,
    Links,
    Names,
    Policy,
    Rule,
    Selection,
    Unicode,
)
from coredata_async.cli.parsing import duration, moment, size

T = TypeVar("T", Selection, Policy, Effort, FileAttributes)

_RULES: Final = ("include", "exclude")


class Ordered(click.Command):
    """Command that keeps the order of `--include` and `--exclude`, and receives both as `rules`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse twice, because click returns the values of two options without their order."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        left = super().parse_args(ctx, args)
        globs = {name: iter(ctx.params.pop(name, ())) for name in _RULES}
        named = [str(each.name) for each in order if each.name in globs]
        ctx.params["rules"] = [Rule(next(globs[name]), include=name == "include") for name in named]
        return left


def value(kind: type[T], ctx: click.Context, **more: Any) -> T:
    """Build a value from the options; a missing option keeps the default of the class."""
    return kind(**ctx.meta.get(kind.__name__, {}), **more)


def _field(kind: type[object], name: str, flag: str, help_text: str, **more: Any) -> click.Option:
    """Build an option that becomes a field of a value."""

    def keep(ctx: click.Context, _: click.Parameter, found: object) -> None:
        if found is not None:
            ctx.meta.setdefault(kind.__name__, {})[name] = found

    return click.Option([flag, name], help=help_text, expose_value=False, callback=keep, **more)


def _choice(name: str, flag: str, help_text: str, literal: object) -> click.Option:
    return _field(Policy, name, flag, help_text, type=click.Choice(get_args(literal)))


def _read(reader: Callable[[str], object], metavar: str) -> dict[str, Any]:
    return {"type": reader, "metavar": metavar}


OPTIONS: Final = (
    click.Option(["--include"], metavar="GLOB", multiple=True, help="Include matching files."),
    click.Option(
        ["--exclude"],
        metavar="GLOB",
        multiple=True,
        help="Exclude matching files, as in a .gitignore. Of all --include and --exclude, the last that "
        "matches counts; if the first is an --include, all other files are excluded.",
    ),
    _field(
        Selection,
        "files_from",
        "--files-from",
        "List of the only files to upload, one per line, or separated by NUL. - is stdin.",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
        metavar="FILE",
    ),
    _field(Selection, "min_size", "--min-size", "Minimum size of a file, in bytes.", **_read(size, "SIZE")),
    _field(Selection, "max_size", "--max-size", "Maximum size of a file, in bytes.", **_read(size, "SIZE")),
    _field(
        Selection,
        "newer_than",
        "--newer-than",
        "Only files modified after this date, or within this time.",
        **_read(moment, "DATE|AGE"),
    ),
    _field(
        Selection,
        "older_than",
        "--older-than",
        "Only files modified before this date, or longer ago than this.",
        **_read(moment, "DATE|AGE"),
    ),
    _field(
        Selection,
        "ignore_files",
        "--ignore-files/--no-ignore-files",
        "Obey .coredataignore and CACHEDIR.TAG files. Default: they are obeyed.",
        default=None,
    ),
    _choice("existing", "--existing", "Action if a File of this name exists. Default: skip-same.", Existing),
    _choice("links", "--links", "Treatment of symbolic links. Default: skip.", Links),
    _choice("names", "--names", "Treatment of names that a File cannot have. Default: fail.", Names),
    _choice("unicode", "--unicode", "Normalisation of names. Default: nfc.", Unicode),
    _field(
        Policy,
        "on_change",
        "--on-change",
        "Maximum number of retries of a file that changed while it was read. Default: 3.",
        type=click.IntRange(0),
        metavar="N",
    ),
    _field(
        Policy,
        "empty_dirs",
        "--empty-dirs/--no-empty-dirs",
        "Create folders for empty directories.",
        default=None,
    ),
    _field(
        Policy,
        "assume_alone",
        "--assume-alone",
        "Do not wait for requests of an earlier job with a lost journal. Give this if there was none.",
        is_flag=True,
        default=None,
    ),
    _field(
        Effort,
        "concurrency",
        "--concurrency",
        "Maximum number of files in flight. Default: 64 for each process.",
        type=click.IntRange(1, 1024),
        metavar="N",
    ),
    _field(
        Effort,
        "processes",
        "--processes",
        "Number of worker processes, to use more than one core. Default: 1, this process alone.",
        type=click.IntRange(1, MAX_PROCESSES),
        metavar="N",
    ),
    _field(
        Effort,
        "max_duration",
        "--max-duration",
        "Start nothing new after this time: 2h30m.",
        **_read(duration, "TIME"),
    ),
    _field(
        Effort,
        "bwlimit",
        "--bwlimit",
        "Maximum number of bytes per second, all files together: 2M.",
        **_read(size, "SIZE"),
    ),
    _field(FileAttributes, "dynatype", "--dynatype", "Dynatype of the Files.", metavar="NAME"),
    _field(
        FileAttributes,
        "contacts",
        "--contact",
        "Contact of the Files. [repeatable]",
        metavar="ID",
        multiple=True,
    ),
    _field(FileAttributes, "tags", "--tag", "Tag of the Files. [repeatable]", metavar="TEXT", multiple=True),
)
"""Options that become a `Selection`, a `Policy`, an `Effort` or `FileAttributes`."""
