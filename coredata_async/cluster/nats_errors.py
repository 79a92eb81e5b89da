"""Errors of nats-py: those that it raises as text for people, and a harmless one that asyncio logs for it."""

from __future__ import annotations

import logging
from typing import Final

from coredata_async.records.kv_bucket import describe_error

MIN_PAYLOAD: Final = 1 << 20
"""Minimum of `max_payload`, in bytes, and its default: entries and parts of objects are smaller."""
OTHER_CONFIGURATION: Final = 10058
"""Code of the server's error if a stream exists with another configuration."""
_FULL: Final = frozenset({10002, 10023, 10028, 10047, 10049, 10077, 10122})
"""Codes of the server's errors if a limit of JetStream, an account, a stream or the disk is reached."""
_NO_SPACE: Final = "no space left on device"
_MAKE_ROOM: Final = (
    "the NATS server has no room: raise max_file_store of its jetstream, or max_bytes of the stream, or make "
    "room on its disk, and start it again; jobs then go on"
)
_END_OF_TLS: Final = "returning true from eof_received() has no effect when using ssl"


def describe_failure(failure: Exception) -> str:
    """Return an error of nats-py as text, with what to do if a setting of the server is the cause."""
    text, code = describe_error(failure), getattr(failure, "err_code", None)
    if code in _FULL or _NO_SPACE in text:
        return f"{text}; {_MAKE_ROOM}"
    if code == OTHER_CONFIGURATION:
        return (
            f"{text}; all commands need the same --cluster-replicas, and only max_bytes of buckets may differ"
        )
    if type(failure).__name__ == "MaxPayloadError":
        return f"{text}; a message is larger than max_payload of the NATS server: raise it"
    return text


def hide_end_of_tls() -> None:
    """Hide a message that asyncio logs at each end of an encrypted connection. For programs, not libraries.

    nats-py starts TLS on a protocol that does not know of it, so asyncio reports the end of the connection as
    a mistake. It has no effect.
    """
    logging.getLogger("asyncio").addFilter(_is_other)


def _is_other(record: logging.LogRecord) -> bool:
    return record.msg != _END_OF_TLS
