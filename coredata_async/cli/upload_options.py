"""Options of `coredata upload` that become the values of an `UploadJob`."""

from __future__ import annotations

from typing import Any, Final

import click

from coredata_async.bulk.options import MAX_PROCESSES, Effort, FileAttributes, Policy, Rule, Selection
from coredata_async.cli.options import value_option
from coredata_async.cli.parsing import duration, moment, size

_RULES: Final = ("include", "exclude")
_SIZE: Final[dict[str, Any]] = {"type": size, "metavar": "SIZE"}
_DATE: Final[dict[str, Any]] = {"type": moment, "metavar": "DATE|AGE"}


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


OPTIONS: Final = (
    click.Option(["--include"], metavar="GLOB", multiple=True, help="Include matching files."),
    click.Option(
        ["--exclude"],
        metavar="GLOB",
        multiple=True,
        help="Exclude matching files, as in a .gitignore. Of all --include and --exclude, the last that "
        "matches counts; if the first is an --include, all other files are excluded.",
    ),
    value_option(
        Selection,
        "files_from",
        help_text="List of the only files to select: paths relative to the one PATH, one per line, or "
        "separated by NUL. - is stdin.",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
        metavar="FILE",
    ),
    value_option(Selection, "min_size", help_text="Minimum size: 500, 64K, 10M or 1.5G.", **_SIZE),
    value_option(Selection, "max_size", help_text="Maximum size, in the same forms.", **_SIZE),
    value_option(
        Selection,
        "newer_than",
        help_text="Only files modified after this date, or within this time: 2026-01-31, 7d or 12h.",
        **_DATE,
    ),
    value_option(
        Selection,
        "older_than",
        help_text="Only files modified before this date, or longer ago than this.",
        **_DATE,
    ),
    value_option(Selection, "ignore_files"),
    value_option(Policy, "existing"),
    value_option(Policy, "links"),
    value_option(Policy, "names"),
    value_option(Policy, "unicode"),
    value_option(Policy, "on_change", type=click.IntRange(0), metavar="N"),
    value_option(Policy, "empty_dirs"),
    value_option(
        Policy,
        "assume_alone",
        "--assume-alone",
        "Do not wait for requests of an earlier job with a lost journal. Give this if there was none.",
        is_flag=True,
    ),
    value_option(Effort, "concurrency", type=click.IntRange(1, 1024), metavar="N"),
    value_option(Effort, "processes", type=click.IntRange(1, MAX_PROCESSES), metavar="N"),
    value_option(
        Effort,
        "max_duration",
        help_text="Start nothing new after this time: 90s, 2h30m or 7d.",
        type=duration,
        metavar="TIME",
    ),
    value_option(
        Effort,
        "bwlimit",
        help_text="Maximum bytes per second to the storage, for all files together: 500K or 10M.",
        **_SIZE,
    ),
    value_option(FileAttributes, "dynatype", metavar="NAME"),
    value_option(
        FileAttributes,
        "contacts",
        "--contact",
        "Id of a contact; it needs a dynatype other than File. [repeatable]",
        metavar="ID",
        multiple=True,
    ),
    value_option(
        FileAttributes, "tags", "--tag", "Tag of the Files. [repeatable]", metavar="TEXT", multiple=True
    ),
)
"""Options that become a `Selection`, a `Policy`, an `Effort` or `FileAttributes`.

Their help is the docstring of the field, except where that describes the Python type.
"""
