"""Decoder from XML to plain values, without entities, which can read local files or expand to gigabytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final, Protocol, TypeAlias

from coredata_async.errors import ConfigurationError
from coredata_async.nesting import LEVELS, TooDeepError

Tree: TypeAlias = "bool | int | float | str | list[Tree] | dict[str, Tree] | None"

TAGS: Final = 2_000_000
"""Maximum tags of a document: each element takes 200 bytes of memory, and 2 us."""
_FORBIDDEN: Final = bytes(code for code in range(32) if code not in b"\t\n\r")
"""Characters that XML forbids, and that PHP does not remove."""


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


def parse(data: bytes) -> Tree:
    """Decode a document as a map from the name of its root to its content.

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
    try:
        root: Element = etree.fromstring(_as_utf8(data), forbid_dtd=True)
    except (
        SyntaxError,
        LookupError,
    ) as exc:  # `ParseError` for broken XML, the other one for an unknown encoding
        raise ValueError(f"the XML is broken or cut short after {len(data)} bytes ({exc})") from None
    except ValueError:  # defusedxml's own exception, whose message repeats the entity
        raise ValueError("the XML has a document type, entities or an unknown encoding: refused") from None
    return root


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
