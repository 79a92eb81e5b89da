"""Verbs that take the fields of a class as keywords: their signature, their docstring and their errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import Final, ParamSpec, TypeVar

from coredata_async.ids import Id

P = ParamSpec("P")
T = TypeVar("T")
Verb = TypeVar("Verb", bound=Callable[..., object])

_PAGING: Final = frozenset({"page_size", "offset"})
"""Keywords that come last, because they are not filters."""


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


def with_signature(
    verb: Verb, keywords: Callable[..., object], summary: str, *, leading: tuple[str, ...] = ()
) -> Verb:
    """Give a verb the signature and the docstring of the class whose keywords it takes.

    Args:
        verb: The function, whose own parameters are not shown.
        keywords: The class.
        summary: First paragraph of the docstring; that of the class follows.
        leading: Names of ids that the verb takes by position.
    """
    own = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY, annotation=Id) for name in leading]
    taken = sorted(
        inspect.signature(keywords).parameters.values(),
        key=lambda each: (each.name in _PAGING, each.default is not each.empty),
    )
    verb.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
        [*own, *taken], return_annotation=verb.__annotations__["return"]
    )
    verb.__doc__ = f"{summary}\n\n{inspect.getdoc(keywords)}"
    return verb


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
