"""What the promises are put to: a sandbox, or a real tenant. Raw HTTP: the client is not asked."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import aiohttp
import pytest
from attrs import define, field, frozen
from yarl import URL

from coredata_async.resources.endpoints import Endpoint, endpoints


@frozen
class Got:
    """An answer; what may hold a signed URL is not shown."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        """Of what was created: the last segment of Location."""
        assert self.status == 201, (self.status, self.body[:300])
        return self.headers["Location"].rstrip("/").rpartition("/")[2]


@define
class Target:
    """A service, who asks it, and how sure we are of it."""

    url: str
    user: str
    key: str = field(repr=False)
    key_v3: str = field(repr=False)
    live: bool
    space: str | None
    """Where one may write; `None` is nowhere."""
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
        """Send one request, byte for byte, and follow nothing."""
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
        """The decoded answer of a GET that must be there."""
        got = await self.ask("GET", at(path, **query))
        if self.live and got.status != 200 and _evidence(path) != "documented":
            pytest.skip(f"{path} is {_evidence(path)} only: the tenant answers {got.status}")
        assert got.status == 200, (path, got.status, got.body[:300])
        assert got.headers["Content-Type"].startswith("application/json")
        return got.json

    async def some(self, path: str, limit: int = 20, **query: object) -> list[Any]:
        """The first objects of a listing, of which there must be one."""
        objects = (await self.found(path, limit=limit, **query))["objects"]
        return objects or self.lacks(f"objects under {path}")

    def lacks(self, what: str) -> NoReturn:
        """Give up a promise without data: a tenant may be empty, the sandbox has some of everything."""
        if self.live:
            pytest.skip(f"the tenant has no {what}")
        pytest.fail(f"the sandbox has no {what}: see conftest.py")

    def learn(self, question: str, seen: object, expected: object) -> None:
        """Compare what nobody has documented: the sandbox keeps to our inference, a tenant teaches."""
        if seen == expected:
            return
        if self.live:
            pytest.skip(f"{question}: the tenant says {seen!r}, where the sandbox says {expected!r}")
        pytest.fail(f"{question}: {seen!r}, where the facts infer {expected!r}")


def at(path: str, **query: object) -> str:
    """A path with a query."""
    told = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(told, quote_via=quote, safe=':,')}" if told else path


def rows(verb: str) -> list[Any]:
    """The endpoints of one verb, as parameters."""
    return [pytest.param(each, id=each.operation) for each in endpoints() if each.operation.endswith(verb)]


def inside(endpoint: Endpoint, key: str) -> str:
    """The path of an endpoint for one object."""
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
