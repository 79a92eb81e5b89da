"""Failures of a command: the message for people at a shell, and the exit code."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final, TypeVar

import click

from coredata_async.cli.output import say
from coredata_async.errors import (
    APIConnectionError,
    AuthenticationError,
    ChecksumMismatchError,
    ConfigurationError,
    CoreDataError,
    OutcomeUnknownError,
    SourceError,
    StorageError,
)
from coredata_async.redaction import Redactor
from coredata_async.secret import Secret
from coredata_async.transfer.workers import map_concurrently

A = TypeVar("A")
B = TypeVar("B")

FAILED: Final = 1
USAGE: Final = 2
UNUSABLE: Final = 6
"""The same command will fail again until a person has fixed the cause."""
INTERRUPTED: Final = 130

_CODES: Final = (
    (ConfigurationError, USAGE),
    (AuthenticationError, UNUSABLE),
    (ChecksumMismatchError, 4),
    (SourceError, 3),
    (OutcomeUnknownError, 5),
    (APIConnectionError, UNUSABLE),
)
"""The first matching class counts."""
AT_ONCE: Final = 8
_ADDRESSES: Final = "coredata_async.cli.addresses"
_MESSAGES: Final = (
    (re.compile(r"\bTimeouts\.response\b"), "--timeout"),
    (re.compile(r"\bTimeouts\.(connect|pool|stall|total)\b"), r"the time allowed for it (\1)"),
    (re.compile(r"\bbase_url, DNS\b"), "--base-url, DNS"),
    (re.compile(r"\bset ssl= or\b"), "set --ca-bundle or"),
    (re.compile(r"\bproxy="), "--proxy"),
    (re.compile(r"\btoken_file= or\b"), "--cluster-token-file or"),
    (re.compile(r"\bfingerprint= or\b"), "--cluster-fingerprint or"),
    (re.compile(r"\bauthorities= or\b"), "--cluster-ca or"),
    (re.compile(r"^parent: "), "--parent: "),
    (re.compile(r", or pass session= and storage_session=.*"), ""),
    (re.compile(r"`client\.value_lists\.get\('(\w+)'\)`"), r"`coredata value-lists get \1`"),
    (re.compile(r"\blower Limits\.concurrency or set Limits\.rate\b"), "try again later, with less at once"),
    (re.compile(r"; check the id$"), "; check the id, for example with `coredata projects list`"),
)
"""Names of the Python interface, and the corresponding options."""
_CREDENTIAL: Final = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL", re.IGNORECASE)
"""Names of environment variables whose values are never quoted."""
_SHORTEST: Final = 6
"""Minimum length of such a value. A shorter one occurs in messages by chance."""


def exit_code(exc: BaseException) -> int:
    """Return the exit code for an error."""
    if isinstance(exc, StorageError) and isinstance(exc.__cause__, APIConnectionError):
        return UNUSABLE
    found = next((code for kind, code in _CODES if isinstance(exc, kind)), FAILED)
    return UNUSABLE if found == FAILED and _is_about_state(exc) else found


def _is_about_state(exc: BaseException) -> bool:
    """Return whether the journal, or the server of a cluster, cannot be used."""
    from coredata_async.bulk.journal.errors import JournalError  # noqa: PLC0415  # it imports all of `bulk`
    from coredata_async.cluster.errors import ClusterError  # noqa: PLC0415  # as it does

    return isinstance(exc, JournalError | ClusterError)


def remember_address(ctx: click.Context, address: str, origin: str) -> None:
    """Remember the address of the server and the setting it comes from, for `report_error`."""
    ctx.meta.setdefault(_ADDRESSES, {})[address] = origin


def report_error(exc: Exception) -> int:
    """Print one line about an error, with what to check next, and return its exit code."""
    code = exit_code(exc)
    unreachable = code == UNUSABLE and isinstance(exc, APIConnectionError | StorageError)
    say(mask_credentials(f"coredata: {in_options(str(exc))}{_advice() if unreachable else ''}"))
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


def show_usage_error(exc: click.ClickException) -> None:
    """Print an error of the command line on stderr, as click does, without the credentials in it.

    A credential is among the arguments if a variable was expanded in the wrong place, as in `--$TOKEN`.
    """
    shown = io.StringIO()
    exc.show(shown)
    click.echo(mask_credentials(shown.getvalue()), err=True, nl=False)


def mask_credentials(text: str) -> str:
    """Mask the values of the environment variables that are named like a credential."""
    return Redactor(tuple(_credentials()))(text)


def _credentials() -> Iterator[Secret[str]]:
    for name, value in os.environ.items():
        if _CREDENTIAL.search(name) and not os.path.exists(value):  # noqa: PTH110  # `Path` rejects some values
            # The name of an option ends at the first "=", which may be inside a credential.
            yield from (Secret(each) for each in {value, value.partition("=")[0]} if len(each) >= _SHORTEST)


async def run_each(
    things: Iterable[A], do: Callable[[A], Awaitable[B]], width: int = AT_ONCE
) -> list[B | Exception]:
    """Apply an action to each object, a few at a time, and return results and errors in their order.

    Raises:
        OSError: If the action cannot print its result. This ends the command, and is not about the object.
    """

    async def call_catching(thing: A) -> B | Exception:
        try:
            return await do(thing)
        except CoreDataError as exc:
            return exc

    return await map_concurrently(list(things), call_catching, width)


def exit_on_failures(outcomes: Iterable[object]) -> None:
    """Report every failure, and exit with the code of the most severe."""
    codes = [report_error(each) for each in outcomes if isinstance(each, Exception)]
    if codes:
        raise click.exceptions.Exit(max(codes))
