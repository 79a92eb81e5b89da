"""What a worker is told first: whose client it is to be, and its share of the work.

It goes over the line, for the key is in it: arguments and environment of a process can be read by others, and
are inherited by what it starts.
"""

from __future__ import annotations

import logging
import ssl
import sys
from typing import Any, Final, cast

from attrs import asdict, frozen

from coredata_async.bulk.options import Effort
from coredata_async.bulk.workers.channel import Message
from coredata_async.bulk.workers.limits import ProcessLimits, split_limits
from coredata_async.client import CoreData
from coredata_async.config import Limits, Retry, Timeouts
from coredata_async.environment import Options, bundle_of, from_environment, wrap_secrets
from coredata_async.errors import ConfigurationError
from coredata_async.secret import Secret

_CROSSES: Final = ("api_user", "trust_env", "app_info", "transport")
_SECRETS: Final = ("api_key", "api_key_v3", "proxy")
_CANNOT: Final = {
    "session": "a session of your own",
    "storage_session": "a session of your own",
    "hooks": "hooks",
}
_LOG: Final = "coredata_async"


@frozen
class WorkerSetup:
    """What a worker is made of."""

    client: CoreData
    limits: ProcessLimits
    effort: Effort


def check(client: CoreData, processes: int) -> None:
    """Refuse what several processes cannot do, before anything begins.

    Raises:
        ConfigurationError: It says what to do instead.
    """
    if processes == 1:
        return
    if sys.platform == "win32" or not sys.executable or getattr(sys, "frozen", False):
        raise ConfigurationError("several processes need Unix, and Python as a program: take one process")
    engine = client.engine()
    plain_setup(client, split_limits(engine.limits, engine.retry, processes).worker, Effort())


def plain_setup(client: CoreData, share: ProcessLimits, effort: Effort) -> Secret[Message]:
    """Return the message that sets a worker up: plain values, and apart from them keys, proxy and headers.

    It is unwrapped when it is written to the worker's socket.

    Raises:
        ConfigurationError: The client has what only this process can have.
    """
    address, options = client.arguments()
    for name, words in _CANNOT.items():
        if options.get(name):
            raise ConfigurationError(
                f"{name}=: other processes cannot use {words}; make the client without, or take one process"
            )
    context = options.get("ssl", True)
    bundle = bundle_of(context) if isinstance(context, ssl.SSLContext) else None
    if isinstance(context, ssl.SSLContext) and bundle is None:
        raise ConfigurationError(
            "ssl=: other processes cannot use a context of your own; name a file of certificates in "
            "COREDATA_CA_BUNDLE (and use CoreData.from_env()), or take one process"
        )
    plain = {
        "address": address,
        **{name: options.get(name) for name in _CROSSES},
        "timeouts": asdict(options.get("timeouts") or Timeouts()),
        "bundle": bundle,
        "ssl": bundle is None and context,
        "limits": asdict(share.limits),
        "retry": asdict(share.retry),
        "effort": asdict(effort),
        "log": _log_level(),
    }
    return Secret(["setup", plain, _plain_secrets(options)])


def _plain_secrets(options: Options) -> dict[str, Any]:
    found = {name: options.get(name) for name in _SECRETS}
    return {
        "headers": dict(options.get("headers") or {}),
        **{name: value.reveal() if isinstance(value, Secret) else value for name, value in found.items()},
    }


def setup_of(plain: dict[str, Any], secrets: Secret[dict[str, Any]]) -> WorkerSetup:
    """Make a client of this process, which has opened nothing yet, from the parts of the message."""
    options: dict[str, Any] = {name: plain[name] for name in _CROSSES}
    if plain["bundle"]:
        options["ssl"] = from_environment({"COREDATA_CA_BUNDLE": plain["bundle"]})[1].get("ssl")
    else:
        options["ssl"] = plain["ssl"]
    if plain["log"]:
        from_environment({"COREDATA_LOG": plain["log"]})
    share = ProcessLimits(Limits(**plain["limits"]), Retry(**plain["retry"]))
    options |= {
        "timeouts": Timeouts(**plain["timeouts"]),
        "limits": share.limits,
        "retry": share.retry,
        **wrap_secrets(cast("Options", secrets.reveal())),
    }
    client = CoreData(plain["address"], **options)
    return WorkerSetup(client, share, Effort(**plain["effort"]))


def _log_level() -> str:
    """What COREDATA_LOG says here, so that a worker writes its part of the log; empty if it says nothing."""
    log = logging.getLogger(_LOG)
    ours = any(type(handler) is logging.StreamHandler for handler in log.handlers)
    return logging.getLevelName(log.level) if ours and log.level else ""
