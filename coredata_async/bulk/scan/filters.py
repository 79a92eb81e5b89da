"""Filters of a directory: the rules of the job, and the ignore files on the path to it.

Globs are those of a `.gitignore`, by means of pathspec, which is imported only if a job has globs.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from attrs import Factory, evolve, field, frozen

from coredata_async.bulk.formatting import printable_path
from coredata_async.bulk.options import Rule, Selection
from coredata_async.errors import ConfigurationError

IGNORE: Final = b".coredataignore"
TAG: Final = b"CACHEDIR.TAG"

_SIGNATURE: Final = b"Signature: 8a477f597d28d172789f06886806bc55"
"""Signature according to https://bford.info/cachedir/."""
_LARGEST: Final = 1 << 20
"""Maximum size of an ignore file in bytes: a larger file is a mistake."""
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
    selects_all: bool = field(
        default=Factory(
            lambda self: self.unmatched and not (self.cache or self.rules or self.ignored), takes_self=True
        ),
        init=False,
    )
    """True if `takes` refuses only the ignore file."""

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
                f"{printable_path(path)} is marked as a cache by its {TAG.decode()}, so that "
                "only the mark is uploaded; ignore_files=False uploads the rest"
            )
        patterns, invalid = _ignore_file(path)
        if invalid:
            lines = ", ".join(map(str, invalid[:10]))
            warn(
                f"{printable_path(path)}/{IGNORE.decode()}: a line that is not a glob is "
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
