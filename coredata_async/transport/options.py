"""Options that the clients of both services share."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from typing import TypedDict

from attrs import evolve, field, frozen

from coredata_async.config import Limits, Retry, Timeouts
from coredata_async.secret import Secret
from coredata_async.transport.pool import Session, Transport
from coredata_async.transport.trace import Hook


class ConnectionOptions(TypedDict, total=False):
    """Keywords of every client for connections and requests."""

    timeouts: Timeouts | None
    retry: Retry | None
    limits: Limits | None
    proxy: str | Secret[str] | None
    ssl: ssl.SSLContext | bool
    trust_env: bool
    headers: Mapping[str, str] | None
    app_info: str | None
    session: Session | None
    hooks: Sequence[Hook]
    transport: Transport


@frozen(kw_only=True)
class SendOptions:
    """Options for sending requests; copies of a client may differ in them."""

    timeouts: Timeouts = field(factory=Timeouts)
    retry: Retry = field(factory=Retry)
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    hooks: Sequence[Hook] = ()
    app_info: str | None = None

    def evolve(
        self,
        *,
        timeouts: Timeouts | None,
        retry: Retry | None,
        headers: Mapping[str, str] | None,
        hooks: Sequence[Hook] | None,
    ) -> SendOptions:
        """Return a copy with the given options replaced."""
        return evolve(
            self,
            timeouts=timeouts or self.timeouts,
            retry=retry or self.retry,
            headers=self.headers if headers is None else headers,
            hooks=self.hooks if hooks is None else hooks,
        )
