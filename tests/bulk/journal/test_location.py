import os
import stat
import sys
from pathlib import Path

import pytest
from attrs import evolve

from coredata_async.bulk.journal import location
from coredata_async.bulk.journal.location import check_path, default_path, file_system
from coredata_async.errors import ConfigurationError
from tests.bulk.journals import BINDING

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="its own conventions elsewhere")

MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:27 / /mnt/share rw - nfs4 host:/x rw
31 30 0:28 / /mnt/share/local\040disk rw shared:2 master:3 - xfs /dev/b rw
32 22 0:29 / /home/anna/far rw - fuse.sshfs host: rw
33 22 0:30 / /twice rw - ext4 /dev/c rw
34 22 0:31 / /twice rw - cifs //host/x rw
a broken line
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/mnt", "ext4"),
        ("/mnt/share", "nfs4"),
        ("/mnt/share/a/b", "nfs4"),
        ("/mnt/shared", "ext4"),
        ("/mnt/share/local disk/x", "xfs"),
        ("/home/anna/far/off", "fuse.sshfs"),
        ("/twice/x", "cifs"),
    ],
)
def test_the_file_system_is_that_of_the_closest_mount(folder, kind):
    assert file_system(Path(folder), MOUNTS) == kind


def test_without_mounts_the_file_system_is_unknown():
    assert file_system(Path("/"), "") is None


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "afs", "lustre", "fuse.sshfs"]
)
def test_a_network_file_system_is_refused(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(location, "_mounts", lambda: f"1 0 0:1 / / rw - {kind} x rw")

    with pytest.raises(ConfigurationError, match=rf"network file system \({kind}\).*--job.*local disk"):
        check_path(tmp_path / "job.sqlite", ())


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "fuseblk", "zfs"])
def test_a_local_file_system_is_fine(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(location, "_mounts", lambda: f"1 0 0:1 / / rw - {kind} x rw")

    check_path(tmp_path / "job.sqlite", ())


def test_a_journal_is_not_within_what_is_uploaded(tmp_path):
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tmp_path / "alias").symlink_to(tree / "sub")
    root = os.fsencode(tree)

    for inside in (
        tree / "job",
        tree / "sub" / "job",
        tmp_path / "alias" / "job",
        tree / "sub" / ".." / "job",
    ):
        with pytest.raises(ConfigurationError, match="within the files to upload"):
            check_path(inside, (b"/nowhere", root))
    with pytest.raises(ConfigurationError, match="within the files to upload"):
        check_path(tree / "job", (os.fsencode(tmp_path / "alias" / ".."),))

    check_path(tmp_path / "job", (root,))
    check_path(tmp_path / "tree.sqlite", (root,))


def test_the_journal_itself_is_not_uploaded(tmp_path):
    job = tmp_path / "job"
    job.touch()

    with pytest.raises(ConfigurationError, match="within"):
        check_path(job, (os.fsencode(job),))


def test_the_directory_must_exist_and_the_journal_must_not_be_one(tmp_path):
    with pytest.raises(ConfigurationError, match=r"the directory .*missing for the journal does not exist"):
        check_path(tmp_path / "missing" / "job", ())
    with pytest.raises(ConfigurationError, match="may not be entered"):
        check_path(tmp_path / ("x" * 300) / "job", ())
    with pytest.raises(ConfigurationError, match="is a directory"):
        check_path(tmp_path, ())


@LINUX
def test_the_default_path_is_private_and_depends_on_the_job(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    path = default_path(BINDING)

    assert path.parent == tmp_path / "state" / "coredata" / "jobs"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.suffix == ".sqlite"
    assert len(path.stem) == 16
    assert default_path(evolve(BINDING, roots=BINDING.roots[::-1])) == path
    others = [
        evolve(BINDING, tenant="https://b.coredata.is"),
        evolve(BINDING, account="b"),
        evolve(BINDING, parent="b"),
        evolve(BINDING, roots=(b"/data/a",)),
        evolve(BINDING, roots=(b"/data/a", b"/data/\xff")),
    ]
    assert len({path, *(default_path(each) for each in others)}) == 6


@LINUX
@pytest.mark.parametrize("state", ["", "relative"])
def test_without_a_state_directory_it_is_in_the_home(tmp_path, monkeypatch, state):
    monkeypatch.setenv("XDG_STATE_HOME", state)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert default_path(BINDING).parent == tmp_path / ".local" / "state" / "coredata" / "jobs"


@LINUX
def test_a_directory_that_cannot_be_created_is_named(tmp_path, monkeypatch):
    (tmp_path / "coredata").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    with pytest.raises(ConfigurationError, match=r"coredata/jobs cannot be created .*--job"):
        default_path(BINDING)


def test_other_systems_have_their_own_directories(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))

    monkeypatch.setattr(sys, "platform", "darwin")
    assert default_path(BINDING).is_relative_to(tmp_path / "home/Library/Application Support/coredata/jobs")
    monkeypatch.setattr(sys, "platform", "win32")
    assert default_path(BINDING).is_relative_to(tmp_path / "local/coredata/jobs")
    monkeypatch.delenv("LOCALAPPDATA")
    assert default_path(BINDING).is_relative_to(tmp_path / "home/AppData/Local/coredata/jobs")


@LINUX
def test_without_a_home_directory_the_journal_must_be_named(monkeypatch):
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)

    with pytest.raises(ConfigurationError, match=r"home directory.* is unknown; use --job"):
        default_path(BINDING)
