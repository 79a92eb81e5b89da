"""Tree to upload, with a file for every kind of upload."""

from pathlib import Path

from tests.rig import some_bytes

FILES = 6
FOLDERS = 2
STREAMED = (1 << 20) + 300_000
"""Size too large to be held in memory; also a large file according to `watched`."""


def plant(root: Path) -> None:
    (root / "sub").mkdir(parents=True)
    (root / "empty.bin").touch()
    (root / "ein Bericht.txt").write_bytes(some_bytes(300, 1))
    (root / "large.bin").write_bytes(some_bytes(STREAMED, 2))
    (root / "séance.dat").write_bytes(some_bytes(5_000, 3))
    (root / "sub" / "inner.txt").write_bytes(some_bytes(90_000, 4))
    (root / "sub" / "other.txt").write_bytes(some_bytes(300, 5))
