"""The tree that is uploaded: every kind of file there is a way for."""

from pathlib import Path

from tests.rig import some_bytes

FILES = 6
FOLDERS = 2
STREAMED = (1 << 20) + 300_000
"""Too large to be held whole; and a large file, by what `watched` makes of it."""


def plant(root: Path) -> None:
    (root / "sub").mkdir(parents=True)
    (root / "empty.bin").touch()
    (root / "ein Bericht.txt").write_bytes(some_bytes(300, 1))
    (root / "large.bin").write_bytes(some_bytes(STREAMED, 2))
    (root / "séance.dat").write_bytes(some_bytes(5_000, 3))
    (root / "sub" / "inner.txt").write_bytes(some_bytes(90_000, 4))
    (root / "sub" / "other.txt").write_bytes(some_bytes(300, 5))
