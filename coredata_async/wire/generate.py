"""Readers of models, written as source text and compiled once per model, as attrs writes its `__init__`.

Files are read, decoding included, at 0.9 times the rate of a hand-written constructor that keeps no unknown
fields and takes every value for what it should be, and with orjson at 1.4 times; a loop over the fields came
to 0.38. What each trick is worth with json, and with orjson (benchmarks/listing.py):

- a line per field, which tells the common case by its type before anything is called, and setting fields on
  an open twin of the frozen model, which then becomes the model, in place of its `__init__` with a call of
  `object.__setattr__` per field: together 120 %;
- giving a small object anew if the next one says the same, as the space of the files in one place does: 8 and
  14 %, with two of three such objects alike; and a listing that is kept takes less memory;
- one empty `Aspects` for all: 10 and 20 %; one empty `extra`: 4 and 7 %. Both spare the garbage collector.

Nothing here decides what a value means: `scalars` and the readers of other types do.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, cast

import attrs
from attrs import frozen

from coredata_async.nesting import TooDeepError, check_depth
from coredata_async.wire.extra import EMPTY_EXTRA
from coredata_async.wire.scalars import STAMP, PartlyReadableError, unexpected_value

_KEY: Final = 64
"""Characters of a key that a message names an object by."""
QUICK: Final[dict[Any, tuple[str, str]]] = {
    str: ("type(value) is str and value", "value"),
    int: ("type(value) is int", "value"),
    datetime: (
        f"type(value) is str and len(value) == {STAMP}"
        # Python 3.14 takes 24:00 for the next day; it is read like any other odd value.
        + (" and value[11:13] != '24'" if sys.version_info >= (3, 14) else ""),
        "stamp(value + '+00:00')",
    ),
}
"""By type: how a value as the service sends it is told, and what is made of it without a call of ours."""


@frozen
class Field:
    """One field of a model."""

    name: str
    kind: Any
    """Its type, without `None`."""
    default: Any
    """As attrs keeps it: a value, a `Factory`, or `NOTHING` for the key, which must be there."""
    read: Callable[[Any, Any], Any]
    """Reads a value that is not empty."""

    @property
    def required(self) -> bool:
        """Return whether there is no object without it."""
        return self.default is attrs.NOTHING

    def lines(self, otherwise: str = "") -> list[str]:
        """Return what sets it, and what is done besides if the value is not as the service sends it."""
        name = self.name
        told, made = QUICK.get(self.kind, ("value", f"read_{name}(value, None)"))
        if self.default == "":
            told = told.removesuffix(" and value")  # the empty text is the default anyhow
        empty = f"empty_{name}()" if self.required or _factory(self.default) else f"empty_{name}"
        return [
            f"value = raw[{name!r}]",
            f"if {told}: made.{name} = {made}",
            f"elif value is None or not value and value != 0: made.{name} = {empty}{otherwise}",
            f"else: made.{name} = read_{name}(value, None){otherwise}",
        ]


def generate_reader(model: type[Any], fields: Sequence[Field]) -> Callable[[Any, Any], Any]:
    """Make the reader of a model: it takes a decoded JSON object; `ValueError` if that has no key."""
    names: dict[str, Any] = {
        "Draft": _mutable_copy(model),
        "Model": model,
        "unknown": partial(_unknown, frozenset(each.name for each in fields)),
        "nothing": {each.name: None for each in fields if not each.required},
        "stamp": datetime.fromisoformat,
        "NOTHING": EMPTY_EXTRA,
        "last": (None, None),
        "mended": partial(_read_leniently, model, fields),
    }
    for each in fields:
        names[f"read_{each.name}"] = each.read
        names[f"empty_{each.name}"] = _lacking if each.required else _factory(each.default) or each.default
    text = source(fields)
    place = f"<reader of {model.__module__}.{model.__qualname__}>"
    exec(compile(text, place, "exec"), names)  # noqa: S102  # our own text: names of fields, and no value
    linecache.cache[place] = len(text), None, text.splitlines(keepends=True), place  # for tracebacks
    reader: Callable[[Any, Any], Any] = names["read"]
    return reader


def source(fields: Sequence[Field]) -> str:
    """The text of a reader.

    That of `SpaceRef`, with `id: str = ""` and `title: str = ""`:

        def read(raw, kind=None):
            global last
            if raw == last[0]: return last[1]
            try:
                if len(raw) < 2: raw = {**nothing, **raw}
                made = Draft()
                odd = len(raw) != 2
                value = raw['id']
                if type(value) is str: made.id = value
                elif value is None or not value and value != 0: made.id = empty_id; odd = True
                else: made.id = read_id(value, None); odd = True
                value = raw['title']
                if type(value) is str: made.title = value
                elif value is None or not value and value != 0: made.title = empty_title; odd = True
                else: made.title = read_title(value, None); odd = True
                made.extra = NOTHING if len(raw) == 2 else unknown(raw)
                made.__class__ = Model
                if not odd: last = raw.copy(), made
                return made
            except KeyError:
                pass
            except (TypeError, ValueError):
                return mended(raw)
            filled = {**nothing, **raw}
            return mended(raw) if len(filled) == len(raw) else read(filled)

    Of what is empty, only 0 and False are values. An object that lacks fields is filled up, which spares the
    others a question per field; one that lacks some and has unknown ones in their place is read again. `odd`
    and `last` are there for small objects, all of texts; what is odd is not remembered, for 1, 1.0 and true
    are equal and yet do not read the same.
    """
    small = all(each.kind is str and not each.required for each in fields)
    size = len(fields)
    lines = [
        f"if len(raw) < {size}: raw = {{**nothing, **raw}}",
        "made = Draft()",
        *([f"odd = len(raw) != {size}"] if small else []),
        *(line for each in fields for line in each.lines("; odd = True" if small else "")),
        f"made.extra = NOTHING if len(raw) == {size} else unknown(raw)",
        "made.__class__ = Model",
        *(["if not odd: last = raw.copy(), made"] if small else []),
        "return made",
    ]
    again = "    global last\n    if raw == last[0]: return last[1]\n" if small else ""
    body = "\n".join(f"        {line}" for line in lines)
    return f"""def read(raw, kind=None):
{again}    try:
{body}
    except KeyError:
        pass
    except (TypeError, ValueError):
        return mended(raw)
    filled = {{**nothing, **raw}}
    return mended(raw) if len(filled) == len(raw) else read(filled)
"""


def _factory(default: Any) -> Callable[[], Any] | None:
    """Return what makes a default, if it is made again for each object."""
    return getattr(default, "factory", None)


def _mutable_copy(model: type[Any]) -> type[Any]:
    """The model with nothing added but that its fields can be set.

    Its layout is the model's own, therefore Python lets an instance change its class to the model.

    Raises:
        TypeError: The model does more in `__init__` than setting fields.
    """
    if hasattr(model, "__attrs_post_init__") or hasattr(model, "__attrs_pre_init__"):
        raise TypeError(f"{model.__name__} does something in __init__, which no reader calls")
    for spot in attrs.fields(model):
        if spot.converter is not None or spot.validator is not None or not spot.init:
            raise TypeError(f"{model.__name__}.{spot.name}: readers neither convert nor validate")
    open_again = {name: getattr(object, name) for name in ("__init__", "__setattr__", "__delattr__")}
    return type(f"{model.__name__}Draft", (model,), {"__slots__": (), **open_again})


def _lacking() -> Any:
    raise ValueError("it lacks its key")


def _unknown(known: frozenset[str], raw: dict[str, Any]) -> dict[str, Any]:
    return check_depth({name: value for name, value in raw.items() if name not in known})


def _read_leniently(model: type[Any], fields: Sequence[Field], raw: Any) -> Any:
    """Read an object of which something cannot be read.

    The field keeps its default, and the value goes to `extra`, as it came. Of a list, the items that can be
    read stay in the field, and the whole list goes to `extra`.

    Raises:
        ValueError: If it is not an object, lacks its key or has one that cannot be read: then it cannot be
            told from others. Also if a value is nested too deep.
    """
    if not isinstance(raw, dict):
        raise unexpected_value("an object", raw)
    found = cast("dict[str, Any]", raw)
    named = f"{model.__name__} {_key(found)}".rstrip()
    values: dict[str, Any] = {}
    odd: dict[str, Any] = {}
    for each in fields:
        value = found.get(each.name)
        if value is None or (not value and value != 0):
            if each.required:
                raise ValueError(f"{named} comes without {each.name}")
            continue
        try:
            values[each.name] = each.read(value, None)
        except PartlyReadableError as broken:
            values[each.name], odd[each.name] = broken.value, value
        except (TypeError, ValueError) as broken:
            if each.required or isinstance(broken, TooDeepError):
                raise ValueError(f"{named}: field {each.name}: {broken}") from None
            odd[each.name] = value
    unknown = _unknown(frozenset(each.name for each in fields), found)
    return model(**values, extra={**unknown, **check_depth(odd)})


def _key(found: dict[str, Any]) -> str:
    key = found.get("id") or found.get("username") or found.get("name")
    return key if isinstance(key, str) and len(key) <= _KEY else ""
