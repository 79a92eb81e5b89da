"""Call of a 5pm method for a command, and output of its result."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast

import attrs

from coredata_async.cli.batch import exit_on_failures, run_each
from coredata_async.cli.fivepm.connection import fivepm_client
from coredata_async.cli.output import Renderer, say
from coredata_async.fivepm import FivePM
from coredata_async.fivepm.listing import Listing
from coredata_async.fivepm.method import Method


def method_of(pm: FivePM, row: Method) -> Callable[..., Any]:
    """Return the client's function for a method."""
    service, _, name = row.python.partition(".")
    found: Callable[..., Any] = getattr(getattr(pm, service), name)
    return found


async def show_results(row: Method, keys: Sequence[str], named: Mapping[str, Any], into: Renderer) -> None:
    """Call a method, once per key, and show its results."""
    async with fivepm_client() as pm:
        method = method_of(pm, row)
        if row.gives == "flag" and not row.arguments:  # without a session, sign-out would have nothing to end
            await pm.auth.sign_in()

        async def one(*key: str) -> object:
            return await method(*key, **named)

        found = await run_each(keys, one) if keys else [await one()]
    for each in found:
        if attrs.has(type(each)):
            into.add(each)
        elif not isinstance(each, Exception):
            say("done" if row.gives != "text" else "signed in")  # the result is a secret
    into.close()
    exit_on_failures(found)


async def remove_all(row: Method, keys: Sequence[str]) -> None:
    """Remove the objects with these keys; each fails alone."""
    async with fivepm_client() as pm:
        method = method_of(pm, row)

        async def remove(key: str) -> None:
            await method(key)
            say(f"removed {key}")

        exit_on_failures(await run_each(keys, remove))


async def show_list(row: Method, wanted: Mapping[str, Any], into: Renderer, limit: int | None) -> None:
    """Show the objects of a listing as they arrive."""
    async with fivepm_client() as pm:
        count = 0
        async with aclosing(_each(method_of(pm, row)(**wanted))) as things:
            async for each in things:
                into.add(each)
                count += 1
                if count == limit:
                    break
    into.close()


async def _each(found: Any) -> AsyncGenerator[object, None]:
    """Yield the objects of a listing, or of a result that contains them all."""
    if not isinstance(found, Listing):
        for each in await found:
            yield each
        return
    async with aclosing(aiter(cast("Listing[object]", found))) as things:
        async for each in things:
            yield each
