"""Readers of models, generated as source text and compiled once per model, as attrs generates `__init__`.

Files are read, decoding included, at 0.9 times the rate of a hand-written constructor that drops unknown
fields and checks no types, and with orjson at 1.4 times; a loop over the fields came to 0.38. Gain of each
optimisation with json, and with orjson (benchmarks/listing.py):

- one line per field, which recognises the common case by its type before anything is called, and setting
  fields on a mutable copy of the frozen model, which then becomes the model, instead of its `__init__` with a
  call of `object.__setattr__` per field: together 120 %;
- reusing a small object if the next one is equal, as the spaces of files with one parent are: 8 and 14 %,
  with two of three such objects equal; and a listing that is kept takes less memory;
- one shared empty `Aspects`: 10 and 20 %; one shared empty `extra`: 4 and 7 %. Both save work of the garbage
  collector.

This module does not interpret values: `scalars` and the readers of other types do.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, NoReturn, cast

import attrs
from attrs import frozen

from coredata_async.json_text import TooDeepError, check_depth
from coredata_async.wire.scalars import STAMP, PartlyReadableError, value_error_for

_KEY: Final = 64
"""Maximum number of characters of a key that a message quotes."""
QUICK: Final[dict[Any, tuple[str, str]]] = {
    str: ("type(value) is str and value", "value"),
    int: ("type(value) is int", "value"),
    datetime: (
        f"type(value) is str and len(value) == {STAMP}"
        # Python 3.14 reads 24:00 as the next day; it is read like any other odd value.
        + (" and value[11:13] != '24'" if sys.version_info >= (3, 14) else ""),
        "stamp(value + '+00:00')",
    ),
}
"""By type: the test for a value as the service sends it, and the expression that converts it without a call
of ours.
"""


@frozen
class Field:
    """One field of a model."""

    name: str
    kind: Any
    """Its type, without `None`."""
    default: Any
    """As attrs keeps it: a value, a `Factory`, or `NOTHING` for the key, which is mandatory."""
    read: Callable[[Any, Any], Any]
    """Reads a value that is not empty."""

    @property
    def required(self) -> bool:
        """Return whether an object cannot be read without it."""
        return self.default is attrs.NOTHING

    def lines(self, otherwise: str = "") -> list[str]:
        """Return the statements that set it; `otherwise` follows where the value has an unusual form."""
        name = self.name
        test, made = QUICK.get(self.kind, ("value", f"read_{name}(value, None)"))
        if self.default == "":
            test = test.removesuffix(" and value")  # the empty text is the default
        empty = f"empty_{name}()" if self.required or _factory(self.default) else f"empty_{name}"
        return [
            f"value = raw[{name!r}]",
            f"if {test}: made.{name} = {made}",
            f"elif value is None or not value and value != 0: made.{name} = {empty}{otherwise}",
            f"else: made.{name} = read_{name}(value, None){otherwise}",
        ]


def generate_reader(model: type[Any], fields: Sequence[Field]) -> Callable[[Any, Any], Any]:
    """Generate the reader of a model.

    It takes a decoded JSON object and raises `ValueError` if the key is missing.
    """
    names: dict[str, Any] = {
        "Draft": _mutable_copy(model),
        "Model": model,
        "unknown": partial(_unknown, frozenset(each.name for each in fields)),
        "nothing": {each.name: None for each in fields if not each.required},
        "stamp": datetime.fromisoformat,
        "NOTHING": EMPTY_EXTRA,
        "last": (None, None),
        "read_leniently": partial(_read_leniently, model, fields),
    }
    for each in fields:
        names[f"read_{each.name}"] = each.read
        names[f"empty_{each.name}"] = (
            _raise_missing_key if each.required else _factory(each.default) or each.default
        )
    text = source(fields, keeps_unknown=_keeps_unknown(model))
    filename = f"<reader of {model.__module__}.{model.__qualname__}>"
    exec(compile(text, filename, "exec"), names)  # noqa: S102  # our own text: names of fields, and no value
    linecache.cache[filename] = len(text), None, text.splitlines(keepends=True), filename  # for tracebacks
    reader: Callable[[Any, Any], Any] = names["read"]
    return reader


def source(fields: Sequence[Field], *, keeps_unknown: bool = True) -> str:
    """Return the source text of a reader.

    The reader of `SpaceRef`, with `id: str = ""` and `title: str = ""`:

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
                return read_leniently(raw)
            filled = {**nothing, **raw}
            return read_leniently(raw) if len(filled) == len(raw) else read(filled)

    Of all empty values, only 0 and False count. Missing fields are added to an object, which spares complete
    objects a check per field. An object with as many unknown fields as missing ones is read again. `odd` and
    `last` are used for small objects whose fields are all texts. An odd object is not remembered, because 1,
    1.0 and true are equal but do not read the same.

    Args:
        fields: The fields.
        keeps_unknown: False for a model without `extra`, for callers that need nothing else of the objects.
    """
    small = all(each.kind is str and not each.required for each in fields)
    size = len(fields)
    lines = [
        f"if len(raw) < {size}: raw = {{**nothing, **raw}}",
        "made = Draft()",
        *([f"odd = len(raw) != {size}"] if small else []),
        *(line for each in fields for line in each.lines("; odd = True" if small else "")),
        *([f"made.extra = NOTHING if len(raw) == {size} else unknown(raw)"] if keeps_unknown else []),
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
        return read_leniently(raw)
    filled = {{**nothing, **raw}}
    return read_leniently(raw) if len(filled) == len(raw) else read(filled)
"""


def _keeps_unknown(model: type[Any]) -> bool:
    return any(attribute.name == "extra" for attribute in attrs.fields(model))


def _factory(default: Any) -> Callable[[], Any] | None:
    """Return the factory of a default that is made for each object, or None."""
    return getattr(default, "factory", None)


def _mutable_copy(model: type[Any]) -> type[Any]:
    """Return a subclass of the model whose fields can be set, and which adds nothing else.

    Its layout equals the model's, therefore Python lets an instance change its class to the model.

    Raises:
        TypeError: If the model's `__init__` does more than set fields.
    """
    if hasattr(model, "__attrs_post_init__") or hasattr(model, "__attrs_pre_init__"):
        raise TypeError(f"{model.__name__} does something in __init__, which readers do not call")
    for attribute in attrs.fields(model):
        if attribute.converter is not None or attribute.validator is not None or not attribute.init:
            raise TypeError(f"{model.__name__}.{attribute.name}: readers do not convert or validate")
    open_again = {name: getattr(object, name) for name in ("__init__", "__setattr__", "__delattr__")}
    return type(f"{model.__name__}Draft", (model,), {"__slots__": (), **open_again})


def _raise_missing_key() -> Any:
    raise ValueError("it lacks its key")


def _unknown(known: frozenset[str], raw: dict[str, Any]) -> dict[str, Any]:
    return check_depth({name: value for name, value in raw.items() if name not in known})


def _read_leniently(model: type[Any], fields: Sequence[Field], raw: Any) -> Any:
    """Read an object of which some value cannot be read.

    The field keeps its default, and the unchanged value goes to `extra`. Of a list, the readable items stay
    in the field, and the whole list goes to `extra`.

    Raises:
        ValueError: If it is not an object, or if its key is missing or cannot be read, so that it cannot be
            distinguished from others. Also if a value is nested too deeply.
    """
    if not isinstance(raw, dict):
        raise value_error_for("an object", raw)
    data = cast("dict[str, Any]", raw)
    named = f"{model.__name__} {_key(data)}".rstrip()
    values: dict[str, Any] = {}
    odd: dict[str, Any] = {}
    for each in fields:
        value = data.get(each.name)
        if value is None or (not value and value != 0):
            if each.required:
                raise ValueError(f"{named} has no {each.name}")
            continue
        try:
            values[each.name] = each.read(value, None)
        except PartlyReadableError as broken:
            values[each.name], odd[each.name] = broken.value, value
        except (TypeError, ValueError) as broken:
            if each.required or isinstance(broken, TooDeepError):
                raise ValueError(f"{named}: field {each.name}: {broken}") from None
            odd[each.name] = value
    if not _keeps_unknown(model):
        return model(**values)
    unknown = _unknown(frozenset(each.name for each in fields), data)
    return model(**values, extra={**unknown, **check_depth(odd)})


def _key(raw: dict[str, Any]) -> str:
    key = raw.get("id") or raw.get("username") or raw.get("name")
    return key if isinstance(key, str) and len(key) <= _KEY else ""


class _Nothing(dict[str, Any]):
    """A dict that stays empty; copies and pickles are ordinary dicts."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(
            "the fields of an object that was read cannot be changed: copy them into a dict first"
        )

    __setitem__ = setdefault = update = __ior__ = _refuse  # pyright: ignore[reportAssignmentType]

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[()]]:
        return dict, ()


EMPTY_EXTRA: Final[dict[str, Any]] = _Nothing()
"""Shared by all objects: one dict for each, and its cost for the garbage collector, is 4 % of reading a File.
"""
