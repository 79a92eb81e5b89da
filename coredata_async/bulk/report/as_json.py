"""A report as JSON.

The keys are those of `Report` and of the values in it, and stay what they are within one `format`; new ones
may be added. `counts` also holds `excluded`; `exit_code`, `adds_up` and `finished` are there, too. Times are
seconds since the epoch. Of a path that is no UTF-8, `raw` has the bytes in hexadecimal. There is no key and
no signed URL in it: the journal has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

import attrs

from coredata_async.bulk.report.report import Report
from coredata_async.version import VERSION

FORMAT: Final = 1


def as_json(report: Report) -> dict[str, object]:
    """The report as what `json.dumps` takes."""
    found = cast("dict[str, object]", _plain(report))
    excluded = found.pop("excluded")
    counts = {**cast("dict[str, object]", found.pop("counts")), "excluded": excluded}
    return {
        "format": FORMAT,
        "version": VERSION,
        "exit_code": report.exit_code,
        "adds_up": report.adds_up,
        "finished": report.finished,
        "counts": counts,
        **found,
    }


def _plain(value: object) -> object:
    match value:
        case bytes():
            return value.hex()
        case Mapping():
            found = cast("Mapping[object, object]", value)
            return {str(name): _plain(each) for name, each in found.items()}
        case str():
            return str(value)  # a reason becomes its word
        case Sequence():
            return [_plain(each) for each in cast("Sequence[object]", value)]
        case _ if attrs.has(type(value)):
            names = (spot.name for spot in attrs.fields(cast("type[attrs.AttrsInstance]", type(value))))
            return {name: _plain(getattr(value, name)) for name in names}
        case _:
            return value
