import errno
import itertools
import json
import os
import pickle
import platform
import re
import sqlite3
import stat
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.bulk.journal import opening
from coredata_async.bulk.journal.errors import JournalError
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.location import JobIdentity
from coredata_async.bulk.journal.opening import open_journal
from coredata_async.errors import ConfigurationError, JournalInUseError
from tests.bulk.journals import BINDING, another_process, finding, findings, opened

PAGE = 4096
FOLDER = "INSERT INTO folder (id, path, title) VALUES (1, x'2f64617461', 'data')"
ITEM = (
    "INSERT INTO item (folder, name, filename, size, mtime, ctime, inode, state, seen) "
    "VALUES (1, ?, 'a', 1, 1, 1, 1, 0, 1)"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "job.sqlite"


def begun(path, items=300):
    store = open_journal(path, BINDING)
    store.connection.execute(FOLDER)
    store.connection.executemany(ITEM, [(b"%d" % n,) for n in range(items)])
    store.close()
    return path.read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the path of an undamaged journal. Its bytes are too many to be shown as an argument."""
    path = tmp_path_factory.mktemp("whole") / "job.sqlite"
    begun(path)
    return path


@pytest.mark.parametrize(
    ("other", "name", "words"),
    [
        (
            {"tenant": "https://other.coredata.is"},
            "tenant",
            "https://acme.coredata.is instead of https://other",
        ),
        ({"account": "bert"}, "account", "anna instead of bert"),
        ({"parent": "p2"}, "parent", "p1 instead of p2"),
        ({"roots": (b"/data/a",)}, "roots", '"/data/b"'),
    ],
)
def test_another_job_is_refused_by_what_differs(path, other, name, words):
    before = begun(path)

    with pytest.raises(ConfigurationError, match=f"another {name}: .*{words}.*--job"):
        open_journal(path, evolve(BINDING, **other))

    assert path.read_bytes() == before


def test_the_order_of_the_roots_does_not_matter_and_their_bytes_do(path):
    ends = (b"/\xff\xfe", "/þ".encode(), b"/a b'\"\n")
    open_journal(path, evolve(BINDING, roots=ends)).close()

    open_journal(path, evolve(BINDING, roots=(*reversed(ends), ends[0]))).close()
    with pytest.raises(ConfigurationError, match="roots"):
        open_journal(path, evolve(BINDING, roots=(b"/\xff\xfd", *ends[1:])))


@pytest.mark.parametrize("data", [b"x", b"dear diary\n" * 1000, bytes(100), b"SQLite format 3\0"])
def test_a_file_that_is_not_a_database_is_never_touched(path, data):
    path.write_bytes(data)

    with pytest.raises(ConfigurationError, match="--job"):
        open_journal(path, BINDING)

    assert path.read_bytes() == data
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("ident", [0, 7])
def test_the_database_of_another_program_is_never_touched(path, ident):
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"PRAGMA application_id = {ident}; CREATE TABLE job (one); CREATE TABLE item (id)")
    before = path.read_bytes()

    with pytest.raises(ConfigurationError, match="another program"):
        open_journal(path, BINDING)

    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_file_becomes_a_journal(path):
    path.touch()

    store = open_journal(path, BINDING)

    assert (store.run, store.resumed, store.set_aside) == (1, False, None)
    store.close()


@pytest.mark.parametrize("schema", [0, 1, 2, 3, 5])
def test_the_journal_of_another_version_is_refused_and_kept(path, schema):
    begun(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE job SET schema = ?", (schema,))

    with pytest.raises(ConfigurationError, match=rf"another version.*schema {schema}, here 4"):
        open_journal(path, BINDING)


def test_a_missing_directory_is_named(path):
    with pytest.raises(ConfigurationError, match=r"cannot be created: No such file or directory"):
        open_journal(path / "job.sqlite", BINDING)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_full_before_the_journal_is_created_is_named(path, monkeypatch, error):
    def fail(*_: object) -> int:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(opening.os, "open", fail)

    with pytest.raises(JournalError, match="the disk is full; make room, then run the same command again"):
        open_journal(path, BINDING)


def test_a_directory_is_refused(tmp_path):
    with pytest.raises((ConfigurationError, JournalError), match=tmp_path.name):
        open_journal(tmp_path, BINDING)


def _altered(path, *statements):
    begun(path, items=3)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE item SET state = 11 WHERE id = 2",
        "UPDATE item SET state = -1",
        "UPDATE item SET state = 'done'",
        "UPDATE item SET state = 5",  # DONE, without a File
        "UPDATE item SET size = -1",
        "UPDATE item SET size = 1e300",
        "UPDATE item SET size = 9223372036854775807",  # whose sum overflows
        "UPDATE item SET claim = 2",
        "UPDATE item SET seen = 2",
        "UPDATE folder SET scanned = 2",
        "UPDATE item SET name = 'text' WHERE id = 2",
        "UPDATE item SET filename = x'61'",
        "UPDATE item SET filename = CAST(x'61ff' AS TEXT) WHERE id = 3",
        "UPDATE item SET message = CAST(x'80' AS TEXT)",
        "UPDATE item SET since = 9e999",
        "UPDATE item SET since = 1e15",
        "UPDATE item SET sent = 'now'",
        "UPDATE item SET unconfirmed = -1",
        "UPDATE item SET etag = 2",
        "UPDATE item SET folder = 7 WHERE id = 2",  # a join omits it
        "UPDATE folder SET state = 3",
        "UPDATE folder SET state = 2",  # READY, without an id
        "UPDATE folder SET parent = 1",  # within itself
        "UPDATE folder SET path = 'text'",
        "UPDATE job SET run = 'x'",
        "UPDATE job SET run = -1",
        "UPDATE job SET scanned = 9",
        "UPDATE job SET schema = 'x'",
        "UPDATE job SET sent_until = 9e999",
        "UPDATE job SET tenant = CAST(x'ff' AS TEXT)",
        "DELETE FROM job",
        "INSERT INTO orphan VALUES (1, 'b', 1e18)",
        "INSERT INTO orphan VALUES (1, x'00', 1)",
        "ALTER TABLE item RENAME TO things",
        "ALTER TABLE item RENAME COLUMN message TO text",
        "ALTER TABLE item ADD COLUMN more",
        "ALTER TABLE item DROP COLUMN message",
        "DROP TABLE folder",
        "DROP INDEX large",
        "CREATE TABLE more (a)",
        "CREATE INDEX more ON item (state)",
        "CREATE VIEW more AS SELECT * FROM item",
        "CREATE TRIGGER more AFTER UPDATE ON job BEGIN DELETE FROM item; END",
    ],
)
def test_a_journal_with_values_that_no_job_writes_is_moved_aside_unchanged(path, statement):
    _altered(path, statement)

    store = open_journal(path, BINDING)

    assert (store.run, store.resumed) == (1, False)
    assert store.set_aside == path.with_name("job.sqlite.damaged-1")
    with closing(sqlite3.connect(store.set_aside)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() > (0,)
    store.close()


@pytest.mark.parametrize("byte", [b"\xff", b"x"])
def test_an_index_that_differs_from_its_table_is_damage(path, byte):
    begun(path, items=1)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("INSERT INTO finding VALUES ('warning', 'some message')")
    data = path.read_bytes()
    assert data.count(b"warningsome message") == 2  # in the table, and in the index of its key
    path.write_bytes(data.replace(b"warningsome message", b"warningsome messag" + byte, 1))

    store = open_journal(path, BINDING)

    assert store.set_aside is not None
    store.close()


def test_a_trigger_never_runs(path):
    _altered(path, "CREATE TRIGGER more AFTER UPDATE ON job BEGIN DELETE FROM item; END")

    store = open_journal(path, BINDING)
    store.close()

    with closing(sqlite3.connect(store.set_aside)) as db:
        assert db.execute("SELECT count(*) FROM item").fetchone() == (3,)


def test_statistics_of_sqlite_are_not_damage(path):
    _altered(path, "ANALYZE")

    store = open_journal(path, BINDING)

    assert (store.set_aside, store.run) == (None, 2)
    store.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX")
def test_a_path_that_is_not_a_file_is_refused_without_blocking(path):
    os.mkfifo(path)
    for place in (path, Path(os.devnull), path.parent):
        with pytest.raises(
            ConfigurationError, match=r"is a directory, a pipe or a device; use another --job"
        ):
            open_journal(place, BINDING)


def test_a_circular_link_is_an_error_of_the_journal(path):
    path.symlink_to(path)

    with pytest.raises((ConfigurationError, JournalError), match=path.name):
        open_journal(path, BINDING)


def test_a_damaged_journal_that_cannot_be_moved_is_an_error_with_advice(path, monkeypatch):
    _altered(path, "DROP TABLE folder")

    def fail(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "rename", fail)

    with pytest.raises(
        JournalError, match=r"damaged and cannot be moved aside \(Permission denied\); move it away"
    ):
        open_journal(path, BINDING)


def test_a_damaged_journal_is_moved_aside_and_replaced(path):
    data = begun(path)
    damaged = data[: 3 * PAGE] + bytes(PAGE) + data[4 * PAGE :]
    for n in (1, 2):
        path.write_bytes(damaged)

        store = open_journal(path, BINDING)

        assert (store.run, store.resumed) == (1, False)
        assert store.set_aside == path.with_name(f"job.sqlite.damaged-{n}")
        assert len(store.set_aside.read_bytes()) == len(damaged)
        store.close()


def test_the_log_of_a_damaged_journal_goes_with_it(path):
    data = begun(path)
    path.write_bytes(data[: len(data) // 2])
    path.with_name("job.sqlite-wal").write_bytes(b"a log")

    store = open_journal(path, BINDING)

    assert store.set_aside is not None
    assert store.connection.execute("SELECT count(*) FROM item").fetchall() == [(0,)]
    store.close()


@settings(max_examples=60, deadline=None)
@given(
    lost=st.one_of(st.just(0), st.integers(0, 1 << 20)),
    hits=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=20),
)
def test_no_damage_is_fatal_and_none_destroys_what_may_be_someone_elses(whole, lost, hits):
    broken = bytearray(whole.read_bytes())
    del broken[len(broken) - lost % len(broken) :]
    for hit, byte in hits:
        at = hit % len(broken)
        if not 18 <= at <= 19:  # a higher format number means: read only
            broken[at] = byte
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.sqlite"
        path.write_bytes(broken)
        try:
            store = open_journal(path, BINDING)
        except ConfigurationError:
            assert path.stat().st_size >= len(broken)
            return
        assert store.connection.execute("SELECT count(*) FROM job").fetchall() == [(1,)]
        assert store.set_aside is None or not store.resumed
        store.close()


def test_a_begun_journal_has_all_of_its_tables_or_none(path):
    """Test every prefix of its creation, as a kill leaves it: the file and its log after each statement."""
    open_journal(path, BINDING).close()
    born = path.read_bytes()

    for size in itertools.chain([0], range(PAGE, len(born), PAGE)):
        path.write_bytes(born[:size])
        store = open_journal(path, BINDING)
        assert (store.run, store.resumed) == (1, False)
        store.close()
        for each in path.parent.iterdir():
            each.unlink()


def test_a_binding_holds_no_key():
    assert set(JobIdentity.__slots__) - {"__weakref__"} == {"tenant", "account", "parent", "roots"}


def test_a_message_of_sqlite_about_damage_may_not_be_utf8(path):
    data = begun(path, items=1)
    path.write_bytes(data.replace(b"CREATE TABLE job", b"CREAT\x80 TABLE jo").replace(b"CDJ1", b"CDJ2"))

    with pytest.raises(ConfigurationError, match="--job"):
        open_journal(path, BINDING)


async def test_a_second_opening_in_this_process_is_refused(path):
    async with opened(path) as journal:
        with pytest.raises(JournalInUseError, match=r"in use by this process, since 2.*--job") as caught:
            await Journal.open(path, BINDING)
        assert isinstance(caught.value, ConfigurationError)
        assert (caught.value.pid, caught.value.host) == (os.getpid(), platform.node())
        again = pickle.loads(pickle.dumps(caught.value))
        assert (str(again), again.pid, again.host) == (str(caught.value), os.getpid(), platform.node())

        await journal.write(finding("still fine"))
    async with opened(path):
        pass


async def test_no_other_process_can_open_it_until_it_is_killed(path):
    async with another_process(path) as process:
        await process.stdout.readline()
        with pytest.raises(JournalInUseError, match=rf"in use by process {process.pid} on ") as caught:
            await Journal.open(path, BINDING)
        assert (caught.value.pid, caught.value.host) == (process.pid, platform.node())
        process.kill()
        await process.wait()

        async with opened(path) as journal:
            assert journal.run == 2


async def test_what_a_write_returned_for_survives_sigkill_at_any_moment(path):
    said = -1
    for _ in range(4):
        async with another_process(path, said + 1) as process:
            said = int(await process.stdout.readline())
            process.kill()
            rest, _ = await process.communicate()
            lines = rest.decode("ascii").splitlines()
            said = max([said, *(int(line) for line in lines[:-1])])

        async with opened(path) as journal:
            words = set(await findings(journal))
            assert {f"noted {n}" for n in range(said + 1)} <= words
            assert {f"written {n}" for n in range(said + 1)} <= words
            said = max(int(each.split()[1]) for each in words)


async def test_the_owner_file_of_a_killed_process_has_no_effect(path):
    path.with_name("job.sqlite.owner").write_text('{"host": 7}', "utf-8")

    async with opened(path):
        fields = json.loads(path.with_name("job.sqlite.owner").read_text("utf-8"))
        assert fields["pid"] == os.getpid()
        path.with_name("job.sqlite.owner").write_text("no JSON", "utf-8")
        with pytest.raises(JournalInUseError, match="in use by another program") as caught:
            await Journal.open(path, BINDING)
        assert (caught.value.pid, caught.value.host) == (None, None)

    assert sorted(each.name for each in path.parent.iterdir()) == ["job.sqlite"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of Unix")
async def test_only_its_user_can_read_any_of_its_files(path):
    async with opened(path) as journal:
        await journal.write(finding("x"))

        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}

    assert modes == dict.fromkeys(("job.sqlite", "job.sqlite-wal", "job.sqlite.owner"), 0o600)


def test_no_statement_numbers_its_parameters() -> None:
    # Python 3.14 refuses ?1 with a sequence of values; 3.12 warns, and 3.11 accepts it.
    modules = Path(opening.__file__).parents[2].rglob("*.py")

    assert [path for path in modules if re.search(r"[ (,]\?\d", path.read_text("utf-8"))] == []
