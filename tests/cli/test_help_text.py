"""Tests that help texts are complete at every width, and name options instead of Python expressions."""

import re

import click
import pytest
from click.testing import CliRunner

from coredata_async.cli.app import coredata
from coredata_async.cli.help_text import summary
from tests.cli.walk import commands

COMMANDS = dict(commands())
PYTHON = re.compile(
    r"…|`"  # cut off by click, or Markdown
    r"|\b(None|True|False|UNSET|Unset)\b"
    r"|\b[a-z_]+=[^\s\"]"  # a keyword; the `limit=1` of a query is allowed below
    r"|\b[a-z_]+\.[a-z_]+\("  # a call
    r"|\b(Timeouts|Retry|Limits|Policy|Selection|Effort|SecurityLevel|RequestStyle)\b"
)
ALLOWED = re.compile(r"--query limit=1")


def written(context: click.Context, width: int) -> str:
    """Return the help of a command in a terminal of this width."""
    above: click.Context | None = context
    while above is not None:
        above.terminal_width = above.max_content_width = width
        above = above.parent
    return context.get_help()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_holds_no_python(name) -> None:
    text = " ".join(written(COMMANDS[name], 10_000).split())

    assert PYTHON.search(ALLOWED.sub("", text)) is None, text


@pytest.mark.parametrize("width", [80, 50])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_help_is_truncated(name, width) -> None:
    context = COMMANDS[name]
    text = " ".join(written(context, width).split())
    plain = re.sub(r"\W", "", text)  # a line may break at a hyphen

    if isinstance(context.command, click.Group):
        for each in context.command.list_commands(context):
            command = context.command.get_command(context, each)
            assert command is not None
            assert re.sub(r"\W", "", summary(command)) in plain, each
    for line in written(context, width).splitlines():
        assert not line.endswith("...") or line.startswith("Usage:") or line.isupper(), line


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name) -> None:
    assert summary(COMMANDS[name].command)


OPTIONS = [
    (name, each)
    for name, context in COMMANDS.items()
    for each in context.command.params
    if isinstance(each, click.Option) and not each.hidden
]


def test_every_option_is_explained() -> None:
    assert [(name, each.opts) for name, each in OPTIONS if not (each.help or "")[:1].isalpha()] == []


def test_a_placeholder_says_which_kind_of_value_an_option_takes() -> None:
    shown = [(name, each.opts[0], each.make_metavar(COMMANDS[name])) for name, each in OPTIONS]

    assert [each for each in shown if re.search("RANGE|INTEGER|FLOAT", each[2])] == []
    assert [each for each in shown if each[1].endswith("-id") and each[2] != "ID"] == []


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["projects", "list"], ["--title TEXT Exactly this title.", "--space ID Only those of this space"]),
        (["projects", "create"], ["--contacts ID Ids of contacts.", "--due-date YYYY-MM-DD Due date."]),
        (["projects", "update"], ["--space ID Id of the space.", "--status TEXT A value list string:"]),
        (["projects", "add-users"], ["--responsible Make them responsible"]),
        (["files", "move"], ["--parent ID Id of the Project, Folder or Filespace to move it to."]),
        (["folders"], ["[named] [named]: only named in the vendor's pages."]),
        (
            ["5pm", "tasks", "list"],
            [
                "--deadline-from WHEN Deadline at this time or after it.",
                "--deadline-before WHEN Deadline before this time.",
                "--progress-more-than N Progress more than this.",
                "--active yes|no Only",
                "--group-id ID Id of the group of projects.",
            ],
        ),
        (
            ["5pm", "tasks", "add"],
            ["--notify-client yes|no Send e-mail to the client.", "--estimated-time N"],
        ),
        (["5pm", "users", "add"], ["--password @FILE|- Password of the user."]),
    ],
)
def test_a_field_is_explained_by_its_docstring_or_its_name(words: list[str], lines: list[str]) -> None:
    text = " ".join(written(COMMANDS[" ".join(words)], 10_000).split())

    assert [line for line in lines if line not in text] == [], text


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [
        (["uplod"], "'upload'"),
        (["projcets"], "'projects'"),
        (["job", "wtach"], "'watch'"),
        (["projects", "lst"], "'list'"),
        (["5pm", "task"], "'tasks'"),
    ],
)
def test_a_mistyped_command_gets_a_suggestion(words, suggestion: str) -> None:
    result = CliRunner().invoke(coredata, words)

    assert result.exit_code == 2
    assert result.output.count("Did you mean") == 1
    assert suggestion in result.output


def test_a_command_that_is_like_no_other_gets_no_suggestion() -> None:
    assert "Did you mean" not in CliRunner().invoke(coredata, ["xyzzy"]).output
