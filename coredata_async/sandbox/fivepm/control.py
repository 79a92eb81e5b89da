"""Endpoint of the sandbox for 5pm, for tests in another process: it shows the state and changes the dialect.

`POST /sandbox/fivepm` with `{"dialect": {"errors": "body"}, "expire_sessions": true}`; both may be
omitted. It needs no credentials, like `/sandbox/faults`.
"""

from collections.abc import Iterable, Mapping
from typing import cast, get_args, get_type_hints

import attrs

from coredata_async.sandbox.answer import Answer, as_json, refuse
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.service import Route, Service

_PATH = "/sandbox/fivepm"
_NOUNS = ("project", "task", "user", "activity", "file", "group")


def routes(account: Account) -> Iterable[Route]:
    """Yield the endpoint's two operations."""

    async def show_account(service: Service, call: Call) -> Answer:
        return as_json(_render_account(account))

    async def switch(service: Service, call: Call) -> Answer:
        body = await call.json()
        given = body.get("dialect", {})
        if not isinstance(given, dict):
            raise refuse("dialect is not an object.")
        account.dialect = change_dialect(account.dialect, cast("dict[str, object]", given))
        if body.get("expire_sessions") is True:
            account.expire_sessions()
        return as_json(_render_account(account))

    yield Route("GET", _PATH, "sandbox.fivepm", show_account, auth="none")
    yield Route("POST", _PATH, "sandbox.fivepm", switch, auth="none")


def change_dialect(dialect: Dialect, given: Mapping[str, object]) -> Dialect:
    """Return a dialect with some of its fields set, or refuse an invalid field or value."""
    hints = get_type_hints(Dialect)
    for name, value in given.items():
        if name not in hints:
            raise refuse(f"dialect: {name} does not exist.")
        if not _fits(value, hints[name]):
            raise refuse(f"dialect: {name} cannot be {value!r}.")
    settings = attrs.asdict(dialect)
    settings.update(given)
    return Dialect(**settings)


def _fits(value: object, hint: object) -> bool:
    """Return whether a type or union of types and literals has this value."""
    inner = get_args(hint)
    if inner:
        return any(_fits(value, one) for one in inner)
    if isinstance(hint, type):
        return type(value) is hint
    return type(value) is type(hint) and value == hint


def _render_account(account: Account) -> dict[str, object]:
    return {
        "dialect": attrs.asdict(account.dialect),
        "counts": {noun: len(account.state.of(noun)) for noun in _NOUNS},
        "emails": [attrs.asdict(one) for one in account.emails],
        "signed_in": account.sessions.opened,
    }
