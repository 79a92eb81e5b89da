"""Files to upload: the same bytes in every run."""

from __future__ import annotations

import random
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

RAM: Final = Path("/dev/shm")  # the directory of this library has a random name
BLOCK: Final = 1 << 20


def small_files(folder: Path, count: int) -> list[Path]:
    """Create files of 4 to 64 KiB, log-uniform, 21.9 KB on average."""
    numbers = random.Random(1)
    paths = [folder / f"{number}.bin" for number in range(count)]
    for path in paths:
        path.write_bytes(numbers.randbytes(int(4096 * 16 ** numbers.random())))
    return paths


def large_file(folder: Path, size: int, number: int = 0) -> Path:
    """Create a file of random bytes, the same mebibyte repeated."""
    path = folder / f"large-{number}.bin"
    block = random.Random(number).randbytes(BLOCK)
    with path.open("wb") as file:
        for _ in range(size // BLOCK):
            file.write(block)
    return path


def content(path: Path) -> bytes:
    """Read a file in the loop on purpose: 5 us from the page cache, where a call of a thread takes 147."""
    return path.read_bytes()


@contextmanager
def ram(room: int) -> Generator[Path, None, None]:
    """Yield a folder on a RAM disk with this much space, or else a temporary one."""
    enough = RAM.is_dir() and shutil.disk_usage(RAM).free > 2 * room
    with TemporaryDirectory(prefix="coredata-bench-", dir=RAM if enough else None) as name:
        yield Path(name)
