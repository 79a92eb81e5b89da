"""Client of 5pm."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from ssl import SSLContext
from typing import Final, Self, Unpack

from attrs import evolve

from coredata_async.config import Limits, Retry, Timeouts, setting
from coredata_async.errors import ConfigurationError
from coredata_async.fivepm import calls
from coredata_async.fivepm.envelope import MAX_ERROR_BODY, buffer_envelopes
from coredata_async.fivepm.files import (
    ENCODERS,
    Encoder,
    Encoding,
    FileEncoding,
    FileNames,
    default_file_names,
)
from coredata_async.fivepm.request_style import (
    Dates,
    Format,
    PostParams,
    RequestStyle,
    TeamEncoder,
    index_team,
)
from coredata_async.fivepm.services.activity import Activities
from coredata_async.fivepm.services.nouns import Auth, Groups, Metainfo, Projects, Tasks, Users
from coredata_async.fivepm.session import Account, Credential, Session, with_session
from coredata_async.message import Send
from coredata_async.secret import Secret, SecretMapping, conceal, wrap_secrets
from coredata_async.transport import pool
from coredata_async.transport.auth import AddressRules
from coredata_async.transport.chain import service_chain
from coredata_async.transport.options import ConnectionOptions, HttpClient, SendOptions
from coredata_async.transport.trace import Hook

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_ADDRESS: Final = AddressRules(
    name="the account's URL", example="'acme' or 'https://acme.5pmweb.com'", credential="the password"
)


class Options(ConnectionOptions, total=False):
    """Keywords of `FivePM`."""

    login: str | None
    password: str | Secret[str] | None
    format: Format
    post_params: PostParams
    dates: Dates
    team: TeamEncoder
    files: Encoding | Encoder
    file_names: FileNames
    credential: Credential


class FivePM(HttpClient):
    """Client of a 5pm account: `async with FivePM("acme", login=…, password=…) as pm`.

    It can be constructed without a running event loop. It signs in when first needed, once for all tasks, and
    signs out when it is closed, by `async with` or `aclose()`. Much of the service is not documented: the
    options `format`, `post_params`, `dates`, `team`, `files` and `credential` switch inferred behaviour.

    Args:
        account_or_url: `acme`, `acme.5pmweb.com` or `https://acme.5pmweb.com`; `http://` only on loopback.
        login: The user's e-mail address.
        password: The user's password.
        format: Requested format of responses. Responses are recognised by their bytes, and give the same
            models.
        post_params: Place of the parameters of a POST: in its body, in its query as in the documentation's
            examples, or `split`: the object in the body, everything else in the query.
        dates: Format of a date: with a space before the time, or with a `T`.
        team: Function that encodes a list of user ids as a team.
        files: Encoding of files: as `base64` in fields, as parts of a `multipart` body, or your own function.
        file_names: Function that returns the names of the fields for a file's name and content.
        credential: Credential of requests: the id of a `session`, or `login` and password each time.
        timeouts: Timeouts for the parts of an exchange, in seconds.
        retry: Policy for sending a request again.
        limits: Maximum numbers of concurrent requests, connections and uploads.
        proxy: URL of a forward proxy, as `http://user:password@proxy.example:3128`; http or https, not SOCKS.
        ssl: A context, for instance with your own certificate authority.
        trust_env: True to take proxies from the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and
            `NO_PROXY`, which are read once, by the constructor.
        headers: Further headers for the service.
        app_info: Name and version of your program, for the User-Agent.
        session: Your own aiohttp session for the service, of the same loop and without `auth`; not closed.
        hooks: Functions called after every attempt.
        transport: `auto` uses our own HTTP/1.1 connections, which take half of aiohttp's time. It uses
            aiohttp for requests through a proxy or your session, and while its methods are patched, as by
            aioresponses, VCR, OpenTelemetry and Sentry. `aiohttp` uses it for everything.

    Raises:
        ConfigurationError: If a setting is missing, or would send the password unencrypted.
    """

    def __init__(
        self,
        account_or_url: str | None = None,
        *,
        login: str | None = None,
        password: str | Secret[str] | None = None,
        format: Format = "json",  # noqa: A002  # the word for it
        post_params: PostParams = "body",
        dates: Dates = "space",
        team: TeamEncoder = index_team,
        files: Encoding | Encoder = "base64",
        file_names: FileNames = default_file_names,
        credential: Credential = "session",
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        limits: Limits | None = None,
        proxy: str | Secret[str] | None = None,
        ssl: SSLContext | bool = True,
        trust_env: bool = False,
        headers: Mapping[str, str] | None = None,
        app_info: str | None = None,
        session: pool.Session | None = None,
        hooks: Sequence[Hook] = (),
        transport: pool.Transport = "auto",
    ) -> None:
        # First of all, because crash reporters show the variables of this frame for every error raised below.
        password, proxy, headers = conceal(password), conceal(proxy), SecretMapping(dict(headers or {}))
        base_url = base_address(account_or_url)
        form = self._form = RequestStyle(format=format, post_params=post_params, team=team, dates=dates)
        self._session = Session(
            Account(login or "", password),
            lambda login, password: calls.sign_in(form, login=login, password=password),
            lambda: calls.sign_out(form),
            credential=credential,
            in_query=post_params != "body",
        )
        self._enclosure = FileEncoding(files if callable(files) else ENCODERS[files], file_names)
        options = ConnectionOptions(
            timeouts=timeouts,
            retry=retry,
            limits=limits,
            proxy=proxy,
            ssl=ssl,
            trust_env=trust_env,
            headers=headers,
            app_info=app_info,
            session=session,
            hooks=hooks,
            transport=transport,
        )
        super().__init__(base_url, options)
        self._reset_services()

    @classmethod
    def from_env(cls, account_or_url: str | None = None, **options: Unpack[Options]) -> Self:
        """Create a client from `FIVEPM_URL FIVEPM_LOGIN FIVEPM_PASSWORD`; arguments override the environment.

        An empty value counts as unset.

        Raises:
            ConfigurationError: If a setting is missing.
        """
        found: Options = {
            "login": setting(os.environ, "FIVEPM_LOGIN"),
            "password": conceal(os.environ.get("FIVEPM_PASSWORD")),  # spaces in a password are part of it
        }
        found.update(wrap_secrets(options))
        del options
        return cls(account_or_url or setting(os.environ, "FIVEPM_URL"), **found)

    @property
    def url(self) -> str:
        """Scheme and host of the account."""
        return self._base_url

    async def aclose(self) -> None:
        """Sign out and close the connections; a second call does nothing. A failed sign-out is ignored."""
        try:
            if not self.closed:
                await self._session.leave(self._chain(evolve(self._send_options, retry=Retry.none())))
        finally:
            await super().aclose()

    def __repr__(self) -> str:
        return f"FivePM({self._base_url!r}, login={self._session.account.login!r})"

    def _chain(self, manner: SendOptions) -> Send:
        return service_chain(self._pool, self._shared_limits, manner, self._base_url)

    def _reset_services(self) -> None:
        chain, form = self._chain(self._send_options), self._form
        plain = buffer_envelopes(chain)
        send = with_session(plain, self._session)
        files = with_session(buffer_envelopes(chain, limit=MAX_ERROR_BODY), self._session)
        self.auth = Auth(send, form, self._session, plain)
        self.metainfo = Metainfo(send, form)
        self.projects = Projects(send, form)
        self.tasks = Tasks(send, form)
        self.users = Users(send, form)
        self.activity = Activities(send, files, form, self._enclosure, self._shared_limits.open_files)
        self.groups = Groups(send, form)


def base_address(account_or_url: str | None) -> str:
    """Return scheme and host of `acme`, `acme.5pmweb.com` or a whole URL, without a slash at the end.

    Raises:
        ConfigurationError: If it is missing, has more than scheme and host, or would send the password in
            clear text.
    """
    given = (account_or_url or "").strip()
    if not given:
        raise ConfigurationError(
            "the account is missing: pass 'acme' or 'https://acme.5pmweb.com', or set FIVEPM_URL and use "
            "FivePM.from_env()"
        )
    if _NAME.fullmatch(given) and given != "localhost":
        return f"https://{given.lower()}.5pmweb.com"
    return _ADDRESS.check(given if "://" in given else f"https://{given}")
