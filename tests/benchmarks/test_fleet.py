"""The campaign over three hosts: its tree, and a machine that cannot have such hosts."""

import hashlib
import sys

import pytest

from benchmarks import fleet, namespaces


def test_each_planted_file_has_its_path_and_digest(tmp_path):
    found = fleet.plant(tmp_path, fleet.FOLDER + 1)

    assert found.total() == len(found) == fleet.FOLDER + 1
    assert {path.partition("/")[0] for path, _ in found} == {"folder-0000", "folder-0001"}
    for path, digest in found:
        assert hashlib.md5((tmp_path / path).read_bytes(), usedforsecurity=False).hexdigest() == digest


@pytest.mark.parametrize("user", [0, 1000])
def test_it_is_skipped_without_root_or_without_ip(user, monkeypatch, capsys):
    monkeypatch.setattr(namespaces.os, "geteuid", lambda: user, raising=False)
    monkeypatch.setattr(namespaces.shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["fleet"])

    assert fleet.main() == 0
    assert capsys.readouterr().out.startswith("skipped: ")
