"""Length of the paths through the package: literal limits, slightly above what was measured."""

import pytest

from benchmarks.paths import job_counts, listing, trace_planned_file, upload

pytestmark = pytest.mark.slow


def test_an_upload_passes_through_few_files_and_calls():
    trace = upload()

    assert len(trace.files) <= 24
    assert trace.count <= 170


def test_a_listing_passes_through_few_files_and_calls():
    trace = listing()

    assert len(trace.files) <= 27
    assert trace.count <= 135


def test_a_further_file_of_a_job_passes_through_few_files():
    assert len(trace_planned_file().files) <= 40


def test_a_job_of_one_file_starts_few_tasks_and_asks_its_journal_seldom():
    counts = job_counts()

    assert counts.tasks <= 25
    assert counts.round_trips <= 15
