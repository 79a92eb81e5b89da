"""Errors for keywords that a verb does not have, in terms of the caller's call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def build(call: str, make: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Build the value of a verb's keywords.

    Args:
        call: Public name of the verb, such as `projects.create`.
        make: The class whose fields are the keywords.
        *args: Positional arguments of the call, which are an error.
        **kwargs: Keywords of the call.

    Raises:
        TypeError: If a keyword is unknown or missing. The message names the verb and suggests a keyword.
    """
    try:
        return make(*args, **kwargs)
    except TypeError:
        message = _explain(call, make, len(args), kwargs.keys())
        if message is None:
            raise
    raise TypeError(message)


def _explain(call: str, make: Callable[..., object], positional: int, given: Collection[str]) -> str | None:
    """Return the error in the keywords of a call; None if they are valid."""
    known = inspect.signature(make).parameters
    if positional:
        return f"{call}() takes its fields as keywords, but {positional} were given by position"
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it takes {', '.join(known)}"
            return f"{call}() got an unexpected keyword argument {name!r}{hint}"
    missing = [name for name, each in known.items() if each.default is each.empty and name not in given]
    if missing:
        return f"{call}() lacks the keyword argument {' and '.join(map(repr, missing))}"
    return None
