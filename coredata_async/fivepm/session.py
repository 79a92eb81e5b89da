"""Session of a client: one sign-in for all callers, renewed before it ends and once after a refusal."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from copy import copy
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import parse_qsl

from attrs import define, evolve, field, frozen

from coredata_async.call import Call
from coredata_async.errors import AuthenticationError, ConfigurationError, CoreDataError
from coredata_async.fivepm.files import join, size_of
from coredata_async.fivepm.replies import perform, refuses_session
from coredata_async.fivepm.request_style import URLENCODED
from coredata_async.message import Reply, Request, Send
from coredata_async.query_string import encode_pairs
from coredata_async.response_table import Classification, classify_reply
from coredata_async.secret import Secret, SecretMapping, conceal

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?')

Credential = Literal["session", "login"]
"""Credential in requests: a session id, or login and password each time (documented for three methods)."""
RENEWED_AFTER: Final = 25 * 60.0
"""Seconds: a session lasts 30 minutes. Whether use prolongs it is not documented."""
_YOUNG: Final = 60.0
_GOODBYE: Final = 5.0
"""Timeout for the sign-out at the end, in seconds."""


def with_credentials(request: Request, secrets: Mapping[str, str], *, in_query: bool = False) -> Request:
    """Return the request with secret parameters; those of a POST go into its body.

    Args:
        request: A GET, or a POST of a form of either encoding, whose body may be a stream.
        secrets: The parameters.
        in_query: True to put them into the query of a POST, too, as in the documentation's examples.
    """
    # The parameters are never in a variable, because crash reporters print those of every frame.
    if request.method == "GET" or in_query:
        mark = "&" if "?" in request.target else "?"
        return evolve(request, target=f"{request.target}{mark}{encode_pairs([*secrets.items()])}")
    content_type = _content_type(request)
    body = request.body or b""
    if content_type.startswith("multipart/"):
        return evolve(request, body=join(_parts(secrets, content_type), body))
    headers = request.headers if content_type else {**request.headers, "Content-Type": URLENCODED}
    mark = "&" if size_of(body) else ""
    return evolve(
        request, headers=headers, body=join(f"{encode_pairs([*secrets.items()])}{mark}".encode(), body)
    )


def _content_type(request: Request) -> str:
    return next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")


def _parts(fields: Mapping[str, str], content_type: str) -> bytes:
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise ValueError("the multipart body of the request has no boundary in its Content-Type")
    return b"".join(
        f'--{found[1]}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )


def passwords_in(request: Request) -> Iterator[Secret[str]]:
    """Yield the passwords in a request, which are masked if the service repeats them."""
    if request.method == "POST" and "/users/" in request.path and isinstance(request.body, bytes):
        query = request.target.partition("?")[2]
        for name, value in (*parse_qsl(query), *parse_qsl(request.body.decode())):
            if name.lower().endswith("[password]"):
                yield Secret(value)


@frozen
class Account:
    """Login and password of a user."""

    login: str
    """The user's e-mail address."""
    password: Secret[str] | None = field(converter=conceal)

    def __attrs_post_init__(self) -> None:
        if not self.login or self.password is None:
            raise ConfigurationError(
                "login and password are missing: pass both, or set FIVEPM_LOGIN and FIVEPM_PASSWORD and use "
                "FivePM.from_env()"
            )


@frozen
class _Key:
    id: Secret[str]
    since: float


SignIn = Callable[[str, str], Call[str]]
"""Function that returns the call for a session id from a login and a password."""


@define(eq=False)
class Session:
    """Session of a client and its copies; only one task signs in at a time."""

    account: Account
    _sign_in: SignIn = field(repr=False)
    _sign_out: Callable[[], Call[bool]] = field(repr=False)
    credential: Credential = "session"
    in_query: bool = False
    _clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    _key: _Key | None = field(default=None, init=False, repr=False)
    _gone: tuple[Secret[str], ...] = field(default=(), init=False, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False, repr=False)
    _sign_in_lock: asyncio.Lock = field(factory=asyncio.Lock, init=False, repr=False)
    _rejections: int = field(default=0, init=False, repr=False)
    _rejection: AuthenticationError | None = field(default=None, init=False, repr=False)

    async def secrets(self, send: Send) -> SecretMapping:
        """Return the parameters that authenticate a request; signs in if necessary.

        Raises:
            AuthenticationError: If login and password were refused. Tasks that waited for this sign-in get
                the same error, and do not try the same password again: accounts may be locked after a few
                times.
        """
        if self.credential == "login":
            return SecretMapping({"login": self.account.login, "password": self.password.reveal()})
        fresh = self._fresh() or await self._ensure_session(send)
        return SecretMapping({"sessionId": fresh.reveal()})

    @property
    def password(self) -> Secret[str]:
        """Password of the account."""
        return self.account.password or Secret("")

    def age(self) -> float:
        """Return the seconds since the sign-in."""
        return self._clock() - self._key.since if self._key else 0.0

    def forget(self, secrets: SecretMapping) -> None:
        """Sign in again next time, unless another task has already done so."""
        if self._key is not None and self._key.id.reveal() == secrets.get("sessionId"):
            self._gone, self._key = (self._key.id,), None

    async def enter(self, send: Send) -> str:
        """Sign in, unless that has happened, and return the session id."""
        fresh = self._fresh() or await self._ensure_session(send)
        return fresh.reveal()

    async def end(self, send: Send) -> None:
        """Sign out, if signed in."""
        key, self._key = self._key, None
        if key is not None:
            # "No arguments", says the documentation; but then no server could know which session is meant.
            secrets = SecretMapping({"sessionId": key.id.reveal()})
            await perform(_carrying(send, self, secrets), self._sign_out())

    async def leave(self, send: Send) -> None:
        """Sign out as `end` does, and ignore failures, because the session ends by itself soon."""
        with suppress(CoreDataError, TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await self.end(send)

    def _fresh(self) -> Secret[str] | None:
        return self._key.id if self._key and self.age() < RENEWED_AFTER else None

    async def _ensure_session(self, send: Send) -> Secret[str]:
        seen = self._rejections
        async with self._lock():
            if (fresh := self._fresh()) is not None:
                return fresh
            if self._rejection is not None and self._rejections != seen:
                raise copy(self._rejection)
            return await self._request_session(send)

    async def _request_session(self, send: Send) -> Secret[str]:
        began = self._clock()

        def discreet(request: Request) -> Awaitable[Reply]:
            return send(request.with_secrets(self.password, *self._gone))

        try:
            call = self._sign_in(self.account.login, self.password.reveal())
            key = Secret(await perform(discreet, call))
        except AuthenticationError as exc:
            self._rejections += 1
            self._rejection = copy(exc)
            raise
        self._key, self._rejection = _Key(key, began), None
        return key

    def _lock(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # a lock that a task has waited for belongs to the loop of that task
            self._loop, self._sign_in_lock = loop, asyncio.Lock()
        return self._sign_in_lock


def with_session(send: Send, session: Session) -> Send:
    """Authenticate requests; after a refusal of the session, sign in again and repeat the request.

    A write is repeated only after a status that proves that nothing happened, such as 401 or 403: an error
    inside a 200 does not.
    """

    async def through(request: Request) -> Reply:
        request.dispatch.possible = False  # a failed sign-in is not about this request
        secrets = await session.secrets(send)
        age = session.age()  # of this session: by the time of the response there may be another one
        reply = await _carrying(send, session, secrets)(request)
        if session.credential == "login" or not _is_refused(reply, age):
            return reply
        session.forget(secrets)
        if not _may_ask_again(request, reply):
            return reply
        request.dispatch.possible = False
        secrets = await session.secrets(send)
        return await _carrying(send, session, secrets)(request)

    return through


def _carrying(send: Send, session: Session, secrets: SecretMapping) -> Send:
    """Add the secrets to requests, and a mask for a reply that repeats one."""
    hidden = [session.password, *(Secret(value) for name, value in secrets.items() if name != "login")]

    def through(request: Request) -> Awaitable[Reply]:
        masked = request.with_secrets(*hidden, *passwords_in(request))
        return send(with_credentials(masked, secrets, in_query=session.in_query))

    return through


def _is_refused(reply: Reply, age: float) -> bool:
    """Return whether the session was refused; 403 soon after a sign-in means a missing permission."""
    if reply.status == HTTPStatus.FORBIDDEN and age < _YOUNG:
        return False
    return refuses_session(reply)


def _may_ask_again(request: Request, reply: Reply) -> bool:
    body = request.body
    if body is not None and not isinstance(body, bytes) and not body.replayable:
        return False
    return request.repeatable or classify_reply(request, reply) is Classification.REFUSED
