"""Killed at whatever event comes n-th, of all that happen in a run; and again while it resumes."""

import random

import pytest

from .campaign import died_at, each_of

SAMPLE = 20
"""Of some 195 events; `benchmarks/crash.py` takes them all."""
EVENTS = 195


@pytest.mark.timeout(120)
def test_killed_at_any_event_a_job_resumes_to_exactly_once(tmp_path):
    numbers = sorted(random.Random(4).sample(range(1, EVENTS), SAMPLE))

    deaths = each_of(numbers, lambda victims, n: died_at(victims, tmp_path, n))

    assert sum(bool(death) for death in deaths) > SAMPLE * 0.8  # some runs are shorter than others


@pytest.mark.timeout(120)
def test_killed_again_and_again_while_it_resumes_a_job_ends_in_exactly_once(tmp_path):
    chance = random.Random(5)
    cases = [[chance.randrange(1, EVENTS) for _ in range(3)] for _ in range(4)]

    each_of(cases, lambda victims, deaths: died_at(victims, tmp_path, *deaths))
