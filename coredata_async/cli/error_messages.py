"""Error messages for people at a shell: with the names of the options, and with what to check next."""

from __future__ import annotations

import re
from typing import Final

import click

from coredata_async.cli.exits import UNUSABLE, exit_code
from coredata_async.cli.output import say
from coredata_async.errors import APIConnectionError, StorageError

_ADDRESSES: Final = "coredata_async.cli.addresses"
_MESSAGES: Final = (
    (re.compile(r"\bTimeouts\.response\b"), "--timeout"),
    (re.compile(r"\bTimeouts\.(connect|pool|stall|total)\b"), r"the time allowed for it (\1)"),
    (re.compile(r"\bbase_url, DNS\b"), "--base-url, DNS"),
    (re.compile(r"\bset ssl= or\b"), "set --ca-bundle or"),
    (re.compile(r"\bproxy="), "--proxy"),
    (re.compile(r"^parent: "), "--parent: "),
    (re.compile(r"; check the id$"), "; check the id, for example with `coredata projects list`"),
)
"""Names of the Python interface, and the corresponding options."""


def remember_address(ctx: click.Context, address: str, origin: str) -> None:
    """Remember the address of the server and the setting it comes from, for `report_error`."""
    ctx.meta.setdefault(_ADDRESSES, {})[address] = origin


def report_error(exc: Exception) -> int:
    """Print one line about an error, with what to check next, and return its exit code."""
    code = exit_code(exc)
    unreachable = code == UNUSABLE and isinstance(exc, APIConnectionError | StorageError)
    say(f"coredata: {in_options(str(exc))}{_advice() if unreachable else ''}")
    return code


def in_options(text: str) -> str:
    """Replace names of the Python interface in a message by the options of the command."""
    for pattern, words in _MESSAGES:
        text = pattern.sub(words, text)
    return text


def _advice() -> str:
    context = click.get_current_context(silent=True)
    addresses: dict[str, str] = context.meta.get(_ADDRESSES, {}) if context else {}
    if not addresses:
        return ""
    servers = " and ".join(f"{address} ({origin})" for address, origin in addresses.items())
    return (
        f". The server is {servers}: check that it runs and that the address is right (`coredata "
        "config show`)"
    )
