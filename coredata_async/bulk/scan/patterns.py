"""Globs as in a `.gitignore`, through pathspec, which is imported only if there are any."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from attrs import frozen

from coredata_async.bulk.options import Rule
from coredata_async.errors import ConfigurationError

_FINAL: Final = re.compile(r"(?<=/)\*\*(/?)\s*$")
_NESTED: Final = re.compile(r"(?<!\\)\[[^]]*(?:\[|--|&&|\|\||~~)")
"""`[[:alpha:]]`, which pathspec does not know, and what `re` warns of: it may mean something one day."""
_STARS: Final = re.compile(r"(?:\[\^/\]\*)+")
_STAR: Final = re.compile(r"\[\^/\]\*((?:\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[^][\\/().*+?^$|{}])+?)(?=\[\^/\]\*)")
"""In an expression of pathspec: a star, and what is between it and the next one in the same name."""


@frozen
class Glob:
    """One line of a `.gitignore`."""

    regex: re.Pattern[str]
    include: bool
    """Whether it began with an exclamation mark: what it matches is selected after all."""


@frozen
class Patterns:
    """Globs in order. An empty one says nothing about any path."""

    _globs: Sequence[Glob] = ()
    """The last first."""

    def __bool__(self) -> bool:
        return bool(self._globs)

    def decide(self, path: str) -> bool | None:
        """Return whether a path is selected; `None` if no glob matches it.

        As git does it, a glob is asked about the path itself. One that matches a directory above was
        asked when the walk came by there.

        Args:
            path: Relative to where the globs are; of a directory, with a final slash.
        """
        for glob in self._globs:
            if glob.regex.search(path):
                return glob.include
        return None


def from_rules(rules: Iterable[Rule]) -> Patterns:
    """The rules of a selection.

    Raises:
        ConfigurationError: One is no glob, or pathspec is not installed.
    """
    globs = list[Glob]()
    for rule in rules:
        literal = "\\" if rule.glob[:1] in {"!", "#"} else ""  # signs that mean something in a file only
        glob = _glob(literal + rule.glob)
        if glob is None:
            raise ConfigurationError(f"{rule.glob!r} is no glob; write one as in a .gitignore")
        globs.append(Glob(glob.regex, include=rule.include))
    return Patterns(globs[::-1])


def from_lines(data: bytes) -> tuple[Patterns, list[int]]:
    """The globs of an ignore file, and the numbers of the lines that are none.

    Raises:
        ConfigurationError: pathspec is not installed.
    """
    globs, wrong = list[Glob](), list[int]()
    for number, line in _lines(data):
        glob = _glob(line)
        if glob is None:
            wrong.append(number)
        else:
            globs.append(glob)
    return Patterns(globs[::-1]), wrong


def text(name: bytes) -> str:
    """A name as globs see it: typed and stored accents are the same."""
    decoded = name.decode("utf-8", "surrogateescape")
    return decoded if decoded.isascii() else unicodedata.normalize("NFC", decoded)


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip() and not line.startswith(b"#"):
            yield number, line.removesuffix(b"\r").decode("utf-8", "surrogateescape")


def _glob(line: str) -> Glob | None:
    try:
        from pathspec import GitIgnoreSpec  # noqa: PLC0415  # an optional dependency
    except ImportError:
        raise ConfigurationError(
            "include, exclude and .coredataignore need pathspec: pip install 'coredata-async[bulk]'"
        ) from None
    if _NESTED.search(line):
        return None
    try:
        # To git a final `/**` is what is in the directory; to pathspec it is the directory itself, too.
        parsed: Any
        (parsed,) = GitIgnoreSpec.from_lines(
            [_FINAL.sub(r"**/*\1", unicodedata.normalize("NFC", line))]
        ).patterns
        if parsed.regex is None:
            return None
        return Glob(_whole(parsed.regex.pattern), include=not parsed.include)
    except (ValueError, re.error):
        return None


def _whole(expression: str) -> re.Pattern[str]:
    """An expression of pathspec, made to match the whole path, and that in no time."""
    # The first place that fits will do, as a star follows; trying all of them takes minutes for `*a*a*a*a*b`.
    expression = _STAR.sub(r"(?>[^/]*?\1)", _STARS.sub("[^/]*", expression))
    # pathspec's expressions match what is below a directory, too, and then the order of the globs is
    # not what decides; ours match the whole path, so that the last that matches counts, as with git.
    return re.compile(f"(?:{expression})\\Z", re.DOTALL)
