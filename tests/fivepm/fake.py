"""A service made of a list of answers, and bodies made of blocks."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qsl

from attrs import define, evolve, field, frozen

from coredata_async.fivepm.bodies import blocks_of
from coredata_async.message import Reply, Request

Answer = Callable[[Request], Reply | Exception]


@frozen(init=False)
class Blocks:
    """A body of some blocks."""

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
    """The parameters of a request, wherever they are."""
    query = request.target.partition("?")[2]
    body = request.body.decode() if isinstance(request.body, bytes) else ""
    return dict(parse_qsl(query) + parse_qsl(body))


def ok(body: bytes = b'{"data": {"status": 1}}') -> Reply:
    return Reply(200, {}, body)


@define
class Service:
    """Signs in with ascending session ids; answers all else as told, or with yes."""

    answers: list[Reply | Exception] = field(factory=list)
    """For requests other than the sign-in, in order."""
    doors: list[Reply | Exception] = field(factory=list)
    """For sign-ins, in order, before the usual."""
    seen: list[Request] = field(factory=list)
    sign_ins: int = 0
    over: set[str] = field(factory=set)
    """Sessions that are refused."""
    slow: asyncio.Event | None = None
    """A sign-in waits for it."""

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
        """What each request but the sign-ins was sent with."""
        return [sent(each).get("sessionId") for each in self.seen if not each.path.endswith("/signIn")]


def _given(answer: Reply | Exception) -> Reply:
    if isinstance(answer, Exception):
        raise answer
    return answer
