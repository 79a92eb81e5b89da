"""Concurrent uploads: outcomes as they complete, and nothing left behind in any case."""

import asyncio
from collections import Counter
from contextlib import aclosing
from pathlib import Path

import pytest
from attrs import evolve

from coredata_async import (
    ConfigurationError,
    CoreDataError,
    Failed,
    Limits,
    SourceError,
    Unknown,
    Upload,
    Uploaded,
)
from tests.rig import QUICK, some_bytes


def files(tmp_path, count, size=10):
    paths = [tmp_path / f"{number:04}.bin" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(some_bytes(size, number))
    return paths


async def slowly(items, pause=0.0):
    for item in items:
        await asyncio.sleep(pause)
        yield item


async def outcomes_of(client, box, sources, **options):
    async with client.files.upload_many(sources, parent=box.project, **options) as outcomes:
        return [outcome async for outcome in outcomes]


@pytest.mark.parametrize("kind", [list, iter, tuple, slowly, lambda paths: (path for path in paths)])
async def test_every_kind_of_iterable_is_taken(client, box, tmp_path, kind):
    paths = files(tmp_path, 20)

    outcomes = await outcomes_of(client, box, kind(paths))

    assert Counter(type(each) for each in outcomes) == {Uploaded: 20}
    assert {each.source for each in outcomes} == set(paths)
    assert {each.file_id for each in outcomes} == {file.id for file in box.state.files}


async def test_a_listing_can_be_copied_while_it_is_paged(client, box, tmp_path):
    await outcomes_of(client, box, files(tmp_path, 30))
    folder = box.state.add_folder("Copy", box.project)

    async def copies():
        left = 30  # the copies come after them in the same listing
        async with aclosing(aiter(client.files.list(page_size=7))) as listing:
            async for file in listing:
                async with client.files.download(file.id) as body:
                    yield Upload(source=await body.read(), filename=file.filename, parent=folder)
                left -= 1
                if not left:
                    return

    outcomes = await outcomes_of(client, box, copies())

    assert len(outcomes) == 30
    digests = Counter(file.fields["digest"] for file in box.state.files)
    assert set(digests.values()) == {2}


async def test_an_item_may_have_options_of_its_own(client, box):
    folder = box.state.add_folder("Folder", box.project)
    sources = [
        Upload(source=b"a", filename="a.txt", title="A", parent=folder, dynatype="Memo", tags=["mine"]),
        Upload(source=b"b", filename="b.txt"),
    ]

    outcomes = await outcomes_of(client, box, sources, tags=["ours"])

    found = {each.filename: await client.files.get(each.file_id) for each in outcomes}
    assert (found["a.txt"].title, found["a.txt"].parent) == ("A", folder)
    assert (found["a.txt"].dynatype.title, found["a.txt"].tags) == ("Memo", ("mine",))
    assert found["b.txt"].title == "b"


async def test_what_is_not_an_upload_gets_the_common_options(client, box, tmp_path):
    outcomes = await outcomes_of(client, box, files(tmp_path, 2), dynatype="Memo", tags=["a", "b"])

    for outcome in outcomes:
        file = await client.files.get(outcome.file_id)
        assert (file.dynatype.title, file.tags) == ("Memo", ("a", "b"))


async def test_an_item_without_any_parent_fails_alone(client, box):
    sources = [Upload(source=b"a", filename="a"), Upload(source=b"b", filename="b", parent=box.project)]
    async with client.files.upload_many(sources) as outcomes:
        found = {type(each) async for each in outcomes}

    assert found == {Uploaded, Failed}


@pytest.mark.parametrize("width", [1, 3])
async def test_no_more_are_in_flight_than_asked_for(client, box, tmp_path, width):
    in_flight = most = 0

    def progress(report):
        nonlocal in_flight, most
        in_flight += {"reserve": 1, "register": -1}.get(report.stage, 0)
        most = max(most, in_flight)

    await outcomes_of(client, box, files(tmp_path, 12), concurrency=width, progress=progress)

    assert most == width


async def test_the_width_defaults_to_the_limit(box, tmp_path):
    async with box.client(retry=QUICK, limits=Limits(concurrency=2)) as client:
        assert client.files.upload_many([], parent=box.project)._workers == 2


async def test_streams_are_limited_on_their_own(box, tmp_path):
    in_flight = most = 0

    def progress(report):
        nonlocal in_flight, most
        in_flight += {"reserve": 1, "register": -1}.get(report.stage, 0)
        most = max(most, in_flight)

    async with box.client(retry=QUICK, limits=Limits(uploads=2)) as client:
        paths = files(tmp_path, 6, 1_500_000)
        outcomes = await outcomes_of(client, box, paths, concurrency=6, progress=progress)

    assert {type(each) for each in outcomes} == {Uploaded}
    assert most <= 3  # a stream releases its slot before it is registered


async def test_outcomes_are_distinguished_by_match(client, box, tmp_path):
    good, bad, open_ = (tmp_path / name for name in ("good", "bad", "open"))
    good.write_bytes(b"good")
    open_.write_bytes(b"open")
    box.faults.reset_after("files.register")
    box.faults.status("files.list", 500, times=None)
    reports = []

    async with client.files.upload_many([open_, bad, good], parent=box.project, concurrency=1) as outcomes:
        async for outcome in outcomes:
            match outcome:
                case Uploaded(source=source):
                    reports.append(("uploaded", source))
                case Failed(source=source, error=error):
                    assert isinstance(error, SourceError)
                    reports.append(("failed", source))
                case Unknown(source=source, error=error):
                    assert isinstance(error, CoreDataError)
                    reports.append(("unknown", source))

    assert reports == [("unknown", open_), ("failed", bad), ("uploaded", good)]


@pytest.mark.parametrize(
    "bad", [42, None, object(), "no such file", b"no name", Upload(source=b"x", filename="x", tags=["a,b"])]
)
async def test_one_bad_source_stops_nothing(client, box, tmp_path, bad):
    good = files(tmp_path, 4)

    outcomes = await outcomes_of(client, box, [*good[:2], bad, *good[2:]])

    assert Counter(type(each) for each in outcomes) == {Uploaded: 4, Failed: 1}
    assert len(box.state.files) == 4


async def test_breaking_out_early_ends_everything(far_client, far, tmp_path, left_over):
    async with far_client.files.upload_many(files(tmp_path, 50, 200_000), parent=far.project) as outcomes:
        async for _ in outcomes:
            break

    assert left_over() == {}


async def broken_off(client, box, sources):
    async with client.files.upload_many(sources, parent=box.project):
        await asyncio.sleep(0.01)
        raise LookupError


async def test_an_exception_in_the_body_ends_everything(far_client, far, tmp_path, left_over):
    with pytest.raises(LookupError):
        await broken_off(far_client, far, files(tmp_path, 50, 2_000_000))

    assert left_over() == {}


async def test_a_cancellation_ends_everything(far_client, far, tmp_path, left_over):
    task = asyncio.create_task(outcomes_of(far_client, far, files(tmp_path, 50, 2_000_000)))
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()
    assert left_over() == {}


async def test_never_iterated_it_still_ends(far_client, far, tmp_path, left_over):
    async with far_client.files.upload_many(files(tmp_path, 5), parent=far.project):
        pass

    assert left_over() == {}


async def test_without_async_with_it_says_how_to(client, box):
    with pytest.raises(RuntimeError, match="async with"):
        await anext(client.files.upload_many([], parent=box.project))


@pytest.mark.parametrize("sources", [[], iter([]), slowly([])])
async def test_nothing_to_upload_gives_nothing(client, box, sources):
    async with asyncio.timeout(5):
        assert await outcomes_of(client, box, sources) == []


def breaking(paths):
    yield from paths
    raise LookupError("the list is torn")


async def breaking_later(paths):
    for path in paths:
        yield path
    raise LookupError("the list is torn")


@pytest.mark.parametrize("kind", [breaking, breaking_later])
@pytest.mark.parametrize("width", [1, 4, 32])
async def test_what_the_iterator_raises_comes_after_what_was_begun(client, box, tmp_path, kind, width):
    seen = []

    async def take():
        async with client.files.upload_many(
            kind(files(tmp_path, 6)), parent=box.project, concurrency=width
        ) as outcomes:
            async for outcome in outcomes:
                seen.append(type(outcome))  # noqa: PERF401  # kept although it raises

    with pytest.raises(LookupError, match="torn"):
        await take()

    assert seen == [Uploaded] * 6
    assert len(box.state.files) == 6


@pytest.mark.parametrize("sources", [None, 42])
async def test_what_is_not_an_iterable_is_an_error_and_not_an_endless_wait(client, box, sources):
    async with asyncio.timeout(5):
        with pytest.raises(TypeError, match="iterable"):
            await outcomes_of(client, box, sources)


async def test_after_the_end_there_is_nothing_more(client, box, tmp_path):
    async with (
        asyncio.timeout(5),
        client.files.upload_many(files(tmp_path, 3), parent=box.project, concurrency=1) as outcomes,
    ):
        assert len([outcome async for outcome in outcomes]) == 3
        assert [outcome async for outcome in outcomes] == []


async def test_a_slow_consumer_slows_the_uploads_down(client, box, tmp_path):
    taken = 0

    def sources():
        nonlocal taken
        for path in files(tmp_path, 40):
            taken += 1
            yield path

    async with client.files.upload_many(sources(), parent=box.project, concurrency=2) as outcomes:
        await anext(outcomes)
        await asyncio.sleep(0.2)

        # One that was yielded, two that wait, two workers that hold one each.
        assert taken <= 5


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"parent": ""}, {"parent": "a/b"}])
async def test_what_cannot_work_is_refused_at_once(client, options):
    with pytest.raises(ConfigurationError):
        client.files.upload_many([], **options)


@pytest.mark.slow
async def test_two_thousand_tiny_files_are_all_there_once(client, box):
    sources = (Upload(source=b"%d" % number, filename=f"{number}.txt") for number in range(2000))

    outcomes = await outcomes_of(client, box, sources)

    assert Counter(type(each) for each in outcomes) == {Uploaded: 2000}
    assert len(box.state.files) == 2000
    assert set(box.state.files_per_blob().values()) == {1}
    assert {file.fields["digest"] for file in box.state.files} == {each.digest for each in outcomes}


async def test_in_bad_weather_every_file_is_there_at_most_once(box):
    for after in range(0, 60, 12):
        box.faults.reset_after("files.register", after=after)
        box.faults.reset_before("files.register", after=after + 3)
        box.faults.status("files.register", 502, done=True, after=after + 6)
        box.faults.status("storage.put", 503, after=after)
        box.faults.expire("storage.put", after=after + 5)
        box.faults.reset_after("blobs.reserve", after=after)
    sources = (Upload(source=b"%d" % number, filename=f"{number}.txt") for number in range(100))

    async with box.client(retry=evolve(QUICK, settle=0.05)) as client:
        outcomes = await outcomes_of(client, box, sources)

    assert Counter(type(each) for each in outcomes) == {Uploaded: 100}
    assert set(box.state.files_per_blob().values()) == {1}
    assert len(box.state.files) == 100


@pytest.mark.parametrize("one", ["report.pdf", Path("report.pdf"), b"bytes"])
async def test_a_single_source_is_not_an_iterable_of_sources(client, one: object) -> None:
    with pytest.raises(TypeError, match="put a single one in a list"):
        client.files.upload_many(one)  # type: ignore[arg-type]


async def cancelled_elsewhere():
    """Await a task that other code has cancelled."""
    task = asyncio.ensure_future(asyncio.sleep(60))
    task.cancel()
    await task


async def test_sources_that_end_by_a_cancellation_of_their_own_are_not_complete(client, box):
    async def sources():
        yield Upload(source=b"a", filename="a")
        await cancelled_elsewhere()
        yield Upload(source=b"b", filename="b")

    with pytest.raises(CoreDataError, match="cancellation of its own"):
        await outcomes_of(client, box, sources(), concurrency=2)

    assert [file.fields["filename"] for file in box.state.files] == ["a"]


@pytest.mark.parametrize("via", ["storage", "api"])
@pytest.mark.parametrize("opened", [False, True], ids=["generator", "callable"])
async def test_a_source_that_ends_by_a_cancellation_of_its_own_stops_nothing(client, box, via, opened):
    async def broken():
        yield b"x"
        await cancelled_elsewhere()

    bad = Upload(source=broken if opened else broken(), filename="bad", size=2, spool=False)
    items = [bad, Upload(source=b"good", filename="good")]

    failed, uploaded = await outcomes_of(client, box, items, concurrency=1, via=via)

    assert isinstance(failed.error, SourceError)
    assert "cancellation of its own" in str(failed.error)
    assert isinstance(uploaded, Uploaded)
    assert [file.fields["filename"] for file in box.state.files] == ["good"]


@pytest.mark.parametrize("stage", ["reserve", "put", "register"])
async def test_a_progress_callback_that_is_cancelled_loses_no_outcome(client, box, stage):
    async def progress(report):
        if report.name == "bad" and report.stage == stage:
            await cancelled_elsewhere()

    class Named(list):
        name = "bad"

    items = [Upload(source=Named([b"x"])), Upload(source=b"good", filename="good")]

    failed, uploaded = await outcomes_of(client, box, items, concurrency=1, progress=progress)

    assert isinstance(failed, Failed)
    assert "cancellation of its own" in str(failed.error)
    assert isinstance(uploaded, Uploaded)


async def consume(outcomes):
    return [outcome async for outcome in outcomes]


async def test_several_tasks_may_take_the_outcomes(client, box, tmp_path):
    async with client.files.upload_many(files(tmp_path, 8), parent=box.project, concurrency=2) as outcomes:
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            tasks = [group.create_task(consume(outcomes)) for _ in range(3)]

        assert await consume(outcomes) == []

    assert sum(len(task.result()) for task in tasks) == 8


async def test_a_task_that_waits_for_outcomes_ends_with_the_block(client, box):
    async with client.files.upload_many(slowly([b"x"], 60), parent=box.project) as outcomes:
        waiting = asyncio.create_task(consume(outcomes))
        await asyncio.sleep(0.01)

    async with asyncio.timeout(5):
        assert await waiting == []
