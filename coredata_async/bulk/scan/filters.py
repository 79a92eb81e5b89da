"""What of a directory is selected: the rules of the job, and the ignore files on the way to it."""

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
"""As of https://bford.info/cachedir/."""
_LARGEST: Final = 1 << 20
"""Bytes of an ignore file: more is a mistake."""


@frozen
class Filter:
    """What is selected in one directory by name."""

    rules: Patterns
    """Relative to the PATH."""
    obey: bool
    """Whether to read ignore files."""
    unmatched: bool = True
    """Whether files are selected about which no rule says anything."""
    prefix: str = ""
    """The path of the directory, relative to the PATH, with a final slash."""
    ignored: tuple[tuple[int, Patterns], ...] = ()
    """The ignore files so far, nearest last, each with the length of its directory's prefix."""
    cache: bool = False
    """Whether the directory is marked as a cache: of it, only the mark is selected."""

    @classmethod
    def of(cls, selection: Selection) -> Filter:
        """The filter of a PATH.

        Raises:
            ConfigurationError: A rule is no glob, or pathspec is not installed.
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
        """The filter of a subdirectory; `None` if it is left out, with all that is in it."""
        path = f"{self.prefix}{text(name)}/"
        by_rule = self.rules.decide(path)
        if self.cache or by_rule is False or self._ignores(path):
            return None
        # A directory that a rule includes is included with what is in it, as far as no rule says else.
        return Filter(self.rules, self.obey, self.unmatched or by_rule is True, path, self.ignored)

    def inside(self, path: bytes, warn: Callable[[str], None]) -> Filter:
        """The filter with what the directory itself says.

        Raises:
            OSError: Its ignore file cannot be read, so that nobody can say what is to be left out.
            ConfigurationError: It has one, and pathspec is not installed.
        """
        if not self.obey:
            return self
        cache = _is_cache(path)
        if cache and not self.prefix:
            warn(
                f"{escape_unprintable(path_text(path))} is marked as a cache by its {TAG.decode()}, so that "
                "nothing else "
                "of it is uploaded; ignore_files=False uploads it"
            )
        patterns, wrong = _ignore_file(path)
        if wrong:
            lines = ", ".join(map(str, wrong[:10]))
            warn(
                f"{escape_unprintable(path_text(path))}/{IGNORE.decode()}: no glob, and ignored, is line "
                f"{lines}"
            )
        ignored = (*self.ignored, (len(self.prefix), patterns)) if patterns else self.ignored
        return evolve(self, ignored=ignored, cache=cache)

    def _ignores(self, path: str) -> bool:
        for length, patterns in reversed(self.ignored):  # the nearest file decides
            verdict = patterns.decide(path[length:])
            if verdict is not None:
                return not verdict
        return False


def _is_cache(path: bytes) -> bool:
    tag = os.path.join(path, TAG)
    try:
        return stat.S_ISREG(os.lstat(tag).st_mode) and _begin(tag, len(_SIGNATURE)) == _SIGNATURE
    except OSError:  # then it marks nothing
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
        raise OSError(0, f"its {IGNORE.decode()} is too large to be one")
    return from_lines(data)


def _begin(path: bytes, limit: int) -> bytes:
    with open(path, "rb") as file:
        return file.read(limit)
