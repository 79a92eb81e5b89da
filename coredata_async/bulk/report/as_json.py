"""Report as JSON.

The keys are those of `Report` and of the values in it. They do not change within one `format`; new ones may
be added. `counts` also contains `excluded`; `exit_code`, `adds_up` and `finished` are added. Times are
seconds since the epoch. For a path that is not UTF-8, `raw` contains the bytes in hexadecimal. It contains
no key and no signed URL, because the journal has none.
"""

from __future__ import annotations

from typing import Final, cast

from coredata_async.bulk.plain import to_plain
from coredata_async.bulk.report.report import Report
from coredata_async.version import VERSION

FORMAT: Final = 1


def as_json(report: Report) -> dict[str, object]:
    """Return the report as values for `json.dumps`."""
    values = to_plain(report)
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
