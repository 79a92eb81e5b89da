"""Service `metainfo`: the statuses and priorities of this account (facts 3.2, 6)."""

from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.arguments import Arguments
from coredata_async.sandbox.fivepm.fields import Record
from coredata_async.sandbox.fivepm.rendering import Listed, Shown


def get_statuses(account: Account, asked: Arguments) -> Listed:
    """List the statuses, without `total` and `count`."""
    return Listed(tuple(_render(account, one) for one in account.state.statuses))


def get_priorities(account: Account, asked: Arguments) -> Listed:
    """List the priorities, without `total` and `count`."""
    return Listed(tuple(_render(account, one) for one in account.state.priorities))


def _render(account: Account, row: Record) -> Shown:
    plain = {name: value for name, value in row.items() if not isinstance(value, tuple)}
    return {**plain, "id": int(str(row["id"]))} if account.dialect.numbers == "numbers" else plain
