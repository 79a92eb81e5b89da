"""Decoder from bytes to plain values.

The bytes decide the format, because the Content-Type is not reliable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final, Protocol, TypeAlias, cast

from coredata_async.errors import ConfigurationError
from coredata_async.json_text import LEVELS, TooDeepError, check_depth, decode_json

Tree: TypeAlias = "bool | int | float | str | list[Tree] | dict[str, Tree] | None"
"""Value that JSON can hold.

From XML, all values are texts, and an element without content is an empty text.
"""
TAGS: Final = 2_000_000
"""Maximum tags of a document: each element takes 200 bytes of memory, and 2 us."""
_LONGEST_URI: Final = 256
"""Maximum number of characters of the URI of a namespace."""
_BOM: Final = b"\xef\xbb\xbf"
_FATAL: Final = re.compile(rb"(?:Fatal error|Parse error|Uncaught \w+|Warning|Notice|Deprecated)\b.{0,20}:")
_HTML: Final = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_SNIFF_BYTES: Final = 400
"""Number of bytes at the start of a body that are searched for PHP's own error messages."""
_FORBIDDEN: Final = bytes(code for code in range(32) if code not in b"\t\n\r")
"""Characters that XML forbids, and that PHP does not remove."""


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
        return parse_xml(data)
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


class Element(Protocol):
    """The part of an `xml.etree` element that is used here."""

    tag: str
    text: str | None
    attrib: Mapping[str, str]

    def __iter__(self) -> Iterator[Element]:
        """Iterate over the children."""
        ...

    def __len__(self) -> int:
        """Return the number of children."""
        ...


def parse_xml(data: bytes) -> Tree:
    """Decode a document as a map from the name of its root to its content.

    Entities are refused, because they can read local files or expand to gigabytes.

    Elements called `item` are always a list, because a single one would look like an object otherwise.

    Raises:
        ValueError: If it is broken, has a document type or entities, or is nested too deep.
        ConfigurationError: If the extra `fivepm` is not installed.
    """
    root = _root(data)
    return {_name(root): _content(root, LEVELS - 1)}


def _root(data: bytes) -> Element:
    try:
        etree: Any = import_module("defusedxml.ElementTree")
    except ImportError:
        raise ConfigurationError(
            "5pm answered in XML, which needs defusedxml: pip install 'coredata-async[fivepm]', or use "
            "format='json'"
        ) from None
    if data.count(b"<") > TAGS:
        raise ValueError(f"the XML has more than {TAGS} tags; ask for fewer objects at once with page_size")
    if b"\0" not in data:  # UTF-16 contains zeros
        data = data.translate(None, _FORBIDDEN)
    parser: Any = etree.XMLParser(forbid_dtd=True)
    parser.parser.StartNamespaceDeclHandler = _check_namespace
    try:
        parser.feed(_as_utf8(data))
        root: Element = parser.close()
    except (
        SyntaxError,
        LookupError,
    ) as exc:  # `ParseError` for broken XML, the other one for an unknown encoding
        raise ValueError(f"the XML is broken or cut short after {len(data)} bytes ({exc})") from None
    except ValueError:  # defusedxml's own exception, whose message repeats the entity
        raise ValueError(
            "the XML has a document type, entities, a long namespace or an unknown encoding: refused"
        ) from None
    return root


def _check_namespace(prefix: str | None, uri: str | None) -> None:
    """Refuse a long URI: the parser copies it for every element."""
    del prefix
    if uri is not None and len(uri) > _LONGEST_URI:
        raise ValueError("a namespace is too long")


def _as_utf8(data: bytes) -> bytes:
    if data.startswith(b"<?xml"):
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").encode()
    return data


def _content(element: Element, levels: int) -> Tree:
    if not len(element):
        facts: dict[str, Tree] = {} if element.text else dict(_attributes(element))
        return facts or (element.text or "")
    if not levels:
        raise TooDeepError
    children: dict[str, list[Tree]] = {}
    for child in element:
        children.setdefault(_name(child), []).append(_content(child, levels - 1))
    several = {
        name: found if len(found) > 1 or name == "item" else found[0] for name, found in children.items()
    }
    return {**dict(_attributes(element)), **several}


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _attributes(element: Element) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in element.attrib.items() if "}" not in name)
