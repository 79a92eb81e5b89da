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
    r"|\b(Timeouts|Retry|Limits|Policy|Selection|Effort|SecurityLevel)\b"
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
