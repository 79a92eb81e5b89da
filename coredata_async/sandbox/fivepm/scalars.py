"""A single value as text; the two formats differ only in what they put around it."""

from datetime import datetime

from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.fivepm.rendering import NoDate, Scalar

_FORMS = {"space": "%Y-%m-%d %H:%M:%S", "t": "%Y-%m-%dT%H:%M:%S", "z": "%Y-%m-%dT%H:%M:%SZ"}
_ZERO = "0000-00-00 00:00:00"


def render_scalar(value: Scalar, dialect: Dialect) -> str:
    """Return a value as the dialect writes it: nothing for what is not set."""
    match value:
        case bool():
            return str(value).lower() if dialect.booleans == "words" else str(int(value))
        case float():
            # MySQL gives decimals two places (facts 6: "0.00").
            return f"{value:.2f}"
        case datetime():
            # No zone is stated anywhere (facts 4.8), so "z" is as wrong as it may come.
            return value.strftime(_FORMS[dialect.dates])
        case NoDate():
            return _ZERO if dialect.no_date == "zero" else ""
        case _:
            return "" if value is None else str(value)
