"""Ten million files on paper: formulae that can be done again by hand."""

import pytest
from attrs import evolve

from benchmarks.scale import (
    Costs,
    duration,
    fleet_table,
    fleet_times,
    journal_gb,
    markdown,
    memory_mib,
    resume_seconds,
    times,
)

COSTS = Costs(client_us=400, job_us=100, journal_bytes=125, resume_us=25, planned_mib_per_million=120)
TEN_MILLION = 10_000_000


def seconds(costs, what, processes=1):
    (found,) = (line.seconds for line in times(costs, TEN_MILLION, processes) if line.what == what)
    return found


def test_each_resource_takes_what_its_formula_says():
    assert seconds(COSTS, "the service's rate") == 2 * 10_000_000 / 50
    assert seconds(COSTS, "waiting for answers") == pytest.approx(3 * 10_000_000 * 0.02 / 64)
    assert seconds(COSTS, "CPU of the uploads") == pytest.approx(4000)
    assert seconds(COSTS, "CPU of the job") == pytest.approx(1000)
    assert seconds(COSTS, "the line") == pytest.approx(1752)
    assert seconds(COSTS, "listing for proof") == pytest.approx(1000)


def test_the_slowest_comes_first():
    found = [line.seconds for line in times(COSTS, TEN_MILLION, 2)]

    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("what", ["CPU of the uploads", "waiting for answers"])
def test_more_processes_share_what_can_be_shared(what):
    assert seconds(COSTS, what, 8) == pytest.approx(seconds(COSTS, what) / 8)


@pytest.mark.parametrize("what", ["the service's rate", "CPU of the job", "the line", "listing for proof"])
def test_they_do_not_help_against_the_rest(what):
    assert seconds(COSTS, what, 8) == seconds(COSTS, what)


def test_the_rate_of_the_service_gives_out_first_and_then_something_else():
    fast = evolve(COSTS, api_rate=50_000)

    assert times(COSTS, TEN_MILLION, 1)[0].what == "the service's rate"
    assert times(fast, TEN_MILLION, 1)[0].what != "the service's rate"


def test_disk_memory_and_resuming_grow_with_the_files():
    assert journal_gb(COSTS, TEN_MILLION) == 1.25
    assert resume_seconds(COSTS, TEN_MILLION) == 250
    assert memory_mib(COSTS, TEN_MILLION) == 1200


def test_no_file_takes_no_time():
    assert {line.seconds for line in times(COSTS, 0, 1)} == {0}


def test_the_page_names_what_gives_out_first_for_each_number_of_processes():
    page = "\n".join(markdown(COSTS, TEN_MILLION, (1, 8)))

    assert "* p = 1: **the service's rate** gives out first (4.6 d)" in page
    assert "* p = 8: **the service's rate**" in page
    assert "| p = 1 | p = 8 |" in page


@pytest.mark.parametrize(
    ("length", "words"), [(0.5, "0.5 s"), (60, "1.0 min"), (7200, "2.0 h"), (604_800, "7.0 d")]
)
def test_durations_are_for_people(length, words):
    assert duration(length) == words


def test_more_machines_help_until_half_the_rate_of_the_service() -> None:
    costs = evolve(COSTS, api_rate=10_000)

    one, two = (fleet_times(costs, TEN_MILLION, machines) for machines in (1, 2))

    assert one[0].what != "the service's rate"
    assert two[0].what == "the service's rate"
    assert two[0].seconds == 2 * TEN_MILLION / 10_000


def test_the_table_of_a_fleet_names_what_limits_it_other_than_the_service() -> None:
    lines = list(fleet_table(evolve(COSTS, line_bytes_s=1e9), TEN_MILLION, machines=(1, 20), rates=(50, 1e6)))

    assert lines[0] == "| machines | r = 50/s | r = 1,000,000/s | without a limit |"
    assert lines[2] == "| 1 | 4.6 d | 39.1 min (waiting for answers) | 39.1 min |"
    assert lines[3] == "| 20 | 4.6 d | 2.0 min (waiting for answers) | 2.0 min |"
