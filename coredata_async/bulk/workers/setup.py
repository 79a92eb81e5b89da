"""Setup of a worker: the first message, with the client's options and the worker's share of the limits.

It is sent over the channel because it contains the key: other processes can read the arguments and the
environment of a process, and its children inherit them. The limits of a job are divided among its processes,
so that together they never exceed those of one process.
"""

from __future__ import annotations

import logging
import ssl
import sys
from typing import Any, Final, cast

from attrs import evolve, frozen

from coredata_async.bulk.options import Effort, JobSpec
from coredata_async.bulk.plain import from_plain, to_plain
from coredata_async.bulk.workers.channel import Message
from coredata_async.client import CoreData
from coredata_async.config import Limits, Retry, Timeouts
from coredata_async.environment import Options, bundle_of, from_environment
from coredata_async.errors import ConfigurationError
from coredata_async.secret import Secret, wrap_secrets

_PLAIN: Final = ("api_user", "trust_env", "app_info", "transport")
_SECRETS: Final = ("api_key", "api_key_v3", "proxy")
_UNSUPPORTED: Final = {
    "session": "a session of your own",
    "storage_session": "a session of your own",
    "hooks": "hooks",
}
_LOG: Final = "coredata_async"
PARENT: Final = 1 / 8
"""Share of requests and retries that the parent keeps for listings, folders and lost responses."""


@frozen
class ProcessLimits:
    """Limits of one process."""

    limits: Limits
    retry: Retry


@frozen
class SplitLimits:
    """Limits of the parent and of each worker."""

    parent: ProcessLimits
    worker: ProcessLimits


@frozen
class WorkerSetup:
    """Client, limits and effort of a worker."""

    client: CoreData
    limits: ProcessLimits
    effort: Effort


def check(client: CoreData, processes: int) -> None:
    """Refuse options that several processes cannot share, before anything begins.

    Raises:
        ConfigurationError: If such an option is set; the message says what to do instead.
    """
    if processes == 1:
        return
    if sys.platform == "win32" or not sys.executable or getattr(sys, "frozen", False):
        raise ConfigurationError("several processes need Unix and a Python interpreter; use one process")
    engine = client.engine()
    encode_setup(client, split_limits(engine.limits, engine.retry, processes).worker, Effort())


def encode_setup(client: CoreData, share: ProcessLimits, effort: Effort) -> Secret[Message]:
    """Return the message that sets up a worker: plain values, and separately keys, proxy and headers.

    The secrets are unwrapped when the message is written to the worker's socket.

    Raises:
        ConfigurationError: If an option of the client works only in this process.
    """
    address, options = client.arguments()
    for name, description in _UNSUPPORTED.items():
        if options.get(name):
            raise ConfigurationError(
                f"{name}=: other processes cannot use {description}; create the client without it, or "
                "use one process"
            )
    context = options.get("ssl", True)
    bundle = bundle_of(context) if isinstance(context, ssl.SSLContext) else None
    if isinstance(context, ssl.SSLContext) and bundle is None:
        raise ConfigurationError(
            "ssl=: other processes cannot use an SSLContext of your own; name a file of certificates in "
            "COREDATA_CA_BUNDLE (and use CoreData.from_env()), or use one process"
        )
    plain = {
        "address": address,
        **{name: options.get(name) for name in _PLAIN},
        "timeouts": to_plain(options.get("timeouts") or Timeouts()),
        "bundle": bundle,
        "ssl": bundle is None and context,
        "spec": JobSpec(effort=effort, retry=share.retry, limits=share.limits).to_dict(),
        "log": _log_level(),
    }
    return Secret(["setup", plain, _plain_secrets(options)])


def _plain_secrets(options: Options) -> dict[str, Any]:
    secrets = {name: options.get(name) for name in _SECRETS}
    return {
        "headers": dict(options.get("headers") or {}),
        **{name: value.reveal() if isinstance(value, Secret) else value for name, value in secrets.items()},
    }


def decode_setup(plain: dict[str, Any], secrets: Secret[dict[str, Any]]) -> WorkerSetup:
    """Return the setup from the parts of the message, with a client that has opened nothing yet."""
    options: dict[str, Any] = {name: plain[name] for name in _PLAIN}
    if plain["bundle"]:
        options["ssl"] = from_environment({"COREDATA_CA_BUNDLE": plain["bundle"]})[1].get("ssl")
    else:
        options["ssl"] = plain["ssl"]
    if plain["log"]:
        from_environment({"COREDATA_LOG": plain["log"]})
    spec = JobSpec.from_dict(plain["spec"])
    share = ProcessLimits(spec.limits, spec.retry)
    options |= {
        "timeouts": from_plain(Timeouts, plain["timeouts"]),
        "limits": share.limits,
        "retry": share.retry,
        **wrap_secrets(cast("Options", secrets.reveal())),
    }
    client = CoreData(plain["address"], **options)
    return WorkerSetup(client, share, spec.effort)


def _log_level() -> str:
    """Return the level of COREDATA_LOG in this process, for the worker's log; empty if it is not set."""
    log = logging.getLogger(_LOG)
    is_set = any(type(handler) is logging.StreamHandler for handler in log.handlers)
    return logging.getLevelName(log.level) if is_set and log.level else ""


def split_limits(limits: Limits, retry: Retry, processes: int) -> SplitLimits:
    """Divide the limits among this many workers and their parent.

    Connections, requests in flight, requests per second and the budget of retries add up to those of one
    process. Streams and open files are limited per machine: each worker gets at least one.

    Raises:
        ConfigurationError: If a limit is less than one for each process.
    """
    for name in ("connections", "concurrency"):
        if getattr(limits, name) <= processes:
            raise ConfigurationError(
                f"{processes} processes cannot share Limits.{name}={getattr(limits, name)}: each process and "
                "the job itself need one; increase it, or use fewer processes"
            )
    return SplitLimits(
        parent=ProcessLimits(_parent_limits(limits, processes), evolve(retry, budget=retry.budget * PARENT)),
        worker=ProcessLimits(
            _worker_limits(limits, processes), evolve(retry, budget=retry.budget * (1 - PARENT) / processes)
        ),
    )


def _parent_limits(limits: Limits, processes: int) -> Limits:
    return evolve(
        limits,
        connections=_parent_part(limits.connections, processes),
        concurrency=_parent_part(limits.concurrency, processes),
        rate=limits.rate and limits.rate * PARENT,
    )


def _worker_limits(limits: Limits, processes: int) -> Limits:
    return evolve(
        limits,
        connections=(limits.connections - _parent_part(limits.connections, processes)) // processes,
        concurrency=(limits.concurrency - _parent_part(limits.concurrency, processes)) // processes,
        uploads=max(1, limits.uploads // processes),
        open_files=max(1, limits.open_files // processes),
        rate=limits.rate and limits.rate * (1 - PARENT) / processes,
    )


def _parent_part(count: int, processes: int) -> int:
    return max(1, min(int(count * PARENT), count - processes))
