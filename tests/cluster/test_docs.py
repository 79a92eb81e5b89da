"""The guide `.docs/cluster.md` names commands, options, metrics and examples that exist."""

import re
from pathlib import Path

import click
import pytest

from coredata_async.cli.app import coredata
from coredata_async.cluster.metrics import WorkerMetrics

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / ".docs" / "cluster.md").read_text("utf-8")
COMMANDS = sorted(set(re.findall(r"\bcoredata ((?:upload|worker|cluster|job)\b[^`\n]*)", GUIDE)))


def commands_of(words: list[str]) -> list[click.Command]:
    """Return the commands that a line names; `job list|watch` are two."""
    first = coredata.get_command(click.Context(coredata), words[0])
    assert first is not None, words
    if not isinstance(first, click.Group):
        return [first]
    names = words[1].split("|") if len(words) > 1 else []
    found = [first.get_command(click.Context(first), name.rstrip(".,;:")) for name in names]
    assert None not in found, words
    return [each for each in found if each is not None]


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_and_their_options_exist(line) -> None:
    for command in commands_of(line.split()):
        known = {option for param in command.params for option in (*param.opts, *param.secondary_opts)}

        assert set(re.findall(r"(?<!\S)--[a-z][a-z-]+", line)) <= known, command.name


def test_options_in_the_text_exist() -> None:
    known = {
        option
        for words in (["upload"], ["worker"], ["cluster", "start|status|stop"], ["job", "list|watch|report"])
        for command in commands_of(words)
        for param in command.params
        for option in (*param.opts, *param.secondary_opts)
    }

    assert set(re.findall(r"`(--[a-z][a-z-]+)", GUIDE)) <= known


def test_the_table_of_metrics_is_complete() -> None:
    served = set(re.findall(r"^# TYPE (\w+)", WorkerMetrics().render(), re.MULTILINE))
    row = GUIDE.replace("`…_processes_busy`", "`coredata_cluster_worker_processes_busy`")

    assert set(re.findall(r"`(coredata_cluster_worker_\w+)", row)) == served


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)", GUIDE))
def test_links_lead_to_files(target) -> None:
    assert (ROOT / ".docs" / target).is_file()
