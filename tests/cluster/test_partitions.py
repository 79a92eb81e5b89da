"""Hosts that lose a line to NATS, to CoreData or to both: each file once, and a report that says so.

All combinations are `python -m benchmarks.partitions`. These are run at the same time, because they mostly
wait for leases. `.ci/run` runs this.
"""

import asyncio
from collections.abc import Iterator
from subprocess import CalledProcessError

import pytest

pytest.importorskip("nats")

from benchmarks.namespaces import unavailable
from benchmarks.partitions import Case, Outcome, run_cases
from coredata_async.cluster.server import find_server
from coredata_async.errors import ConfigurationError

pytestmark = [pytest.mark.netns, pytest.mark.timeout(300)]
CASES = [
    Case("nats", "all", "in the lease"),
    Case("nats", "sends", "after it"),
    Case("nats", "receives", "after settle"),
    Case("coredata", "receives", "after it"),
    Case("coredata", "all", "never"),
    # Without `SO_LINGER`, the kernel would send three registrations late, and they would be duplicates.
    Case("both", "sends", "after settle"),
]


@pytest.fixture(scope="module")
def outcomes() -> Iterator[dict[Case, Outcome]]:
    if reason := unavailable():
        pytest.skip(reason)
    try:
        find_server()
        yield dict(asyncio.run(run_cases(CASES, len(CASES))))
    except ConfigurationError as exc:
        pytest.skip(str(exc))
    except CalledProcessError as exc:
        pytest.skip(f"network namespaces are not available here: {exc.stderr.strip()}")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_cut_line_leaves_each_file_once_and_a_consistent_report(outcomes, case: Case) -> None:
    found = outcomes[case]

    assert not found.problem
    assert (found.missing, found.duplicate, found.unresolved) == (0, 0, 0)
    assert found.consistent
    assert found.exit_code == 0


@pytest.mark.parametrize("case", [case for case in CASES if case.line != "coredata"], ids=str)
def test_a_worker_without_nats_sends_nothing_after_its_lease(outcomes, case: Case) -> None:
    assert outcomes[case].begun_late == 0  # nor does it begin a registration in the lease's last two seconds
    assert outcomes[case].late == 0


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.line != "coredata" and case.heal != "in the lease"], ids=str
)
def test_the_shard_of_a_worker_without_nats_is_taken_over(outcomes, case: Case) -> None:
    assert outcomes[case].moved >= 1
    assert outcomes[case].fences >= 1


def test_a_worker_without_the_service_keeps_its_shard_while_it_waits(outcomes) -> None:
    found = outcomes[Case("coredata", "receives", "after it")]

    assert found.moved == found.fences == 0


def test_a_worker_without_the_service_gives_its_shard_back_before_its_lease_ends(outcomes) -> None:
    found = outcomes[Case("coredata", "all", "never")]

    assert found.moved >= 1
    assert found.fences == 0
