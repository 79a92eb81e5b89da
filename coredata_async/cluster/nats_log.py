"""Filter for a message that asyncio logs at each end of an encrypted connection of nats-py."""

from __future__ import annotations

import logging
from typing import Final

_TEXT: Final = "returning true from eof_received() has no effect when using ssl"


def hide_end_of_tls() -> None:
    """Hide the message, in programs that own the process.

    nats-py starts TLS on a protocol that does not know of it, so asyncio reports the end of the connection as
    a mistake. It has no effect.
    """
    logging.getLogger("asyncio").addFilter(_is_other)


def _is_other(record: logging.LogRecord) -> bool:
    return record.msg != _TEXT
