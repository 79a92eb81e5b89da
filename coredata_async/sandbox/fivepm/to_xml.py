"""Rendered values as XML: the only observed format (facts 6)."""

import re
from collections.abc import Mapping

from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.fivepm.rendering import Listed, Shown
from coredata_async.sandbox.fivepm.scalars import render_scalar

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_AWKWARD = re.compile(r"[&<>\r\n]")


def document(value: Shown, dialect: Dialect) -> bytes:
    """Return the body of the response."""
    return f"{_HEAD}{_element(dialect.root, value, dialect)}".encode()


def _element(name: str, value: Shown, dialect: Dialect) -> str:
    inside = _inside(value, dialect)
    return f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"


def _inside(value: Shown, dialect: Dialect) -> str:
    if isinstance(value, Listed):
        return _render_list(value, dialect)
    if isinstance(value, Mapping):
        return "".join(_element(name, one, dialect) for name, one in value.items())
    return _text(render_scalar(value, dialect))


def _text(text: str) -> str:
    """Write markup as CDATA, as the real service does (facts 6); characters that XML forbids are omitted."""
    clean = _FORBIDDEN.sub("", text)
    if not _AWKWARD.search(clean):
        return clean
    # A parser turns every line end into a line feed; a carriage return survives only as a reference.
    lines = (part.replace("]]>", "]]]]><![CDATA[>") for part in clean.split("\r"))
    return "&#13;".join(f"<![CDATA[{line}]]>" for line in lines)


def _render_list(value: Listed, dialect: Dialect) -> str:
    items = "".join(_element("item", one, dialect) for one in value.items)
    if value.total is None or dialect.items == "bare":
        return items
    sums = f"<total>{value.total}</total><count>{len(value.items)}</count>" if dialect.totals else ""
    return f"{sums}<items>{items}</items>" if items else f"{sums}<items/>"
