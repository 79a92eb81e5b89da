"""Style of requests, in all details that the vendor's page leaves open."""

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
"""Function from ids of users to the fields of a team, beside those of the project or task."""

URLENCODED: Final = "application/x-www-form-urlencoded"
_ACCEPT: Final[Mapping[Format, str]] = {
    "json": "application/json, text/xml;q=0.5, */*;q=0.1",
    "xml": "text/xml, application/xml, application/json;q=0.5, */*;q=0.1",
}


def index_team(ids: Sequence[str]) -> Mapping[str, object]:
    """Return `task[team][0]=7`: the name as in replies, the rest inferred from the service's older API."""
    return {"team": ids}


@frozen(kw_only=True)
class RequestStyle:
    """Style of requests. Undocumented details can be changed here."""

    format: Format = "json"
    """Requested format. The format of a response is recognised by its bytes."""
    post_params: PostParams = "body"
    """Place of the arguments of a POST; `split` is the object in the body, all others in the query."""
    team: TeamEncoder = field(default=index_team, repr=False)
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
        """Build a request without a credential.

        Args:
            method: Row of the method.
            params: Parameters by the service's names, nested as in the service.
            repeatable: True if the request may be sent twice. Defaults to the value in the row.
            route: One of the method's `fallbacks`.
            stream: True to return the reply as a stream.
        """
        verb, path = (route.verb, route.path) if route else (method.verb, method.path)
        pairs = flatten(params, dates=self.dates)
        return_type = [("retType", "json")] if self.format == "json" else []
        match verb, self.post_params:
            case ("GET", _) | (_, "query"):
                query, body = [*pairs, *return_type], []
            case _, "split":
                query, body = return_type, pairs
            case _:
                query, body = [], [*pairs, *return_type]
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
        """Return the fields of an object to be written, or of a filter, by the service's names.

        `UNSET` values are omitted, and `None` becomes an empty text. `extra` overrides the fields.
        """
        found: dict[str, object] = {}
        names = NAMES[type(value)]
        for attribute in attrs.fields(cast("type[attrs.AttrsInstance]", type(value))):
            got: object = getattr(value, attribute.name)
            if attribute.name == "extra" or got is UNSET:
                continue
            found.update(self._field(attribute.name, names[attribute.name], got))
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
    """Encode pairs as a query or a form: PHP reads percent-encoded brackets as brackets."""
    return urlencode(pairs, quote_via=quote, safe="")


def key(value: Id, what: str = "id") -> str:
    """Return the id in a text or in an object.

    Raises:
        ConfigurationError: If it is empty, because the effect of a removal without an id is not documented.
    """
    value = _reference(value or "")
    if not str(value or "").strip():
        raise ConfigurationError(f"the {what} must be a non-empty text, not {value!r}")
    return str(value)


def _reference(value: object) -> str:
    """Return the id of an object, or the given text."""
    found: object = getattr(value, "id", value)
    return "" if found is None else str(found)


def _several(name: str, value: object) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigurationError(f"{name} takes a list of strings, not {type(value).__name__}")
    return [_reference(each) for each in cast("Sequence[object]", value)]


def _join_tags(tags: Sequence[str]) -> str:
    odd = next((tag for tag in tags if "," in tag), None)
    if odd is not None:
        raise ConfigurationError(
            f"a tag cannot contain a comma, because 5pm separates tags by commas: {odd!r}"
        )
    return ",".join(tags)
