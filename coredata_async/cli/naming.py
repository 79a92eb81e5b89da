"""Names to save files under: what a server calls a file is no path to write to without a look."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

_LONGEST: Final = 200
"""Bytes; most systems take 255, and a temporary name is longer."""
_NOT_ON_WINDOWS: Final = '<>:"|?*'


def safe(filename: str, otherwise: str) -> str:
    """One name without a path in it, or the other one if nothing is left.

    Separators and what cannot be shown become `_`; so a name can climb nowhere.
    """
    bad = "/\\" + (_NOT_ON_WINDOWS if os.name == "nt" else "")
    name = "".join("_" if c in bad or not c.isprintable() else c for c in filename).strip()
    if not name.strip("._ "):
        name = otherwise
    return _shortened(name)


def distinct(names: Iterable[str]) -> list[str]:
    """The names in their order, a second `a.txt` as `a (2).txt`; case makes no difference on some systems."""
    taken: set[str] = set()
    found: list[str] = []
    for name in names:
        stem, suffix = _parted(name)
        free, count = name, 1
        while free.casefold() in taken:
            count += 1
            free = f"{stem} ({count}){suffix}"
        taken.add(free.casefold())
        found.append(free)
    return found


def _shortened(name: str) -> str:
    if len(name.encode()) <= _LONGEST:
        return name
    stem, suffix = _parted(name)
    suffix = suffix if len(suffix.encode()) < _LONGEST // 2 else ""
    return stem.encode()[: _LONGEST - len(suffix.encode())].decode("utf-8", "ignore") + suffix


def _parted(name: str) -> tuple[str, str]:
    path = PurePosixPath(name)
    return path.stem, path.suffix
