"""Decoder from bytes to plain values.

The bytes decide the format, because the Content-Type is not reliable.
"""

from __future__ import annotations

import json
import re
from typing import Final, cast

from coredata_async.fivepm.codec import xml
from coredata_async.json_text import decode_json
from coredata_async.nesting import check_depth

Tree = xml.Tree
"""Value that JSON can hold.

From XML, all values are texts, and an element without content is an empty text.
"""

_BOM: Final = b"\xef\xbb\xbf"
_FATAL: Final = re.compile(rb"(?:Fatal error|Parse error|Uncaught \w+|Warning|Notice|Deprecated)\b.{0,20}:")
_HTML: Final = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_SNIFF_BYTES: Final = 400
"""Number of bytes at the start of a body that are searched for PHP's own error messages."""


def parse(body: bytes) -> Tree:
    """Decode XML or JSON, whichever it is.

    Raises:
        ValueError: If it is neither: empty, a web page, a message of PHP, or broken.
        ConfigurationError: If it is XML, and the extra `fivepm` is not installed.
    """
    data = body.removeprefix(_BOM).strip()
    match data[:1]:
        case b"":
            raise ValueError("the response is empty")
        case b"{" | b"[":
            return _json(data)
        case b"<":
            return _xml(data)
        case _:
            return _scalar(data)


def _json(data: bytes) -> Tree:
    try:
        return cast("Tree", check_depth(decode_json(_decode(data))))
    except json.JSONDecodeError as exc:
        raise ValueError(f"the JSON is broken or cut short after {len(data)} bytes ({exc.msg})") from None


def _xml(data: bytes) -> Tree:
    if _HTML.match(data):
        raise ValueError(
            "the response is a web page; check the address, and that no login page is in between"
        )
    try:
        return xml.parse(data)
    except ValueError:
        if _FATAL.search(data[:_SNIFF_BYTES]):
            raise ValueError("the service's PHP failed, and sent its error message as the response") from None
        raise


def _scalar(data: bytes) -> Tree:
    """Decode a bare JSON value, such as `true`."""
    if _FATAL.search(data[:_SNIFF_BYTES]):
        raise ValueError("the service's PHP failed, and sent its error message as the response")
    try:
        return cast("Tree", decode_json(_decode(data)))
    except ValueError:
        raise ValueError("the response is neither XML nor JSON") from None


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # PHP sends this for floats that JSON cannot hold
