"""Names and values as PHP reads them: `a[b][]=c` makes an array (facts 4; tried with PHP 8.2)."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias
from urllib.parse import parse_qsl

from attrs import field, frozen


@frozen
class Upload:
    """Part of a multipart form with a file name."""

    filename: str
    content_type: str
    data: bytes = field(repr=False)


Node: TypeAlias = "str | Upload | dict[str, Node]"
Array: TypeAlias = dict[str, "Node"]

_INDEX = re.compile(r"\[([^\]]*)\]")
_WHOLE = re.compile(r"0|[1-9][0-9]*")
_NOT_IN_NAMES = str.maketrans(". ", "__")


def pairs(urlencoded: str) -> list[tuple[str, str]]:
    """Return a query or an urlencoded body as names and values, in order."""
    return parse_qsl(urlencoded, keep_blank_values=True, errors="replace")


def nest(given: Iterable[tuple[str, str | Upload]]) -> Array:
    """Return names and values as arrays; of a repeated name the last value counts."""
    top: Array = {}
    for name, value in given:
        steps = _steps(name)
        if steps[0]:
            _put(top, steps, value)
    return top


def merge(first: Mapping[str, Node], second: Mapping[str, Node]) -> Array:
    """Return both, with arrays merged at every depth.

    Otherwise the second takes precedence, as in `$_REQUEST`: query, then body.
    """
    both = dict(first)
    for name, value in second.items():
        known = both.get(name)
        both[name] = merge(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return both


def _steps(name: str) -> list[str]:
    """Split `a.b[c][]` into `a_b`, `c` and an empty text."""
    name = name.lstrip(" ")
    head, bracket, _ = name.partition("[")
    if not bracket or "]" not in name[len(head) :]:
        # An unclosed bracket becomes a part of the name.
        return [name.replace("[", "_", 1).translate(_NOT_IN_NAMES)]
    steps, at = [head.translate(_NOT_IN_NAMES)], len(head)
    while index := _INDEX.match(name, at):
        steps.append(index[1])
        at = index.end()
    return steps


def _put(array: Array, steps: list[str], value: str | Upload) -> None:
    for step in steps[:-1]:
        key = step or _next(array)
        inner = array.get(key)
        if not isinstance(inner, dict):
            inner = array[key] = {}
        array = inner
    array[steps[-1] or _next(array)] = value


def _next(array: Array) -> str:
    """Return the index that `[]` stands for: one above the greatest existing index."""
    return str(max((int(key) for key in array if _WHOLE.fullmatch(key)), default=-1) + 1)
