"""Arguments of one request, from any place: query, urlencoded body, multipart body, or all of them."""

import re
from collections.abc import Mapping

from attrs import frozen

from coredata_async.sandbox.call import Call
from coredata_async.sandbox.fivepm import multipart, php
from coredata_async.sandbox.fivepm.php import Array, Node, Upload
from coredata_async.sandbox.fivepm.state import ReceivedCall

_URLENCODED = "application/x-www-form-urlencoded"
_SCRAMBLED = re.compile(r"(filter\[\w+\])=(.*)")
_LONGEST = 100_000
_SHOWN = 100
_SECRETS = frozenset(("password", "sessionId"))


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
    given = php.pairs(query)
    asked = php.nest(_unscramble(given) if misprints else given)
    if call.request.method == "GET":
        return asked, {}
    body = b"".join([piece async for piece in call.body()])
    kind = call.headers.get("Content-Type", "")
    delimiter = multipart.boundary(kind)
    if delimiter is not None:
        return asked, php.nest(multipart.parts(body, delimiter))
    if kind.partition(";")[0].strip().lower() == _URLENCODED:
        return asked, php.nest(php.pairs(body.decode(errors="replace")))
    # PHP reads no arguments from a body of another type.
    return asked, {}


def _unscramble(given: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Repair `sessionId=filter[taskId]=7&TOKEN`, which the page prints for activity.getList (slip 5)."""
    for place, (name, value) in enumerate(given[:-1]):
        token, nothing = given[place + 1]
        filtered = _SCRAMBLED.fullmatch(value)
        if name == "sessionId" and filtered and not nothing:
            repaired = [(filtered[1], filtered[2]), ("sessionId", token)]
            return [*given[:place], *repaired, *given[place + 2 :]]
    return given


def log_entry(call: Call, query: Array, body: Array) -> ReceivedCall:
    """Return the request for the log, without secrets."""
    verb = call.request.method
    return ReceivedCall(operation=call.operation, verb=verb, query=_mask(query), body=_mask(body))


def _mask(array: Mapping[str, Node]) -> Array:
    return {name: "***" if name in _SECRETS else _plain(node) for name, node in array.items()}


def _plain(node: Node) -> Node:
    if isinstance(node, Upload):
        return {"filename": node.filename, "type": node.content_type, "size": str(len(node.data))}
    if isinstance(node, dict):
        return _mask(node)
    # A file's base64 would be kept twice.
    return node if len(node) <= _LONGEST else f"{node[:_SHOWN]}… ({len(node)} characters)"
