"""Probes for a File whose registration was lost: duration, parents, and undecidable cases."""

import unicodedata
from datetime import UTC, datetime

import pytest
from attrs import evolve

from coredata_async import RegistrationUncertainError, Retry
from coredata_async.message import Reply
from coredata_async.resources.files import FileWhere
from coredata_async.sandbox import State
from coredata_async.transfer.comparison import Search
from coredata_async.transfer.probe import RegistrationProbe
from coredata_async.transfer.steps import Planned, Registered, Stored, Unsettled
from coredata_async.wire.files import NewFile
from tests.rig import md5

PARENT = "2bb7fb5e-8ef6-11e6-89e1-87ce876944be"
STORED = Stored(Planned(size=3, content_type=None), "b" * 32, md5(b"abc"))
OPEN = Unsettled(STORED, "the answer was lost")
NOTHING = Reply(200, {}, b'{"meta": {"total_count": 0, "limit": 100, "next": null}, "objects": []}')
SINCE = datetime(2026, 1, 2, 12, tzinfo=UTC)


def titled(title: str) -> NewFile:
    return NewFile(filename="a.bin", title=title, parent=PARENT)


class Watch:
    """A clock that advances only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.looked: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def nothing(self, request: object) -> Reply:
        self.looked.append(self.now)
        return NOTHING


async def test_not_found_counts_after_the_time_to_settle_and_seen_twice():
    watch = Watch()
    settler = RegistrationProbe(watch.nothing, Retry(settle=120, probe_gap=10), watch.sleep, watch)

    assert await settler.settle(OPEN, titled("a"), 1000.0) is None
    assert watch.looked[:4] == [1000.0] * 2 + [1010.0] * 2  # in the folder, and in the project
    first, second = watch.looked[4:6], watch.looked[6:]
    assert min(first) >= 1120.0
    assert min(second) >= max(first) + 10
    assert max(second) <= 1140.0


async def test_without_a_time_to_settle_it_is_looked_for_without_waiting():
    watch = Watch()

    await RegistrationProbe(watch.nothing, Retry(settle=0, probe_gap=0), watch.sleep, watch).settle(
        OPEN, titled("a"), 0.0
    )

    assert len(watch.looked) == 2 * 3


async def test_what_is_found_at_once_is_not_waited_for():
    watch = Watch()

    async def send(request: object) -> Reply:
        body = '{"meta": {"total_count": 1}, "objects": [{"id": "%s", "blob_name": "%s"}]}'
        return Reply(200, {}, (body % (PARENT, "b" * 32)).encode())

    settled = await RegistrationProbe(send, Retry(), watch.sleep, watch).settle(OPEN, titled("a"), 1000.0)

    assert settled == Registered(STORED, PARENT)
    assert watch.now == 1000.0


@pytest.mark.parametrize(
    ("title", "prefix"),
    [
        ("Board", "Board"),
        ("Board meeting", "Board meeting"),
        ("Board meeting ", "Board meetin"),
        (" Board", None),
        ("Ærslafull", None),
        ("Fundargerð", "Fundarger"[:-1]),
        ("Re\u0301sume\u0301", "R"),  # an accent of its own, which the server may combine with the letter
        ("A,B", None),
        ("two  blanks", "tw"),
        ("x" * 300, "x" * 29),
    ],
)
def test_the_search_by_title_uses_only_what_no_server_changes(title, prefix):
    search = Search.by_title(title)

    assert search == (Search(FileWhere(title__startswith=prefix, page_size=200)) if prefix else None)


async def test_a_title_without_plain_words_is_looked_for_in_its_folder(client, box):
    folder = box.state.add_folder("d", box.project)
    box.faults.reset_before("files.register", times=1)
    box.faults.reset_after("files.register", times=1)

    up = await client.files.upload(b"abc", parent=folder, filename="__x.h")

    assert [file.id for file in box.state.files] == [up.file_id]


async def upload(client, box, title="a"):
    return await client.files.upload(b"abc", parent=box.project, filename="a.bin", title=title)


@pytest.fixture
def rename(monkeypatch):
    """Let the server store titles in another form than received."""

    def renaming(change) -> None:
        add = State.add
        monkeypatch.setattr(
            State, "add", lambda self, document: add(self, evolve(document, title=change(document.title)))
        )

    return renaming


def composed(title: str) -> str:
    return unicodedata.normalize("NFC", title)


def cut(title: str) -> str:
    return title[:35]


@pytest.mark.parametrize(
    "title",
    [
        *("Ársreikningur 2026", "Þjóðskrá", "trailing  ", "  leading", "a, b & c", "100%", "?=&#", "日本"),
        *("e\u0301", "Re\u0301sume\u0301", "long " * 20),
    ],
)
@pytest.mark.parametrize("change", [str, str.strip, composed, cut])
async def test_a_lost_answer_is_found_under_any_title(client, box, title, change, rename):
    rename(change)
    box.faults.reset_after("files.register")

    up = await upload(client, box, title)

    assert [file.id for file in box.state.files] == [up.file_id]


async def test_it_is_found_among_files_of_the_same_title(client, box):
    for _ in range(3):
        await upload(client, box)
    box.faults.reset_after("files.register")

    up = await upload(client, box)

    assert box.state.documents[up.file_id].fields["blob_name"] == up.blob_name
    assert len(box.state.files) == 4


async def test_a_list_without_blob_names_is_looked_up_in_detail(client, box):
    await upload(client, box)
    box.faults.hide("projects.files", "blob_name", times=None)
    box.faults.reset_after("files.register")

    up = await upload(client, box)

    assert box.state.documents[up.file_id].fields["blob_name"] == up.blob_name
    assert box.state.count("files.get") > 0


async def test_when_no_answer_shows_a_blob_name_it_stays_open_with_candidates(client, box):
    box.faults.hide("projects.files", "blob_name", times=None)
    box.faults.hide("files.get", "blob_name", times=None, null=True)
    box.faults.reset_after("files.register")

    with pytest.raises(RegistrationUncertainError, match="shows no blob names") as caught:
        await upload(client, box)

    (file,) = box.state.files
    assert caught.value.candidates == (file.id,)
    assert file.id in str(caught.value)


async def test_files_of_other_bytes_are_not_candidates(client, box):
    await client.files.upload(b"other", parent=box.project, filename="a.bin", title="a")
    box.faults.hide("projects.files", "blob_name", times=None)
    box.faults.hide("files.get", "blob_name", times=None)
    box.faults.reset_before("files.register")

    await upload(client, box)

    assert len(box.state.files) == 2


@pytest.mark.parametrize(
    "fault",
    [
        lambda faults: faults.status("files.list", 500, times=None),
        lambda faults: faults.status("files.list", 403, times=None),
        lambda faults: faults.html("files.list"),
        lambda faults: faults.broken_json("files.list"),
        lambda faults: faults.reset_before("files.list", times=None),
    ],
)
async def test_a_look_that_fails_is_never_taken_for_not_found(client, box, fault):
    box.faults.reset_after("files.register")
    fault(box.faults)

    with pytest.raises(RegistrationUncertainError, match="the lookup failed") as caught:
        await upload(client, box)

    assert box.state.count("files.register") == 1
    assert caught.value.blob_name == box.state.files[0].fields["blob_name"]
    assert caught.value.stage == "register"


async def test_a_file_that_is_there_twice_is_one_answer_the_oldest(client, box, monkeypatch):
    box.faults.status("files.register", 500, done=True)
    add = State.add

    def twice(self, document):
        add(self, evolve(document, id="00000000-0000-4000-8000-000000000000", created=document.created + 5))
        return add(self, document)

    monkeypatch.setattr(State, "add", twice)

    up = await upload(client, box)

    assert up.file_id == box.state.files[0].id
    assert box.state.count("files.register") == 1
