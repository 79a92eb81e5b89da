"""Actions add, update, remove and getById for any kind of object."""

from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.arguments import Arguments
from coredata_async.sandbox.fivepm.errors import missing, refusal
from coredata_async.sandbox.fivepm.fields import EMPTY, REFERS, Noun, Record
from coredata_async.sandbox.fivepm.values import accept_fields, text


def find(account: Account, noun: Noun, identifier: str) -> Record:
    """Return an object, or refuse."""
    record = account.state.of(noun.name).get(identifier)
    if record is None:
        raise missing(noun.name)
    return record


def find_requested(account: Account, noun: Noun, asked: Arguments) -> Record:
    """Return the object of a flat `id`."""
    return find(account, noun, text(asked.arguments, "id"))


def add(account: Account, noun: Noun, asked: Arguments, *, defaults: Record | None = None) -> Record:
    """Create an object from the given values; missing ones have their defaults."""
    given = accept_fields(noun, asked.array(noun.name))
    needed = (*noun.required, *(noun.observed if account.dialect.required == "observed" else ()))
    lacking = [name for name in needed if given.get(name) in ("", None)]
    if lacking:
        raise refusal(400, f"{noun.name} needs {', '.join(lacking)}.")
    _check(account, noun, given)
    blank: Record = {name: EMPTY[kind] for name, kind in noun.fields.items()}
    now: Record = {name: account.state.now for name in ("createdAt", "updatedAt") if name in noun.given}
    owner: Record = {"ownerId": asked.user} if "ownerId" in noun.fields else {}
    return account.state.add(noun, {**blank, **noun.defaults, **owner, **(defaults or {}), **given, **now})


def change(account: Account, noun: Noun, asked: Arguments) -> tuple[Record, Record]:
    """Change only the given values (facts 4.13); return the object before and after."""
    array = asked.array(noun.name)
    identifier = text(array, "id")
    if not identifier:
        raise refusal(400, f"{noun.name} needs id.")
    before = find(account, noun, identifier)
    given = accept_fields(noun, array)
    needed = (*noun.required, *(noun.observed if account.dialect.required == "observed" else ()))
    emptied = [name for name in needed if name in given and given[name] in ("", None)]
    if emptied:
        raise refusal(400, f"{noun.name} needs {', '.join(emptied)}.")
    _check(account, noun, given)
    return before, account.state.change(noun, identifier, given)


def _check(account: Account, noun: Noun, given: Record) -> None:
    """Refuse a reference to a missing object, and a value that the page does not list as valid."""
    choices = {**noun.choices, **account.state.choices(noun)}
    for name, value in given.items():
        if value not in (*choices.get(name, (value,)), EMPTY[noun.kind(name)]):
            raise refusal(400, f"{name}: {value} is not a valid value.")
        kind = noun.kind(name)
        if kind == "team" and isinstance(value, tuple):
            unknown = [one for one in value if one not in account.state.users]
        else:
            kept = account.state.of(REFERS[name]) if kind == "reference" else {}
            unknown = [str(value)] if kind == "reference" and value and value not in kept else []
        if unknown:
            raise refusal(400, f"{name}: unknown value {', '.join(unknown)}.")
