"""Tables of the journal. A URL or a key is never stored: no column exists for a reservation."""

from __future__ import annotations

from typing import Final, Literal

APPLICATION: Final = 0x43444A31
"""SQLite's `application_id` of a journal: "CDJ1"."""

VERSION: Final = 4

Sender = Literal["lost", "damaged", "other", "owner"]
"""A process outside this journal that may have sent requests for this tree: one whose journal may be lost,
one whose journal was damaged, another job that was found at work, or the former owner of a shard, of whose
journal this one is an older copy."""

LARGE: Final = 8 << 20
"""Size in bytes above which files are fed by size, largest first, so that none remains for the end."""

TABLES: Final = f"""
CREATE TABLE job (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    schema INTEGER NOT NULL,
    tenant TEXT NOT NULL,       -- base URL, account, parent and PATHs: what the job is bound to
    account TEXT NOT NULL,
    parent TEXT NOT NULL,
    roots TEXT NOT NULL,
    created REAL NOT NULL,
    run INTEGER NOT NULL,       -- how often it was opened
    scanned INTEGER NOT NULL DEFAULT 0, -- the last run whose scan was complete
    sent_until REAL,            -- the last moment at which another process can have sent requests
    sent_by TEXT NOT NULL DEFAULT 'lost',   -- Sender; a copy has 'owner' without `sent_until`
    shard TEXT NOT NULL DEFAULT ''      -- the shard of a job for several machines; empty for a whole job
);
CREATE TABLE folder (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,  -- of the local directory
    parent INTEGER,             -- NULL for the remote parent itself
    title TEXT NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,   -- FolderState
    remote TEXT,
    made INTEGER NOT NULL DEFAULT 0,    -- the run whose request created it, -1: another process of this job;
                                        -- 0 if other jobs may use it
    scanned INTEGER NOT NULL DEFAULT 0  -- the run whose scan of it is complete
);
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    folder INTEGER NOT NULL,
    name BLOB NOT NULL,
    filename TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,     -- nanoseconds, as ctime
    ctime INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    state INTEGER NOT NULL,
    reason TEXT,
    message TEXT,
    blob TEXT,                  -- of the latest reservation
    md5 TEXT,
    etag INTEGER,               -- whether the storage's ETag confirmed the digest
    since REAL,                 -- when it was reserved, by the server's clock
    sent REAL,                  -- when registering was last sent for, or its bytes were stored
    unconfirmed INTEGER NOT NULL DEFAULT 0,  -- registrations that were sent for and not confirmed
    file TEXT,                  -- id of the File
    claim INTEGER NOT NULL DEFAULT 0,   -- the run that has taken it up
    seen INTEGER NOT NULL,      -- the run whose scan saw it last
    shard INTEGER,              -- the shard that it was given to, which has a journal of its own
    UNIQUE (folder, name)
);
CREATE INDEX large ON item (size) WHERE size > {LARGE};
CREATE TABLE shard (            -- the shards that files were given to
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    published INTEGER NOT NULL DEFAULT 0    -- 1: somewhere outside this journal, too
);
CREATE INDEX item_by_shard ON item (shard) WHERE shard IS NOT NULL;
CREATE TABLE baseline (         -- in a shard: Files of these names that existed when the job was planned
    file TEXT PRIMARY KEY
) WITHOUT ROWID;
CREATE TABLE former (           -- Files of ours with an earlier content, or of files that are gone
    file TEXT PRIMARY KEY
) WITHOUT ROWID;
CREATE TABLE orphan (           -- stored or reserved blobs that no File speaks of
    item INTEGER NOT NULL,
    blob TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE TABLE remote_file (           -- what a folder held before this job put anything there
    folder INTEGER NOT NULL,
    file TEXT NOT NULL,
    filename TEXT NOT NULL,
    size INTEGER,
    digest TEXT,
    blob TEXT,
    snapshot TEXT,
    created REAL,
    PRIMARY KEY (folder, filename, file)
) WITHOUT ROWID;
CREATE TABLE remote_folder (            -- the remote folders there are, as last listed
    id TEXT PRIMARY KEY,
    parent TEXT NOT NULL,
    title TEXT NOT NULL,
    project TEXT,
    created REAL,
    listed INTEGER NOT NULL     -- which listing showed it
) WITHOUT ROWID;
CREATE INDEX remote_folder_by_title ON remote_folder (parent, title);
CREATE TABLE finding (          -- duplicates and warnings, for the report
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    UNIQUE (kind, message)
);
"""
