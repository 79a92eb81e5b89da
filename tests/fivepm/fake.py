"""Fake service with a list of responses, and bodies of blocks."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qsl

from attrs import define, evolve, field, frozen

from coredata_async.fivepm.files import blocks_of
from coredata_async.message import Reply, Request

Answer = Callable[[Request], Reply | Exception]


@frozen(init=False)
class Blocks:
    """Body of some blocks."""

    blocks: tuple[bytes, ...]
    replayable: bool = True

    def __init__(self, *blocks: bytes, replayable: bool = True) -> None:
        self.__attrs_init__(blocks, replayable)

    @property
    def size(self) -> int:
        return sum(map(len, self.blocks))

    async def chunks(self):
        for block in self.blocks:
            yield block


async def bytes_of(piece) -> bytes:
    return b"".join([block async for block in blocks_of(piece)])


def sent(request: Request) -> dict[str, str]:
    """Return the parameters of a request, from the query and the body."""
    query = request.target.partition("?")[2]
    body = request.body.decode() if isinstance(request.body, bytes) else ""
    return dict(parse_qsl(query) + parse_qsl(body))


def ok(body: bytes = b'{"data": {"status": 1}}') -> Reply:
    return Reply(200, {}, body)


@define
class Service:
    """Fake service: signs in with ascending session ids, and sends the given responses, or else yes."""

    answers: list[Reply | Exception] = field(factory=list)
    """Responses to requests other than the sign-in, in order."""
    doors: list[Reply | Exception] = field(factory=list)
    """Responses to sign-ins, in order, before the usual one."""
    seen: list[Request] = field(factory=list)
    sign_ins: int = 0
    over: set[str] = field(factory=set)
    """Refused sessions."""
    slow: asyncio.Event | None = None
    """Event that a sign-in waits for."""

    async def __call__(self, request: Request) -> Reply:
        return evolve(await self._answer(request), redactor=request.redactor)  # as transports do

    async def _answer(self, request: Request) -> Reply:
        self.seen.append(request)
        if request.path.endswith("/signIn"):
            self.sign_ins += 1
            number = self.sign_ins
            if self.slow is not None:
                await self.slow.wait()
            else:
                await asyncio.sleep(0)
            return _given(self.doors.pop(0)) if self.doors else ok(b'{"sessionId": "s%d"}' % number)
        await asyncio.sleep(0)
        if sent(request).get("sessionId") in self.over:
            return Reply(401)
        return _given(self.answers.pop(0)) if self.answers else ok()

    def sessions(self) -> list[str | None]:
        """Return the session of each request except the sign-ins."""
        return [sent(each).get("sessionId") for each in self.seen if not each.path.endswith("/signIn")]


def _given(answer: Reply | Exception) -> Reply:
    if isinstance(answer, Exception):
        raise answer
    return answer
