"""Filters of a directory: the rules of the job, and the ignore files on the path to it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import Final

from attrs import evolve, frozen

from coredata_async.bulk.formatting import escape_unprintable, path_text
from coredata_async.bulk.options import Selection
from coredata_async.bulk.scan.patterns import Patterns, from_lines, from_rules, text

IGNORE: Final = b".coredataignore"
TAG: Final = b"CACHEDIR.TAG"

_SIGNATURE: Final = b"Signature: 8a477f597d28d172789f06886806bc55"
"""Signature according to https://bford.info/cachedir/."""
_LARGEST: Final = 1 << 20
"""Maximum size of an ignore file in bytes: a larger file is a mistake."""


@frozen
class Filter:
    """Filter of the names in one directory."""

    rules: Patterns
    """Rules relative to the PATH."""
    obey: bool
    """True if ignore files are read."""
    unmatched: bool = True
    """True if files that match no rule are selected."""
    prefix: str = ""
    """Path of the directory relative to the PATH, with a final slash."""
    ignored: tuple[tuple[int, Patterns], ...] = ()
    """Ignore files on the path, nearest last, each with the length of its directory's prefix."""
    cache: bool = False
    """True if the directory is marked as a cache: only the mark is selected."""

    @classmethod
    def of(cls, selection: Selection) -> Filter:
        """Return the filter of a PATH.

        Raises:
            ConfigurationError: If a rule is not a glob, or pathspec is not installed.
        """
        first_includes = bool(selection.rules) and selection.rules[0].include
        return cls(from_rules(selection.rules), selection.ignore_files, unmatched=not first_includes)

    def takes(self, name: bytes) -> bool:
        """Return whether a file of the directory is selected."""
        if (self.obey and name == IGNORE) or (self.cache and name != TAG):
            return False
        if not self.rules and not self.ignored:
            return self.unmatched
        path = self.prefix + text(name)
        by_rule = self.rules.decide(path)
        return (self.unmatched if by_rule is None else by_rule) and not self._ignores(path)

    def below(self, name: bytes) -> Filter | None:
        """Return the filter of a subdirectory; `None` if it is excluded with its content."""
        path = f"{self.prefix}{text(name)}/"
        by_rule = self.rules.decide(path)
        if self.cache or by_rule is False or self._ignores(path):
            return None
        # A directory that a rule includes is included with its content, unless another rule excludes it.
        return Filter(self.rules, self.obey, self.unmatched or by_rule is True, path, self.ignored)

    def inside(self, path: bytes, warn: Callable[[str], None]) -> Filter:
        """Return the filter with the directory's own ignore file and cache mark.

        Raises:
            OSError: If its ignore file cannot be read, so that the exclusions are unknown.
            ConfigurationError: If it has an ignore file, and pathspec is not installed.
        """
        if not self.obey:
            return self
        cache = _is_cache(path)
        if cache and not self.prefix:
            warn(
                f"{escape_unprintable(path_text(path))} is marked as a cache by its {TAG.decode()}, so that "
                "only the mark is uploaded; ignore_files=False uploads the rest"
            )
        patterns, invalid = _ignore_file(path)
        if invalid:
            lines = ", ".join(map(str, invalid[:10]))
            warn(
                f"{escape_unprintable(path_text(path))}/{IGNORE.decode()}: a line that is not a glob is "
                f"ignored: line {lines}"
            )
        ignored = (*self.ignored, (len(self.prefix), patterns)) if patterns else self.ignored
        return evolve(self, ignored=ignored, cache=cache)

    def _ignores(self, path: str) -> bool:
        for length, patterns in reversed(self.ignored):  # the nearest file decides first
            is_selected = patterns.decide(path[length:])
            if is_selected is not None:
                return not is_selected
        return False


def _is_cache(path: bytes) -> bool:
    tag = os.path.join(path, TAG)
    try:
        return stat.S_ISREG(os.lstat(tag).st_mode) and _begin(tag, len(_SIGNATURE)) == _SIGNATURE
    except OSError:  # a tag that cannot be read marks nothing
        return False


def _ignore_file(path: bytes) -> tuple[Patterns, list[int]]:
    file = os.path.join(path, IGNORE)
    try:
        if not stat.S_ISREG(os.stat(file).st_mode):
            return Patterns(), []
        data = _begin(file, _LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Patterns(), []
    if len(data) > _LARGEST:
        raise OSError(0, f"its {IGNORE.decode()} is larger than {_LARGEST} bytes")
    return from_lines(data)


def _begin(path: bytes, limit: int) -> bytes:
    with open(path, "rb") as file:
        return file.read(limit)
