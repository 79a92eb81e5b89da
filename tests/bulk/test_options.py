"""Options of a job: their values are checked at once; and the specification: its plain data and its hash."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async import Limits, Retry
from coredata_async.bulk.options import Effort, FileAttributes, JobSpec, Policy, Rule, Selection
from coredata_async.errors import ConfigurationError


@pytest.mark.parametrize(
    ("concurrency", "processes", "workers"), [(None, 1, 64), (None, 3, 192), (10, 3, 10)]
)
def test_concurrency_is_the_given_number_or_a_number_per_process(concurrency, processes, workers) -> None:
    assert Effort(concurrency=concurrency, processes=processes).worker_count == workers


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"concurrency": 0}, "concurrency must be 1 or more"),
        ({"bwlimit": 0}, "bwlimit must be more than 0"),
        ({"max_duration": -1.0}, "max_duration must be more than 0"),
        ({"patience": -1.0}, "patience and drain must be 0 or more"),
    ],
)
def test_an_invalid_effort_is_refused(option, message):
    with pytest.raises(ConfigurationError, match=message):
        Effort(**option)


seconds = st.none() | st.integers(1, 10**9) | st.floats(0.5, 1e9)
specs = st.builds(
    JobSpec,
    selection=st.builds(
        Selection,
        rules=st.lists(st.builds(Rule, st.text(max_size=5), st.booleans()), max_size=3).map(tuple),
        files_from=st.none() | st.text(max_size=5),
        min_size=st.none() | st.integers(0, 10**12),
        newer_than=seconds,
    ),
    policy=st.builds(
        Policy,
        existing=st.sampled_from(["skip", "skip-same", "version", "error"]),
        names=st.sampled_from(["fail", "escape", "truncate"]),
        on_change=st.integers(0, 9),
    ),
    effort=st.builds(Effort, concurrency=st.none() | st.integers(1, 999), bwlimit=seconds),
    attributes=st.builds(FileAttributes, tags=st.lists(st.text(max_size=4), max_size=3).map(tuple)),
    retry=st.builds(Retry, attempts=st.integers(1, 9), settle=st.floats(0, 1e6)),
    limits=st.builds(Limits, connections=st.integers(1, 99), rate=seconds),
)


@given(specs)
def test_a_specification_is_the_same_after_a_passage_through_json(spec: JobSpec) -> None:
    read = JobSpec.from_dict(json.loads(json.dumps(spec.to_dict())))

    assert read == spec
    assert read.hash() == spec.hash()


def test_the_hash_depends_on_the_options_and_not_on_the_form_of_their_values() -> None:
    one = JobSpec(selection=Selection(rules=[Rule("*.tmp")], newer_than=5))

    assert one.hash() == JobSpec(selection=Selection(rules=(Rule("*.tmp"),), newer_than=5.0)).hash()
    assert one.hash() != JobSpec().hash()
    assert JobSpec().hash() == JobSpec.from_dict({}).hash()
    assert len(one.hash()) == 32


def test_a_path_of_a_list_becomes_a_text() -> None:
    assert JobSpec(selection=Selection(files_from=Path("a"))).to_dict()["selection"]["files_from"] == "a"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"policy": {"existing": "maybe"}}, "maybe"),
        ({"selection": {"min_size": "3"}}, "min_size"),
        ({"limits": {"connections": True}}, "connections"),
        ({"attributes": {"tags": "abc"}}, "tags"),
        ({"effort": {"processes": 0}}, "effort"),
        ({"priority": 1}, "priority"),
        (5, "JobSpec"),
    ],
)
def test_an_invalid_specification_is_refused_with_the_name_of_the_option(data, message) -> None:
    with pytest.raises(ConfigurationError, match=message):
        JobSpec.from_dict(data)
