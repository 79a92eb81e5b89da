"""Servers that must keep the promises: a sandbox or a real tenant, over raw HTTP without the client."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import aiohttp
import pytest
from attrs import define, field, frozen
from yarl import URL

from coredata_async.resources.registry import Endpoint, endpoints


@frozen
class Got:
    """A response; its repr omits what may contain a presigned URL."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        """Return the id of the created object: the last segment of Location."""
        assert self.status == 201, (self.status, self.body[:300])
        return self.headers["Location"].rstrip("/").rpartition("/")[2]


@define
class Target:
    """A service with the credentials of a user."""

    url: str
    user: str
    key: str = field(repr=False)
    key_v3: str = field(repr=False)
    live: bool
    space: str | None
    """Id of a space to write in; `None` if writing is not allowed."""
    session: aiohttp.ClientSession = field(repr=False)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        key: str = "v2",
        headers: Mapping[str, str] | None = None,
        **body: Any,
    ) -> Got:
        """Send one request, byte for byte, without following redirects."""
        known = {
            "v2": f"apikey {self.user}:{self.key}",
            "v3": f"apikey {self.key_v3}",
            "none": None,
        }.get(key, key)
        sent = {
            "Accept": "application/json",
            **({"Authorization": known} if known else {}),
            **(headers or {}),
        }
        place = URL(path if path.startswith("http") else self.url + path, encoded=True)
        async with self.session.request(method, place, headers=sent, allow_redirects=False, **body) as got:
            return Got(got.status, got.headers.copy(), await got.read())

    async def found(self, path: str, **query: object) -> Any:
        """Return the decoded response to a GET that must succeed."""
        got = await self.ask("GET", at(path, **query))
        if self.live and got.status != 200 and _evidence(path) != "documented":
            pytest.skip(f"{path} is {_evidence(path)} only: the tenant answers {got.status}")
        assert got.status == 200, (path, got.status, got.body[:300])
        assert got.headers["Content-Type"].startswith("application/json")
        return got.json

    async def some(self, path: str, limit: int = 20, **query: object) -> list[Any]:
        """Return the first objects of a listing that must not be empty."""
        objects = (await self.found(path, limit=limit, **query))["objects"]
        return objects or self.lacks(f"objects under {path}")

    def lacks(self, what: str) -> NoReturn:
        """Skip a promise without data: a tenant may be empty, the sandbox contains every kind of object."""
        if self.live:
            pytest.skip(f"the tenant has no {what}")
        pytest.fail(f"the sandbox has no {what}: see conftest.py")

    def learn(self, question: str, seen: object, expected: object) -> None:
        """Compare undocumented behaviour: the sandbox must match the inference, a tenant may differ."""
        if seen == expected:
            return
        if self.live:
            pytest.skip(f"{question}: the tenant answers {seen!r}, the sandbox {expected!r}")
        pytest.fail(f"{question}: {seen!r}, where the facts infer {expected!r}")


def at(path: str, **query: object) -> str:
    """Return a path with a query."""
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, quote_via=quote, safe=':,')}" if given else path


def rows(verb: str) -> list[Any]:
    """Return the endpoints of one verb, as parameters."""
    return [pytest.param(each, id=each.operation) for each in endpoints() if each.operation.endswith(verb)]


def inside(endpoint: Endpoint, key: str) -> str:
    """Return the path of an endpoint for one object."""
    head, _, rest = endpoint.path.partition("{")
    return f"{head}{quote(key, safe='')}{rest.partition('}')[2]}"


def _evidence(path: str) -> str:
    bare = path.partition("?")[0]
    for each in endpoints():
        head, place, tail = each.path.partition("{")
        if each.method == "GET" and (
            bare == each.path or (place and bare.startswith(head) and bare.endswith(tail.partition("}")[2]))
        ):
            return each.proof.evidence
    return "unknown"
