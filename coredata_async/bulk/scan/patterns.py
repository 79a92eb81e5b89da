"""Globs as in a `.gitignore`, by means of pathspec, which is imported only if a job has globs."""

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
"""Classes such as `[[:alpha:]]`, which pathspec does not support, and forms that `re` warns about."""
_STARS: Final = re.compile(r"(?:\[\^/\]\*)+")
_STAR: Final = re.compile(r"\[\^/\]\*((?:\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[^][\\/().*+?^$|{}])+?)(?=\[\^/\]\*)")
"""In an expression of pathspec: a star, and the text between it and the next star in the same name."""


@frozen
class Glob:
    """Glob of one line."""

    regex: re.Pattern[str]
    include: bool
    """True if the line began with an exclamation mark: matching files are selected."""


@frozen
class Patterns:
    """Globs in order. An empty one decides about no path."""

    _globs: Sequence[Glob] = ()
    """Globs, the last one first."""

    def __bool__(self) -> bool:
        return bool(self._globs)

    def decide(self, path: str) -> bool | None:
        """Return whether a path is selected; `None` if no glob matches it.

        A glob is applied to the path itself, as in git. A glob that matches a directory above was applied
        when the walk passed that directory.

        Args:
            path: Path relative to the directory of the globs; with a final slash for a directory.
        """
        for glob in self._globs:
            if glob.regex.search(path):
                return glob.include
        return None


def from_rules(rules: Iterable[Rule]) -> Patterns:
    """Return the patterns of a selection's rules.

    Raises:
        ConfigurationError: If a rule is not a glob, or pathspec is not installed.
    """
    globs = list[Glob]()
    for rule in rules:
        literal = "\\" if rule.glob[:1] in {"!", "#"} else ""  # these signs have a meaning only in a file
        glob = _glob(literal + rule.glob)
        if glob is None:
            raise ConfigurationError(f"{rule.glob!r} is not a glob; write it as in a .gitignore")
        globs.append(Glob(glob.regex, include=rule.include))
    return Patterns(globs[::-1])


def from_lines(data: bytes) -> tuple[Patterns, list[int]]:
    """Return the globs of an ignore file, and the numbers of the lines that are not globs.

    Raises:
        ConfigurationError: If pathspec is not installed.
    """
    globs, invalid = list[Glob](), list[int]()
    for number, line in _lines(data):
        glob = _glob(line)
        if glob is None:
            invalid.append(number)
        else:
            globs.append(glob)
    return Patterns(globs[::-1]), invalid


def text(name: bytes) -> str:
    """Return a name as globs see it: typed and stored accents are equal."""
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
        # In git a final `/**` matches the content of the directory; in pathspec also the directory itself.
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
    """Compile an expression of pathspec so that it matches the whole path, without long backtracking."""
    # The first place that fits suffices, because a star follows; trying all takes minutes for `*a*a*a*a*b`.
    expression = _STAR.sub(r"(?>[^/]*?\1)", _STARS.sub("[^/]*", expression))
    # pathspec's expressions also match paths below a directory, and then the order of the globs does not
    # decide. These match the whole path, so that the last matching glob decides, as in git.
    return re.compile(f"(?:{expression})\\Z", re.DOTALL)
