"""Report as JSON.

The keys are those of `Report` and of the values in it. They do not change within one `format`; new ones may
be added. `counts` also contains `excluded`; `exit_code`, `adds_up` and `finished` are added. Times are
seconds since the epoch. For a path that is not UTF-8, `raw` contains the bytes in hexadecimal. It contains
no key and no signed URL, because the journal has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

import attrs

from coredata_async.bulk.report.report import Report
from coredata_async.version import VERSION

FORMAT: Final = 1


def as_json(report: Report) -> dict[str, object]:
    """Return the report as values for `json.dumps`."""
    values = cast("dict[str, object]", _plain(report))
    excluded = values.pop("excluded")
    counts = {**cast("dict[str, object]", values.pop("counts")), "excluded": excluded}
    return {
        "format": FORMAT,
        "version": VERSION,
        "exit_code": report.exit_code,
        "adds_up": report.adds_up,
        "finished": report.finished,
        "counts": counts,
        **values,
    }


def _plain(value: object) -> object:
    match value:
        case bytes():
            return value.hex()
        case Mapping():
            mapping = cast("Mapping[object, object]", value)
            return {str(name): _plain(item) for name, item in mapping.items()}
        case str():
            return str(value)  # a reason becomes a plain string
        case Sequence():
            return [_plain(item) for item in cast("Sequence[object]", value)]
        case _ if attrs.has(type(value)):
            names = (
                attribute.name for attribute in attrs.fields(cast("type[attrs.AttrsInstance]", type(value)))
            )
            return {name: _plain(getattr(value, name)) for name in names}
        case _:
            return value
