"""Arguments of a request, parsed as PHP does: query, urlencoded body, multipart form.

Tried with PHP 8.2: `a[b][]=c` makes an array.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias
from urllib.parse import parse_qsl

from attrs import field, frozen

from coredata_async.sandbox.call import Call

NOT_FOUND = 404
_INDEX = re.compile(r"\[([^\]]*)\]")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,17}")
_NOT_IN_NAMES = str.maketrans(". ", "__")
_BOUNDARY = re.compile(r'(?i)multipart/form-data.*;\s*boundary="?([^";]+)"?')
_WORD = r'="((?:[^"\\]|\\.)*)"'
_NAME = re.compile(rf"(?i);\s*name{_WORD}")
_FILENAME = re.compile(rf"(?i);\s*filename{_WORD}")
_ESCAPED = re.compile(r'\\(["\\])')
_LINE = re.compile(r"(?im)^content-type:\s*([^\r\n]+)")
_URLENCODED = "application/x-www-form-urlencoded"
_SCRAMBLED = re.compile(r"(filter\[\w+\])=(.*)")
_LONGEST = 100_000
_SHOWN = 100
_SECRETS = frozenset(("password", "sessionId"))


class Refusal(Exception):  # noqa: N818 (it is an outcome of a request, not a failure of the sandbox)
    """Exception that leaves a handler early; `status` is for dialects with HTTP statuses."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


def refusal(status: int, message: str) -> Refusal:
    """Return a refusal; the text is ours, because the real one is not documented."""
    return Refusal(status, message)


def missing(noun: str) -> Refusal:
    """Return the refusal for a missing object."""
    return Refusal(NOT_FOUND, f"This {noun} does not exist.")


@frozen
class Upload:
    """Part of a multipart form with a file name."""

    filename: str
    content_type: str
    data: bytes = field(repr=False)


Node: TypeAlias = "str | Upload | dict[str, Node]"
Array: TypeAlias = dict[str, "Node"]


@frozen(kw_only=True)
class ReceivedCall:
    """One request as PHP understood it; credentials are masked, so that it may be printed."""

    operation: str
    verb: str
    query: Array
    body: Array
    """Arguments of a form; its uploads by name and type."""


@frozen(kw_only=True)
class Arguments:
    """Arguments, and the user who sends them."""

    operation: str
    arguments: Array
    user: str = ""
    """Id of the user; empty before authentication."""

    def array(self, name: str) -> Array:
        """Return an argument that is an array; an empty one if it is missing."""
        found = self.arguments.get(name)
        return found if isinstance(found, dict) else {}


async def read(call: Call, *, misprints: bool = False) -> tuple[Array, Array]:
    """Return the arguments in the query and those in the body; the body of a GET is ignored, as in PHP."""
    _, _, query = call.request.raw_path.partition("?")
    given = pairs(query)
    asked = nest(_unscramble(given) if misprints else given)
    if call.request.method == "GET":
        return asked, {}
    body = b"".join([piece async for piece in call.body()])
    kind = call.headers.get("Content-Type", "")
    delimiter = boundary(kind)
    if delimiter is not None:
        return asked, nest(parts(body, delimiter))
    if kind.partition(";")[0].strip().lower() == _URLENCODED:
        return asked, nest(pairs(body.decode(errors="replace")))
    # PHP reads no arguments from a body of another type.
    return asked, {}


def log_entry(call: Call, query: Array, body: Array) -> ReceivedCall:
    """Return the request for the log, without secrets."""
    verb = call.request.method
    return ReceivedCall(operation=call.operation, verb=verb, query=_mask(query), body=_mask(body))


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


def boundary(content_type: str) -> str | None:
    """Return the boundary of a multipart form; None for another type."""
    found = _BOUNDARY.match(content_type)
    return found[1] if found else None


def parts(body: bytes, delimiter: str) -> Iterator[tuple[str, str | Upload]]:
    """Yield each part by its name, or refuse a form that does not end.

    The file name is not decoded, because PHP decodes no percent signs in it.
    """
    mark = b"\r\n--" + delimiter.encode()
    _, *pieces = (b"\r\n" + body).split(mark)
    if not pieces or not pieces[-1].startswith(b"--"):
        raise refusal(400, "The form ends too soon.")
    for piece in pieces[:-1]:
        head, _, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = head.decode(errors="replace")
        name = _NAME.search(headers)
        if name is None:
            raise refusal(400, "The form has a part without a name.")
        yield _unescape(name[1]), _value(headers, data)


def _value(headers: str, data: bytes) -> str | Upload:
    filename = _FILENAME.search(headers)
    if filename is None:
        return data.decode(errors="replace")
    kind = _LINE.search(headers)
    # PHP keeps the text after the last separator, of either kind.
    bare = re.split(r"[/\\]", _unescape(filename[1]))[-1]
    return Upload(bare, kind[1].strip() if kind else "", data)


def _unescape(quoted: str) -> str:
    return _ESCAPED.sub(r"\1", quoted)


def _unscramble(given: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Repair `sessionId=filter[taskId]=7&TOKEN`, which the page prints for activity.getList."""
    for place, (name, value) in enumerate(given[:-1]):
        token, nothing = given[place + 1]
        filtered = _SCRAMBLED.fullmatch(value)
        if name == "sessionId" and filtered and not nothing:
            repaired = [(filtered[1], filtered[2]), ("sessionId", token)]
            return [*given[:place], *repaired, *given[place + 2 :]]
    return given


def _mask(array: Mapping[str, Node]) -> Array:
    return {name: "***" if name in _SECRETS else _plain(node) for name, node in array.items()}


def _plain(node: Node) -> Node:
    if isinstance(node, Upload):
        return {"filename": node.filename, "type": node.content_type, "size": str(len(node.data))}
    if isinstance(node, dict):
        return _mask(node)
    # A file's base64 would be kept twice.
    return node if len(node) <= _LONGEST else f"{node[:_SHOWN]}… ({len(node)} characters)"
