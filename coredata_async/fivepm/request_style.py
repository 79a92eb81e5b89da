"""How requests are written, in all that the vendor's page leaves open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, cast
from urllib.parse import quote, urlencode

import attrs
from attrs import field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.fivepm.codec.php import Dates, flatten
from coredata_async.fivepm.method import Method, Route
from coredata_async.fivepm.names import NAMES
from coredata_async.ids import Id
from coredata_async.message import Request
from coredata_async.unset import UNSET

Format = Literal["json", "xml"]
PostParams = Literal["body", "query", "split"]
TeamEncoder = Callable[[Sequence[str]], Mapping[str, object]]
"""From ids of users to the fields that say so, put beside those of the project or task."""
FileNames = Callable[[int], tuple[str, str]]
"""From the number of a file, from 1, to the names of the fields for its name and its content."""

URLENCODED: Final = "application/x-www-form-urlencoded"
_ACCEPT: Final[Mapping[Format, str]] = {
    "json": "application/json, text/xml;q=0.5, */*;q=0.1",
    "xml": "text/xml, application/xml, application/json;q=0.5, */*;q=0.1",
}


def index_team(ids: Sequence[str]) -> Mapping[str, object]:
    """`task[team][0]=7`: the name is that of replies, the rest is inferred from the service's older API."""
    return {"team": ids}


def numbered_files(number: int) -> tuple[str, str]:
    """`files[1][name]` as in the vendor's example, and `files[1][content]`, which is a guess."""
    return f"files[{number}][name]", f"files[{number}][content]"


@frozen(kw_only=True)
class RequestStyle:
    """How requests are written. What is not documented can be changed here."""

    format: Format = "json"
    """What is asked for. What comes is seen by looking at it."""
    post_params: PostParams = "body"
    """Where the arguments of a POST go; `split` is the object in the body, all else in the query."""
    team: TeamEncoder = field(default=index_team, repr=False)
    files: FileNames = field(default=numbered_files, repr=False)
    dates: Dates = "space"

    def request(
        self,
        method: Method,
        params: Mapping[str, object],
        *,
        repeatable: bool | None = None,
        route: Route | None = None,
        stream: bool = False,
    ) -> Request:
        """One request without any credential.

        Args:
            method: Its row.
            params: By the service's names, nested as it is.
            repeatable: Whether sending it twice does no harm; by default what the row says.
            route: One of the method's `fallbacks`.
            stream: Whether the reply is wanted as it arrives.
        """
        verb, path = (route.verb, route.path) if route else (method.verb, method.path)
        pairs = flatten(params, dates=self.dates)
        wish = [("retType", "json")] if self.format == "json" else []
        match verb, self.post_params:
            case ("GET", _) | (_, "query"):
                query, body = [*pairs, *wish], []
            case _, "split":
                query, body = wish, pairs
            case _:
                query, body = [], [*pairs, *wish]
        headers = {"Accept": _ACCEPT[self.format]}
        return Request(
            verb,
            f"{path}?{urlencode_pairs(query)}" if query else path,
            headers if verb == "GET" else {**headers, "Content-Type": URLENCODED},
            None if verb == "GET" else urlencode_pairs(body).encode(),
            repeatable=not method.writes if repeatable is None else repeatable,
            stream=stream,
        )

    def encode(self, value: object) -> dict[str, object]:
        """The fields of an object to be written, or of a filter, by the service's names.

        What is `UNSET` is left out, and `None` is an empty text. `extra` beats what the fields say.
        """
        found: dict[str, object] = {}
        names = NAMES[type(value)]
        for spot in attrs.fields(cast("type[attrs.AttrsInstance]", type(value))):
            got: object = getattr(value, spot.name)
            if spot.name == "extra" or got is UNSET:
                continue
            found.update(self._field(spot.name, names[spot.name], got))
        return {**found, **cast("Mapping[str, object]", getattr(value, "extra", {}))}

    def _field(self, name: str, wire: str, value: object) -> Mapping[str, object]:
        if value is None:
            return {wire: ""}
        if name == "team":
            return self.team(_several(name, value))
        if name.endswith("_id"):
            return {wire: _reference(value)}
        if name == "tags" and not isinstance(value, str):
            return {wire: _join_tags(_several(name, value))}
        return {wire: value}


def urlencode_pairs(pairs: Sequence[tuple[str, str]]) -> str:
    """Pairs as a query or a form: PHP reads percent-encoded brackets as brackets."""
    return urlencode(pairs, quote_via=quote, safe="")


def key(value: Id, what: str = "id") -> str:
    """Return an id as it may be sent: of text, or of an object that has one.

    Raises:
        ConfigurationError: If it is empty: the effect of a removal without an id is not documented.
    """
    value = _reference(value or "")
    if not str(value or "").strip():
        raise ConfigurationError(f"the {what} must be a text that is not empty, not {value!r}")
    return str(value)


def _reference(value: object) -> str:
    """Return the id of an object, or what was given as text."""
    found: object = getattr(value, "id", value)
    return "" if found is None else str(found)


def _several(name: str, value: object) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigurationError(f"{name} takes a list of strings, not {type(value).__name__}")
    return [_reference(each) for each in cast("Sequence[object]", value)]


def _join_tags(tags: Sequence[str]) -> str:
    odd = next((tag for tag in tags if "," in tag), None)
    if odd is not None:
        raise ConfigurationError(f"a tag cannot hold a comma, for 5pm separates tags by them: {odd!r}")
    return ",".join(tags)
