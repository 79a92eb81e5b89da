"""Bare client for the sandbox's 5pm: sends exactly the given arguments, as JSON by default."""

import json
from xml.etree import ElementTree as ET

import aiohttp
import attrs
from attrs import define, frozen

from coredata_async.sandbox.fivepm.account import Account


@define
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@frozen
class Got:
    status: int
    type: str
    headers: object
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        return self.json["data"]

    @property
    def xml(self):
        return ET.fromstring(self.body)


@define
class Service:
    account: Account
    session: aiohttp.ClientSession

    def speaks(self, **dialect) -> None:
        self.account.dialect = attrs.evolve(self.account.dialect, **dialect)

    @property
    def state(self):
        return self.account.state

    @property
    def credentials(self):
        return {"login": self.account.login, "password": self.account.password}

    async def send(self, method: str, path: str, **options) -> Got:
        url = f"{self.account.url}/api/v2/service/{path}"
        async with self.session.request(method, url, **options) as got:
            return Got(got.status, got.content_type, got.headers.copy(), await got.read())

    async def get(self, path: str, signed=True, **arguments) -> Got:
        known = {**(self.credentials if signed else {}), "retType": "json"}
        return await self.send("GET", f"get/{path}", params={**known, **arguments})

    async def post(self, path: str, arguments=(), signed=True) -> Got:
        known = {**(self.credentials if signed else {}), "retType": "json"}
        return await self.send("POST", f"post/{path}", data={**known, **dict(arguments)})

    async def made(self, service: str, noun: str, **fields) -> str:
        got = await self.post(f"{service}/add", {f"{noun}[{name}]": str(one) for name, one in fields.items()})
        assert got.status == 200, got
        return got.data["id"]

    async def project(self, **fields) -> str:
        return await self.made("projects", "project", **{"name": "Audit", **fields})

    async def task(self, **fields) -> str:
        return await self.made("tasks", "task", **{"name": "Count", **fields})

    async def note(self, **fields) -> str:
        return await self.made("activity", "activity", **{"type": "msg", "text": "Hello", **fields})

    async def signed_in(self) -> str:
        return (await self.get("authentication/signIn")).data["sessionId"]
