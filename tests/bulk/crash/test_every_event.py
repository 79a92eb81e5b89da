"""Jobs that are killed at the n-th event of a run, and again while they resume."""

import random

import pytest

from .campaign import died_at, each_of

SAMPLE = 20
"""Sample of about 195 events; `benchmarks/crash.py` uses all of them."""
EVENTS = 195


@pytest.mark.timeout(120)
def test_a_job_killed_at_any_event_resumes_to_exactly_once(tmp_path):
    numbers = sorted(random.Random(4).sample(range(1, EVENTS), SAMPLE))

    deaths = each_of(numbers, lambda victims, n: died_at(victims, tmp_path, n))

    assert sum(bool(death) for death in deaths) > SAMPLE * 0.8  # some runs are shorter than others


@pytest.mark.timeout(120)
def test_a_job_killed_repeatedly_while_it_resumes_ends_in_exactly_once(tmp_path):
    chance = random.Random(5)
    cases = [[chance.randrange(1, EVENTS) for _ in range(3)] for _ in range(4)]

    each_of(cases, lambda victims, deaths: died_at(victims, tmp_path, *deaths))
