"""One object as the service may write it: all conceivable dialects, written from the facts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from xml.sax.saxutils import escape

from attrs import frozen
from hypothesis import strategies as st

Fact = None | bool | int | float | str | datetime | Mapping[str, "Fact"] | list["Fact"]


@frozen(kw_only=True)
class Dialect:
    """Dialect of one server."""

    format: Literal["json", "xml"] = "json"
    wrap: tuple[str, ...] = ("data",)
    """Wrappings around everything, from the outside in."""
    numbers_as_text: bool = False
    truths: Literal["words", "digits", "text"] = "digits"
    nothing: object = ""
    """Representation of an empty value in JSON."""
    no_date: str = ""
    dates: Literal[" ", "T"] = " "
    lists: Literal["list", "item", "numeric", "items", "page", "keyed"] = "list"
    bom: bool = False
    cdata: bool = False
    blanks: bool = False

    def write(self, fact: Fact, name: str = "") -> bytes:
        """Return the body of a reply; `name` adds another wrapping, as in `{"task": {…}}`."""
        names = (*self.wrap, name) if name else self.wrap
        mark = b"\xef\xbb\xbf" if self.bom else b""
        if self.format == "xml":
            inner = self._xml(fact)
            for each in reversed(names or ("data",)):
                inner = f"<{each}>{inner}</{each}>"
            return mark + b'<?xml version="1.0" encoding="UTF-8"?>\n' + inner.encode()
        body: object = self._json(fact)
        for each in reversed(names):
            body = {each: body}
        return mark + json.dumps(body, indent=2 if self.blanks else None).encode()

    def _json(self, fact: Fact) -> object:  # noqa: PLR0911  # one for each type
        match fact:
            case None:
                return self.nothing
            case bool():
                return {"words": fact, "digits": int(fact), "text": str(int(fact))}[self.truths]
            case int() | float():
                return str(fact) if self.numbers_as_text else fact
            case datetime():
                return fact.isoformat(sep=self.dates)
            case str():
                return fact
            case list():
                return self._list([self._json(each) for each in fact])
            case _:
                return {key: self._json(each) for key, each in fact.items()}

    def _list(self, items: list[object]) -> object:
        match self.lists:
            case "item":
                return {"item": items[0] if len(items) == 1 else items} if items else self.nothing
            case "items":
                return {"items": items or self.nothing}
            case "page":
                rest = {"item": items} if items else self.nothing
                return {"total": len(items), "count": str(len(items)), "items": rest}
            case "numeric":
                return {str(index): each for index, each in enumerate(items, 1)} if items else self.nothing
            case "keyed":
                return {"list": items}
            case _:
                return items

    def _xml(self, fact: Fact) -> str:  # noqa: PLR0911
        line = "\n  " if self.blanks else ""
        match fact:
            case None:
                return ""
            case bool():
                return str(int(fact))
            case int() | float():
                return str(fact)
            case datetime():
                return fact.isoformat(sep=self.dates)
            case str():
                if self.cdata and "]]>" not in fact:
                    return f"<![CDATA[{fact}]]>"
                return escape(fact)
            case list():
                items = "".join(f"{line}<item>{self._xml(each)}</item>" for each in fact) + line
                if self.lists == "page":
                    number = len(fact)
                    return f"<total>{number}</total><count>{number}</count><items>{items}</items>"
                return f"<items>{items}</items>" if self.lists == "items" else items
            case _:
                return "".join(f"{line}<{key}>{self._xml(each)}</{key}>" for key, each in fact.items()) + line


DIALECTS = st.builds(
    Dialect,
    format=st.sampled_from(["json", "xml"]),
    wrap=st.sampled_from([(), ("data",), ("response",), ("response", "data")]),
    numbers_as_text=st.booleans(),
    truths=st.sampled_from(["words", "digits", "text"]),
    nothing=st.sampled_from(["", None, []]),
    dates=st.sampled_from([" ", "T"]),
    lists=st.sampled_from(["list", "item", "numeric", "items", "page", "keyed"]),
    bom=st.booleans(),
    cdata=st.booleans(),
    blanks=st.booleans(),
)
