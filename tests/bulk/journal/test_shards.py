"""Journals of shards as bytes: export, checkpoint, restoration, and copies that are refused."""

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from coredata_async.bulk.journal.claims import take_over
from coredata_async.bulk.journal.errors import JournalError
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.location import JobIdentity, ShardIdentity
from coredata_async.bulk.journal.schema import APPLICATION, TABLES, VERSION
from coredata_async.bulk.journal.settle_wait import Sent, is_copy, read_sent
from coredata_async.bulk.journal.shards import (
    MAX_SIZE,
    checkpoint,
    export_shard,
    identify,
    read_shard,
    restore,
    to_absolute,
    to_relative,
)
from coredata_async.bulk.states import FolderState, State
from coredata_async.errors import ConfigurationError

READY = FolderState.READY
TENANT = "https://acme.coredata.is"
ITEM = (
    "INSERT INTO item (id, folder, name, filename, size, mtime, ctime, inode, state, seen, claim, shard) "
    "VALUES (?, ?, ?, ?, 10, 1, 1, 1, ?, 1, 1, ?)"
)


@pytest.fixture
def planned():
    """Planner's journal of `/srv/docs` with one folder, whose files are in two shards, and a single PATH."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(TABLES)
        db.execute(
            "INSERT INTO job VALUES (1, 4, ?, 'ann', 'p1', '[]', 1700000000.0, 1, 1, 17e8, 'lost', '')",
            (TENANT,),
        )
        folders = [(1, b"", None, None, 0), (2, b"/srv/docs", 1, "r2", 1), (3, b"/srv/docs/\xff", 2, "r3", 0)]
        for number, path, parent, remote, made in folders:
            db.execute(
                "INSERT INTO folder VALUES (?, ?, ?, 't', ?, ?, ?, 1)",
                (
                    number,
                    path,
                    parent,
                    int(FolderState.READY if remote else FolderState.WANTED),
                    remote,
                    made,
                ),
            )
        db.execute("INSERT INTO shard VALUES (1, 'one', 0), (2, 'two', 0)")
        for number, folder, name, shard in [
            (1, 2, b"a", 1),
            (2, 2, b"b", 2),
            (3, 3, b"c", 2),
            (4, 1, b"/srv/docs/single", 2),
            (5, 2, b"later", None),
        ]:
            db.execute(ITEM, (number, folder, name, name.decode(), int(State.PLANNED), shard))
        for folder, file, filename in [(2, "f1", "a"), (2, "f2", "b"), (3, "f3", "a")]:
            db.execute(
                "INSERT INTO remote_file (folder, file, filename) VALUES (?, ?, ?)", (folder, file, filename)
            )
        db.execute("INSERT INTO finding VALUES ('warning', 'of the planner')")
        yield db


def columns(db: sqlite3.Connection, query: str) -> list[tuple]:
    return db.execute(query).fetchall()


async def reopen(path: Path, shard: str) -> Journal:
    return await Journal.open(path, ShardIdentity(TENANT, "ann", shard))


async def test_a_shard_is_exported_with_its_folders_and_the_files_that_have_its_names(
    planned, tmp_path
) -> None:
    shard = export_shard(planned, 2, "fs07", b"/srv", ("fs07:docs",))
    assert (shard.id, shard.share, shard.files, shard.bytes) == ("two", "fs07", 3, 30)
    restore(shard.journal, tmp_path / "two.sqlite", b"/mnt/seven")

    journal = await reopen(tmp_path / "two.sqlite", "two")
    try:
        found = await journal.read(
            lambda db: (
                columns(db, "SELECT id, path, made FROM folder"),
                columns(db, "SELECT id, name, state, seen, claim, shard FROM item"),
                columns(db, "SELECT file FROM remote_file"),
                columns(db, "SELECT file FROM baseline"),
                columns(db, "SELECT roots, run, sent_until, sent_by FROM job"),
                columns(db, "SELECT * FROM finding"),
                is_copy(db),
            )
        )
    finally:
        await journal.aclose()
    assert found == (
        [(1, b"", 0), (2, b"/mnt/seven/docs", -1), (3, b"/mnt/seven/docs/\xff", 0)],
        [(2, b"b", 0, 0, 0, None), (3, b"c", 0, 0, 0, None), (4, b"/mnt/seven/docs/single", 0, 0, 0, None)],
        [("f2",)],
        [("f2",)],
        [('["fs07:docs"]', 1, None, "lost")],
        [],
        False,
    )


async def test_a_checkpoint_is_a_copy_whose_owner_may_have_sent_more(planned, tmp_path) -> None:
    restore(export_shard(planned, 1, "fs07", b"/srv", ()).journal, tmp_path / "one.sqlite", b"/srv")
    journal = await reopen(tmp_path / "one.sqlite", "one")
    await journal.write(
        ("UPDATE item SET state = ?, blob = 'b1'", (int(State.REGISTERING),)),
        ("INSERT INTO orphan VALUES (1, 'b0', 5.0)", ()),
        ("INSERT INTO finding VALUES ('warning', 'noted')", ()),
    )
    copy = await journal.read(lambda db: checkpoint(db, b"/srv"))
    await journal.aclose()

    restore(copy, tmp_path / "copy.sqlite", b"/other")
    again = await reopen(tmp_path / "copy.sqlite", "one")
    try:
        assert await again.read(is_copy)
        assert again.run == 2
        assert await again.read(lambda db: columns(db, "SELECT name, state, blob FROM item")) == [
            (b"a", int(State.REGISTERING), "b1")
        ]
        assert await again.read(lambda db: columns(db, "SELECT blob FROM orphan")) == [("b0",)]
        assert await again.read(lambda db: columns(db, "SELECT message FROM finding")) == [("noted",)]
        await again.read(lambda db: take_over(db, 99.0, "owner"))
        assert await again.read(read_sent) == Sent(99.0, "owner")
        assert not await again.read(is_copy)
    finally:
        await again.aclose()


def test_a_checkpoint_has_the_changes_of_the_present_transaction_and_no_list_of_folders(tmp_path) -> None:
    with closing(sqlite3.connect(tmp_path / "shard.sqlite", isolation_level=None)) as db:
        db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA application_id = {APPLICATION}; {TABLES}")
        db.execute(
            "INSERT INTO job (one, schema, tenant, account, parent, roots, created, run, shard) "
            "VALUES (1, ?, 't', 'a', 'p', '[]', 0, 1, 's')",
            (VERSION,),
        )
        folders = [(str(number), "p", "x" * 2000, 0) for number in range(200)]
        db.executemany("INSERT INTO remote_folder (id, parent, title, listed) VALUES (?, ?, ?, ?)", folders)
        db.execute("INSERT INTO folder (id, path, title) VALUES (1, x'2f7372762f64', '')")
        db.execute("BEGIN IMMEDIATE")
        items = [(b"%d" % number, str(number)) for number in range(5000)]
        db.executemany(
            "INSERT INTO item (folder, name, filename, size, mtime, ctime, inode, state, seen) "
            "VALUES (1, ?, ?, 1, 1, 1, 1, 0, 0)",
            items,
        )
        data = checkpoint(db, b"/srv")
        db.execute("COMMIT")
        [(kept,)] = db.execute("SELECT count(*) FROM remote_folder")

    with closing(read_shard(data, b"/other")) as copy:
        counts = [
            copy.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("item", "remote_folder")
        ]
        [(path,)] = copy.execute("SELECT path FROM folder")
    assert counts == [5000, 0]
    assert path == b"/other/d"
    assert len(data) < 100_000
    assert kept == 200


async def test_the_journal_of_a_shard_is_not_that_of_another_job(planned, tmp_path) -> None:
    path = tmp_path / "one.sqlite"
    restore(export_shard(planned, 1, "fs07", b"/srv", ()).journal, path, b"/srv")

    for identity in (
        ShardIdentity(TENANT, "ann", "two"),
        ShardIdentity(TENANT, "bob", "one"),
        JobIdentity(TENANT, "ann", "p1", ()),
    ):
        with pytest.raises(ConfigurationError, match="another"):
            await Journal.open(path, identity)


async def test_the_journal_of_a_shard_is_not_created_by_opening_it(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="restore"):
        await reopen(tmp_path / "none.sqlite", "one")


def test_an_existing_journal_is_not_replaced(planned, tmp_path) -> None:
    path = tmp_path / "one.sqlite"
    path.write_bytes(b"mine")
    with pytest.raises(JournalError):
        restore(export_shard(planned, 1, "fs07", b"/srv", ()).journal, path, b"/srv")
    assert path.read_bytes() == b"mine"


async def test_the_log_of_a_deleted_journal_is_not_applied_to_a_restored_one(planned, tmp_path) -> None:
    path = tmp_path / "one.sqlite"
    data = export_shard(planned, 1, "fs07", b"/srv", ()).journal
    restore(data, path, b"/srv")
    journal = await reopen(path, "one")
    await journal.write(("UPDATE item SET blob = 'dead'", ()))
    log = path.with_name("one.sqlite-wal").read_bytes()
    await journal.aclose()
    path.unlink()
    path.with_name("one.sqlite-wal").write_bytes(log)

    restore(data, path, b"/srv")

    again = await reopen(path, "one")
    try:
        assert await again.read(lambda db: columns(db, "SELECT blob FROM item")) == [(None,)]
    finally:
        await again.aclose()


def change(planned: sqlite3.Connection, *statements: str) -> bytes:
    """Return the export of a shard with changes that no planner makes."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        copy.deserialize(zlib.decompress(export_shard(planned, 2, "fs07", b"/srv", ()).journal))
        for statement in statements:
            copy.execute(statement)
        return zlib.compress(copy.serialize())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE folder SET path = x'2e2e2f657463' WHERE id = 3",  # ../etc
        "UPDATE folder SET path = x'2f657463' WHERE id = 3",  # /etc
        "UPDATE folder SET path = CAST('docs/../..' AS BLOB) WHERE id = 3",
        "UPDATE item SET name = CAST('../passwd' AS BLOB) WHERE id = 2",
        "UPDATE item SET name = CAST('..' AS BLOB) WHERE id = 2",
        "UPDATE item SET name = CAST('/etc/passwd' AS BLOB) WHERE id = 4",
        "UPDATE job SET shard = ''",
        "UPDATE folder SET state = 0, remote = NULL WHERE id = 2",
        "UPDATE item SET state = 99",
        "CREATE TRIGGER t AFTER UPDATE ON item BEGIN DELETE FROM item; END",
        "PRAGMA application_id = 7",
    ],
)
def test_a_copy_that_leads_out_of_the_share_or_is_damaged_is_refused(planned, tmp_path, statement) -> None:
    with pytest.raises(ConfigurationError, match="cannot be used"):
        restore(change(planned, statement), tmp_path / "one.sqlite", b"/srv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("data", [b"", b"no", zlib.compress(b"SQLite format 3\0"), zlib.compress(bytes(99))])
def test_other_bytes_are_refused(data, tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be used"):
        restore(data, tmp_path / "one.sqlite", b"/srv")


def test_a_part_of_a_copy_and_one_that_would_fill_the_memory_are_refused(planned, tmp_path) -> None:
    bomb = zlib.compress(bytes(MAX_SIZE + 1))
    for data in (export_shard(planned, 1, "fs07", b"/srv", ()).journal[:-9], bomb):
        with pytest.raises(ConfigurationError, match="incomplete, or too large"):
            restore(data, tmp_path / "one.sqlite", b"/srv")


def test_the_id_of_a_shard_depends_on_its_files_and_not_on_the_place_of_the_share(planned) -> None:
    one = identify(planned, [1, 2], "fs07", b"/srv")

    assert one == identify(planned, [2, 1], "fs07", b"/srv")
    assert one != identify(planned, [1, 3], "fs07", b"/srv")
    assert one != identify(planned, [1, 2], "fs08", b"/srv")
    planned.execute(
        "UPDATE folder SET path = CAST('/mnt' || substr(CAST(path AS TEXT), 5) AS BLOB) WHERE id = 2"
    )
    assert one == identify(planned, [1, 2], "fs07", b"/mnt")


@pytest.mark.parametrize(
    ("path", "relative"), [(b"", b""), (b"/srv", b"."), (b"/srv/a/b", b"a/b"), (b"/srv/\xff", b"\xff")]
)
def test_paths_are_relative_to_the_share(path, relative) -> None:
    assert to_relative(path, b"/srv") == relative
    assert to_absolute(relative, b"/srv") == path


@pytest.mark.parametrize("path", [b"/srvx/a", b"/etc", b"srv/a"])
def test_a_path_outside_of_the_share_has_no_relative_form(path) -> None:
    with pytest.raises(ValueError, match="below the root"):
        to_relative(path, b"/srv")


def test_the_root_of_a_share_may_be_that_of_the_file_system() -> None:
    assert to_relative(b"/etc/a", b"/") == b"etc/a"
    assert to_absolute(b"etc/a", b"/") == b"/etc/a"
