"""The same bytes in every run."""

import hashlib

from benchmarks.files import large_file, small_files


def digest(paths):
    return hashlib.md5(b"".join(path.read_bytes() for path in paths), usedforsecurity=False).hexdigest()


def test_small_files_are_the_same_every_time(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    assert digest(small_files(tmp_path / "a", 5)) == digest(small_files(tmp_path / "b", 5))


def test_they_have_4_to_64_kib(tmp_path):
    sizes = [path.stat().st_size for path in small_files(tmp_path, 200)]

    assert min(sizes) >= 4096
    assert max(sizes) <= 65536
    assert 17_000 < sum(sizes) / len(sizes) < 27_000


def test_a_large_file_has_its_size_and_each_number_its_bytes(tmp_path):
    one, two = (large_file(tmp_path, 2 << 20, number) for number in (0, 1))

    assert one.stat().st_size == 2 << 20
    assert digest([one]) != digest([two])
