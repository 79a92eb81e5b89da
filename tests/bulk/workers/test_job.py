"""Complete jobs over real processes: the same Files and the same report, even if a process dies."""

import asyncio
import os
import signal
import time
from collections import Counter

import pytest

from coredata_async.bulk import Effort, Policy, Progress, Warned
from coredata_async.bulk.workers import supervisor
from coredata_async.bulk.workers.supervisor import WorkerHandle
from tests.bulk.rig import (
    BUSY,
    check_mirrored,
    check_report,
    files_twice,
    local_truth,
    make_tree,
    remote_truth,
    some_tree,
    until,
)
from tests.bulk.workers.rig import kill, workers
from tests.rig import some_bytes

WRITES = ("folders.create", "blobs.reserve", "storage.put", "files.register")
STAGES = {
    "before it reserved": ("notify", ["store"]),
    "when it had reserved": ("receive", ["reserved"]),
    "when it had stored, and before it said so": ("receive", ["done", list, str]),
    "before it registered": ("notify", ["register"]),
    "when it had registered, and before it said so": ("receive", ["done", "registered"]),
}


@pytest.fixture
def tree(tmp_path):
    """Create small files, and one that is streamed."""
    root = some_tree(tmp_path / "tree", 30)
    return make_tree(root, {"large.bin": some_bytes(3 << 20)})


def dies(monkeypatch, way: str, stage: list) -> Counter:
    """Kill one worker when a given message is sent to it or by it; the message is lost."""
    died = Counter()
    said = getattr(WorkerHandle, way)

    def is_it(message: list) -> bool:
        if message[0] != stage[0]:
            return False
        if message[0] != "done":
            return True
        return isinstance(message[2], list) and (message[2][0] == "registered") == (stage[-1] == "registered")

    def through(self: WorkerHandle, *message):
        words = list(message) if way == "notify" else message[0]
        if not died and is_it(words):
            died["now"] += 1
            kill(self.pid)
            if way == "receive":
                return
        said(self, *message)

    monkeypatch.setattr(WorkerHandle, way, through)
    return died


def writes(far) -> Counter[str]:
    """Count the requests of a job that change data."""
    return Counter({each: far.state.count(each) for each in WRITES})


async def test_two_processes_have_the_result_of_one(far, many_jobs, tmp_path, tree, left_over) -> None:
    one = await many_jobs.run(tree)
    check_mirrored(far, one, tree, below=far.project, inside="tree")
    there, requests = remote_truth(far, far.project), writes(far)
    async with far.client() as client:
        other = await client.projects.create(space=far.space, title="Other")

    two = await many_jobs.run(tree, parent=other, journal=tmp_path / "two.sqlite", processes=2)

    check_report(two)
    assert remote_truth(far, other) == there + there  # of both projects, each file again
    assert (two.report.counts, two.report.bytes) == (one.report.counts, one.report.bytes)
    assert (two.report.ended, two.report.exit_code) == ("complete", 0)
    assert writes(far) - requests == requests  # the number of listings that confirm Files depends on timing
    assert two.report.api.requests > 0
    assert two.of(Progress)[-1].sent == one.of(Progress)[-1].sent == two.report.bytes.done
    assert two.of(Warned) == []
    assert two.report.settings["processes"] == 2
    assert workers() == []
    assert left_over() == {}


@pytest.mark.parametrize("stage", STAGES)
async def test_a_worker_that_dies_causes_no_loss_and_no_duplicate(
    far, many_jobs, tree, monkeypatch, stage
) -> None:
    died = dies(monkeypatch, *STAGES[stage])

    ran = await many_jobs.run(tree, processes=2)

    assert died
    check_mirrored(far, ran, tree, below=far.project, inside="tree")
    assert [event.message for event in ran.of(Warned)] == [
        "a worker process was ended by SIGKILL; its files in flight are uploaded by another one"
    ]
    assert workers() == []


@pytest.mark.parametrize("where", ["storage.put", "files.register"])
async def test_a_worker_that_dies_while_the_server_handles_its_request(far, many_jobs, tree, where) -> None:
    far.faults.delay(where, 0.2, times=8)

    async def killed() -> None:
        await until(lambda: far.state.count(where) >= 8)
        kill(workers()[0].pid)

    killing = asyncio.create_task(killed())
    ran = await many_jobs.run(tree, processes=2)

    await killing
    check_mirrored(far, ran, tree, below=far.project, inside="tree")


async def test_workers_that_crash_repeatedly_end_the_job_and_it_resumes(
    far, many_jobs, tree, monkeypatch
) -> None:
    connect = WorkerHandle.use_channel

    def doomed(self: WorkerHandle, channel, pid: int) -> None:
        connect(self, channel, pid)
        kill(pid)

    with monkeypatch.context() as patch:
        patch.setattr(WorkerHandle, "use_channel", doomed)
        patch.setattr(supervisor, "MAX_CRASHES", 2)
        ran = await many_jobs.run(tree, processes=2)
    check_report(ran)
    assert (ran.report.ended, ran.report.exit_code) == ("error", 1)
    assert ran.report.message == "worker processes crash repeatedly; the last one was ended by SIGKILL"
    assert ran.report.counts.pending == 31

    ran = await many_jobs.run(tree)
    check_mirrored(far, ran, tree, below=far.project, inside="tree")


async def test_no_other_user_can_see_the_key(far, many_jobs, tree) -> None:
    seen: list[str] = []

    def look(_job, event) -> None:
        if isinstance(event, Progress):
            for worker in workers():
                seen.extend([*worker.cmdline(), *worker.environ().values()])

    far.faults.delay("storage.put", 0.3)
    await many_jobs.run(tree, processes=2, on=look)

    assert seen
    assert not [each for each in seen if far.api_key in each]


async def test_stop_takes_less_than_two_seconds_and_leaves_no_worker(far, many_jobs, tree, left_over) -> None:
    far.faults.delay("storage.put", 30, times=None)
    async with many_jobs.job(tree, processes=2) as job:
        await until(lambda: far.state.count("storage.put"))
        os.kill(workers()[0].pid, signal.SIGSTOP)  # one that cannot notice it
        began = time.monotonic()
        job.stop()
        async for _ in job:
            pass

    assert time.monotonic() - began < 2 + BUSY
    assert job.report.ended == "stopped"
    assert job.report.adds_up
    assert workers() == []
    assert left_over() == {}


async def test_drain_finishes_files_in_flight(far, many_jobs, tree) -> None:
    far.faults.delay("storage.put", 0.3, times=None)
    async with many_jobs.job(tree, processes=2, effort=Effort(concurrency=4)) as job:
        await until(lambda: far.state.count("storage.put"))
        job.drain()
        async for _ in job:
            pass

    report = job.report
    assert report.ended == "drained"
    assert report.adds_up
    assert len(far.state.files) == 4
    assert workers() == []


async def test_signals_for_the_whole_terminal_do_not_end_a_worker(far, many_jobs, tree) -> None:
    far.faults.delay("storage.put", 0.3, times=4)
    there: set[int] = set()

    def interrupt(_job, event) -> None:
        if isinstance(event, Progress):
            for worker in workers():
                there.add(worker.pid)
                assert os.getpgid(worker.pid) != os.getpgid(0)
                if far.state.count("storage.put"):  # by then they have ignored the signals for long
                    worker.send_signal(signal.SIGINT)
                    worker.send_signal(signal.SIGTERM)

    ran = await many_jobs.run(tree, processes=2, on=interrupt)

    check_mirrored(far, ran, tree, below=far.project, inside="tree")
    assert ran.of(Warned) == []
    assert len(there) == 2


async def test_a_retry_after_binds_all_processes(far, many_jobs, tree) -> None:
    """After one 429 with two seconds no process begins a request until then; those in flight end."""
    far.faults.status("files.register", 429, retry_after=2)
    paused: list[tuple[float, str, int]] = []

    def watch(_job, event) -> None:
        if isinstance(event, Progress) and event.paused:
            paused.append((event.seconds, event.paused, len(far.state.requests)))

    ran = await many_jobs.run(tree, processes=2, on=watch, effort=Effort(concurrency=8, patience=5))

    check_mirrored(far, ran, tree, below=far.project, inside="tree")
    assert ran.report.api.throttled == 1
    assert ran.report.api.retries == 1
    began, words, requests = paused[0]
    within = [later for at, _, later in paused if at < began + 1]  # it is reported a moment too long
    assert "asked to wait" in words
    assert len(within) > 1
    assert within[-1] - requests <= 16  # those in flight, and one more each until the process hears of it


async def test_a_version_is_replaced_by_a_worker(far, many_jobs, tmp_path, tree) -> None:
    await many_jobs.run(tree)
    for path in tree.rglob("*.txt"):
        path.write_text(f"{path.name} again")
    puts = Counter(seen.operation for seen in far.state.requests)["storage.put"]

    ran = await many_jobs.run(
        tree, journal=tmp_path / "again.sqlite", processes=2, policy=Policy(existing="version")
    )

    check_report(ran)
    assert (ran.report.exit_code, ran.report.counts.done, ran.report.counts.skipped) == (0, 30, 1)
    assert remote_truth(far, far.project) == local_truth(tree, inside="tree")
    assert Counter(seen.operation for seen in far.state.requests)["storage.put"] == puts + 30
    assert not files_twice(far)


async def test_refusals_are_reported_alike(far, many_jobs, tmp_path) -> None:
    root = some_tree(tmp_path / "tree", 6)
    words = {"body": '{"detail": "no"}', "content_type": "application/json"}
    far.faults.status("files.register", 422, times=2, **words)
    one = await many_jobs.run(root, processes=1)
    far.faults.clear()
    far.faults.status("files.register", 422, times=2, **words)
    two = await many_jobs.run(
        root, journal=tmp_path / "two.sqlite", parent=far.state.add_folder("second", far.project), processes=2
    )

    def failures_of(ran) -> set:
        return {(entry.reason, entry.message) for entry in ran.report.failures}

    assert one.report.counts.failed == two.report.counts.failed == 2
    assert failures_of(one) == failures_of(two)
    assert workers() == []


async def test_a_limit_lets_no_url_expire_in_any_process(far, many_jobs, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {f"{n}.bin": bytes([n]) * 20_000 for n in range(40)})
    far.bucket.lifetime = 2
    began = time.monotonic()

    ran = await many_jobs.run(root, processes=2, effort=Effort(bwlimit=400_000))

    check_mirrored(far, ran, root, below=far.project, inside="tree")
    assert far.state.count("blobs.reserve") == 40
    assert time.monotonic() - began < 7 + BUSY  # two interpreters must start


async def test_urls_that_are_expired_on_arrival_end_the_run_of_several_processes(
    far, many_jobs, tmp_path
) -> None:
    root = some_tree(tmp_path / "tree", 200)
    far.bucket.lifetime = -600

    ran = await many_jobs.run(root, processes=2, effort=Effort())

    check_report(ran)
    assert (ran.report.ended, ran.report.exit_code) == ("clock", 6)
    assert (ran.report.counts.failed, ran.report.counts.pending) == (0, 200)
    assert far.state.count("storage.put") <= 3 * 10
    far.bucket.lifetime = 900
    check_mirrored(far, await many_jobs.run(root, processes=2), root, below=far.project, inside="tree")
