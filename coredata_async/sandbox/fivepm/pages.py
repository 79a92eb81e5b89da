"""One page of a list; its base, default and cap are the dialect's (facts 9)."""

from collections.abc import Sequence

from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.fivepm.fields import Record
from coredata_async.sandbox.fivepm.php import Array
from coredata_async.sandbox.fivepm.values import value


def page(records: Sequence[Record], arguments: Array, dialect: Dialect) -> Sequence[Record]:
    """Return the part in `offset` and `count`."""
    count = _whole(arguments, "count") or dialect.page_cap
    base = dialect.offset_base
    start = 0 if base is None else max(0, _whole(arguments, "offset") - base)
    return records[start : start + min(max(count, 0), dialect.page_cap)]


def _whole(arguments: Array, name: str) -> int:
    known = value("integer", name, arguments.get(name, ""))
    return known if isinstance(known, int) else 0
