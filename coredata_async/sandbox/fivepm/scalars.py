"""Single value as text; the two formats differ only in the wrapping."""

from datetime import datetime

from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.fivepm.rendering import NoDate, Scalar

_FORMS = {"space": "%Y-%m-%d %H:%M:%S", "t": "%Y-%m-%dT%H:%M:%S", "z": "%Y-%m-%dT%H:%M:%SZ"}
_ZERO = "0000-00-00 00:00:00"


def render_scalar(value: Scalar, dialect: Dialect) -> str:
    """Return a value as the dialect writes it: an empty text for an unset one."""
    match value:
        case bool():
            return str(value).lower() if dialect.booleans == "words" else str(int(value))
        case float():
            # MySQL writes decimals with two places (facts 6: "0.00").
            return f"{value:.2f}"
        case datetime():
            # A zone is not stated anywhere (facts 4.8), so "z" is the worst case.
            return value.strftime(_FORMS[dialect.dates])
        case NoDate():
            return _ZERO if dialect.no_date == "zero" else ""
        case _:
            return "" if value is None else str(value)
