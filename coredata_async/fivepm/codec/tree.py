"""Bytes to a tree of plain values, by looking at the bytes: the Content-Type is not to be relied on."""

from __future__ import annotations

import json
import re
from typing import Final, cast

from coredata_async.fivepm.codec import xml
from coredata_async.json_text import decode_json
from coredata_async.nesting import check_depth

Tree = xml.Tree
"""What JSON can hold. From XML all values are texts, and an element without any content is an empty one."""

_BOM: Final = b"\xef\xbb\xbf"
_FATAL: Final = re.compile(rb"(?:Fatal error|Parse error|Uncaught \w+|Warning|Notice|Deprecated)\b.{0,20}:")
_HTML: Final = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_SNIFF_BYTES: Final = 400
"""How far into a body PHP's own complaints are looked for."""


def parse(body: bytes) -> Tree:
    """Read XML or JSON, whichever it is.

    Raises:
        ValueError: It is neither: nothing at all, a web page, words of PHP, or broken.
        ConfigurationError: It is XML, and the extra `fivepm` is not installed.
    """
    data = body.removeprefix(_BOM).strip()
    match data[:1]:
        case b"":
            raise ValueError("the answer is empty")
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
        raise ValueError("a web page came; is the address right, or does a login page stand in between?")
    try:
        return xml.parse(data)
    except ValueError:
        if _FATAL.search(data[:_SNIFF_BYTES]):
            raise ValueError("the service's PHP failed, and its complaint came as the answer") from None
        raise


def _scalar(data: bytes) -> Tree:
    """A bare JSON value, as `true`; or words."""
    if _FATAL.search(data[:_SNIFF_BYTES]):
        raise ValueError("the service's PHP failed, and its complaint came as the answer")
    try:
        return cast("Tree", decode_json(_decode(data)))
    except ValueError:
        raise ValueError("the answer is neither XML nor JSON") from None


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # what PHP sends where nobody thought of it
