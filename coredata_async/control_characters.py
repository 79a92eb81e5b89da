"""Escaping of characters that control a terminal or a log: line breaks, escapes, direction marks."""

from __future__ import annotations

import json
import math
import re
from typing import Final, cast

_DIRECTION: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_BREAKS: Final = "\u2028\u2029"
_UNPAIRED: Final = "\ud800-\udfff"
_CONTROLS: Final = re.compile(f"[\x00-\x1f\x7f-\x9f{_BREAKS}{_DIRECTION}\ufeff{_UNPAIRED}]")
_NOT_ESCAPED_BY_JSON: Final = re.compile(f"[\x7f-\x9f{_BREAKS}{_DIRECTION}\ufeff{_UNPAIRED}]")


def escape_controls(text: str) -> str:
    r"""Escape control characters as `\n`, `\x1b` or `\u202e`, so that the text is one harmless line.

    Text from a server or a file system is escaped here before it is part of a message, a log record or a line
    on a terminal.
    """
    if text.isprintable():
        return text
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def json_line(value: object, *, indent: int | None = None, ascii_only: bool = False) -> str:
    r"""Encode a value as JSON, with readable letters and with control characters as `\u009b`.

    NaN and the infinities, which JSON does not have, become null.

    Args:
        value: Any value that `json.dumps` accepts.
        indent: Spaces per level; None for one line.
        ascii_only: Also escape letters outside ASCII.
    """
    try:
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent, allow_nan=False)
    except ValueError:
        text = json.dumps(_without_nan(value), ensure_ascii=ascii_only, indent=indent)
    return _NOT_ESCAPED_BY_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _without_nan(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_key(name): _without_nan(each) for name, each in cast("dict[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in cast("list[object]", value)]
    return value


def _key(name: object) -> object:
    return str(name) if isinstance(name, float) and not math.isfinite(name) else name
