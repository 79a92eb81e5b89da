"""Tests of the options of `coredata upload` as values; a missing option keeps the default of its class."""

import time
from typing import Any

import click
import pytest
from attrs import fields_dict

from coredata_async.bulk.options import Effort, FileAttributes, Policy, Rule, Selection
from coredata_async.cli.options import value
from coredata_async.cli.upload import upload
from coredata_async.cli.upload_options import OPTIONS
from coredata_async.errors import ConfigurationError


def parsed(*arguments: str) -> click.Context:
    return upload.make_context("upload", [".", "--parent", "p", *arguments])


def made(kind: Any, *arguments: str) -> Any:
    ctx = parsed(*arguments)
    return value(kind, ctx, **({"rules": ctx.params["rules"]} if kind is Selection else {}))


@pytest.mark.parametrize("kind", [Policy, Effort, FileAttributes])
def test_what_is_not_given_is_as_the_class_says(kind: Any) -> None:
    assert made(kind) == kind()


def test_one_process_is_enough_unless_more_are_asked_for() -> None:
    assert made(Effort).processes == 1
    assert made(Effort, "--processes", "64").processes == 64


@pytest.mark.parametrize("processes", ["0", "65", "two"])
def test_there_are_1_to_64_processes(processes: str) -> None:
    with pytest.raises(click.BadParameter):
        parsed("--processes", processes)


def test_without_options_everything_is_selected() -> None:
    assert made(Selection) == Selection(rules=[])


def test_rules_keep_the_order_in_which_they_were_given() -> None:
    found = made(Selection, "--include", "a", "--exclude", "b", "--include=c", "--exclude", "--include")

    assert found.rules == [Rule("a", True), Rule("b"), Rule("c", True), Rule("--include")]


def test_rules_may_stand_anywhere() -> None:
    ctx = upload.make_context("upload", ["--exclude", "b", ".", "--include", "a", "..", "--parent", "p"])

    assert ctx.params["rules"] == [Rule("b"), Rule("a", True)]
    assert ctx.params["paths"] == (".", "..")


def test_a_folder_s_contents_are_not_the_folder() -> None:
    """`pathlib` would treat the two as equal."""
    assert upload.make_context("upload", ["./.", "--parent", "p"]).params["paths"] == ("./.",)


@pytest.mark.parametrize(
    ("arguments", "kind", "name", "expected"),
    [
        (("--min-size", "1K"), Selection, "min_size", 1024),
        (("--max-size", "0"), Selection, "max_size", 0),
        (("--newer-than", "1970-01-02"), Selection, "newer_than", 86_400.0),
        (("--older-than", "1970-01-01T00:00:00Z"), Selection, "older_than", 0.0),
        (("--no-ignore-files",), Selection, "ignore_files", False),
        (("--ignore-files",), Selection, "ignore_files", True),
        (("--files-from", "-"), Selection, "files_from", "-"),
        (("--existing", "version"), Policy, "existing", "version"),
        (("--links", "follow"), Policy, "links", "follow"),
        (("--names", "escape"), Policy, "names", "escape"),
        (("--unicode", "keep"), Policy, "unicode", "keep"),
        (("--on-change", "0"), Policy, "on_change", 0),
        (("--empty-dirs",), Policy, "empty_dirs", True),
        (("--concurrency", "3"), Effort, "concurrency", 3),
        (("--max-duration", "2h30m"), Effort, "max_duration", 9000.0),
        (("--bwlimit", "2M"), Effort, "bwlimit", 2 << 20),
        (("--dynatype", "Contract"), FileAttributes, "dynatype", "Contract"),
        (("--contact", "a", "--contact", "b"), FileAttributes, "contacts", ("a", "b")),
        (("--tag", "a", "--tag", "b"), FileAttributes, "tags", ("a", "b")),
    ],
)
def test_each_option_is_a_field(arguments: tuple[str, ...], kind: Any, name: str, expected: object) -> None:
    assert getattr(made(kind, *arguments), name) == expected


def test_an_age_is_counted_from_now() -> None:
    assert made(Selection, "--newer-than", "1h").newer_than == pytest.approx(time.time() - 3600, abs=30)


def test_every_option_names_a_field() -> None:
    known = {name for kind in (Selection, Policy, Effort, FileAttributes) for name in fields_dict(kind)}

    assert {option.name for option in OPTIONS} - {"include", "exclude"} <= known


@pytest.mark.parametrize(
    "arguments",
    [
        ("--min-size", "1KB"),
        ("--newer-than", "7"),
        ("--existing", "overwrite"),
        ("--concurrency", "0"),
        ("--on-change", "-1"),
        ("--max-duration", "soon"),
        ("--files-from", "not/there"),
        ("--include",),
        ("not/there",),
        ("--max-duration", "0"),
        ("--bwlimit", "0"),
    ],
)
def test_what_cannot_be_meant_is_a_matter_of_usage(arguments: tuple[str, ...]) -> None:
    with pytest.raises((click.UsageError, ConfigurationError)):
        made(Effort, *arguments)


def test_completion_does_not_stumble_over_half_a_line() -> None:
    ctx = upload.make_context("upload", ["--include", "a", "--exclude", "b"], resilient_parsing=True)

    assert ctx.resilient_parsing
