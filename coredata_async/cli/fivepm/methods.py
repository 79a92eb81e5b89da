"""Methods of 5pm as commands; their arguments and results are read from the rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final, cast

import attrs
import click

from coredata_async.cli.failures import FAILED, exit_on_failures, run_each
from coredata_async.cli.fivepm.connection import fivepm_client
from coredata_async.cli.options import collect_values, fields_of
from coredata_async.cli.output import Details, Renderer, Rows, say, sink
from coredata_async.cli.parsing import local_time
from coredata_async.cli.resources.reading import limit_option, shape
from coredata_async.cli.resources.writing import confirm, with_cleared
from coredata_async.fivepm import FivePM
from coredata_async.fivepm.listing import Listing
from coredata_async.fivepm.method import Method

_FLAGS: Final = {
    "load_team": "Include the team of each.",
    "with_files": "Include the files of each.",
    "with_names": "Include the names of project and task of each.",
}
_SECRET: Final = frozenset({"login", "password"})
"""Arguments that the client supplies itself."""
_COLUMNS: Final = (
    "id",
    "name",
    "alias",
    "type",
    "text",
    "email",
    "first_name",
    "last_name",
    "size",
    "status",
    "priority",
    "progress",
    "end_date",
    "project_id",
    "activity_id",
)


def method_of(pm: FivePM, row: Method) -> Callable[..., Any]:
    """Return the client's function for a method."""
    service, _, name = row.python.partition(".")
    found: Callable[..., Any] = getattr(getattr(pm, service), name)
    return found


async def show_results(row: Method, keys: Sequence[str], named: Mapping[str, Any], into: Renderer) -> None:
    """Call a method, once per key, and show its results."""
    async with fivepm_client() as pm:
        method = method_of(pm, row)
        if row.result == "flag" and not row.arguments:  # without a session, there is nothing to sign out of
            await pm.auth.sign_in()

        async def one(*key: str) -> object:
            return await method(*key, **named)

        found = await run_each(keys, one) if keys else [await one()]
    for each in found:
        if attrs.has(type(each)):
            into.add(each)
        elif not isinstance(each, Exception):
            say("done" if row.result != "text" else "signed in")  # the result is a secret
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


def caller(row: Method) -> click.Command:
    """Build a command for a method that returns one object, for one or several keys or without a key."""
    fields = fields_of(row.fields, time=local_time) if row.fields else []
    keys = [each for each in row.arguments if each not in _SECRET]

    def run(*, as_json: bool, fields_: list[str], keys: tuple[str, ...] = (), **values: object) -> None:
        into = sink(as_json=as_json, fields=fields_, otherwise=Details())
        asyncio.run(show_results(row, keys, collect_values(fields, values), into))

    return click.Command(
        None,
        callback=run,
        params=[*_keys(keys, many=True), *(each.option() for each in fields), *shape(row.model)],
        help=_summary(row),
    )


def updater(row: Method) -> click.Command:
    """Build a command for a method that changes an object."""
    fields = fields_of(row.fields, time=local_time) if row.fields else []
    names = [field.flag.removeprefix("--") for field in fields if field.clearable]

    def run(
        *, keys: str, clear: tuple[str, ...], as_json: bool, fields_: list[str], **values: object
    ) -> None:
        changes = with_cleared(collect_values(fields, values), clear)
        into = sink(as_json=as_json, fields=fields_, otherwise=Details())
        asyncio.run(show_results(row, (keys,), changes, into))

    clear = click.Option(
        ["--clear"],
        multiple=True,
        metavar="FIELD",
        type=click.Choice(names),
        help=f"Empty a field by sending an empty text, which is not documented: {', '.join(names)}.",
    )
    return click.Command(
        None,
        callback=run,
        params=[*_keys(["id"], many=False), *(each.option() for each in fields), clear, *shape(row.model)],
        help=f"Change {_thing(row)}: only the given fields are sent, and a list replaces the whole list.",
    )


def remover(row: Method) -> click.Command:
    """Build a command for a method that removes objects, after a confirmation."""

    def run(*, keys: tuple[str, ...], yes: bool) -> None:
        every = tuple(dict.fromkeys(keys))
        what = f"{row.python.replace('.', ' ').replace('_', ' ')} {', '.join(every)}"
        if not yes and not confirm(f"{what}: 5pm documents no way to restore them. Continue?"):
            say("nothing was removed")
            raise click.exceptions.Exit(FAILED)
        asyncio.run(remove_all(row, every))

    return click.Command(
        None,
        callback=run,
        params=[
            *_keys(["id"], many=True),
            click.Option(["--yes", "-y"], is_flag=True, help="Do not ask for confirmation."),
        ],
        help=f"Remove {_thing(row)}; it is not documented whether it can be restored and what is "
        "removed with it.",
    )


def lister(row: Method) -> click.Command:
    """Build a command for a method that returns many objects."""
    fields = fields_of(row.filters, time=local_time) if row.filters else []
    flags = [each for each in row.arguments if each in _FLAGS]

    def run(*, limit: int | None, as_json: bool, fields_: list[str], **values: object) -> None:
        wanted = collect_values(fields, values)
        wanted |= {name: True for name in flags if values.get(name)}
        wanted |= {name: values[name] for name in ("page_size", "offset") if values.get(name) is not None}
        into = sink(as_json=as_json, fields=fields_, otherwise=Rows(columns(row)))
        asyncio.run(show_list(row, wanted, into, limit))

    return click.Command(
        None,
        callback=run,
        params=[
            *(each.option() for each in fields),
            *(
                click.Option([f"--{each.replace('_', '-')}", each], is_flag=True, help=_FLAGS[each])
                for each in flags
            ),
            *(_paging() if row.pages else ()),
            *shape(row.model),
            limit_option(),
        ],
        help=_summary(row),
    )


def columns(row: Method) -> Sequence[str]:
    """Return the columns of the table."""
    model = cast("type[attrs.AttrsInstance] | None", row.model)
    there = {attribute.name for attribute in attrs.fields(model)} if model else set[str]()
    return [each for each in _COLUMNS if each in there]


def _keys(names: Sequence[str], *, many: bool) -> Iterator[click.Argument]:
    for name in names:
        metavar = name.upper() + ("..." if many else "")
        yield click.Argument(["keys"], nargs=-1 if many else 1, required=True, metavar=metavar)


def _paging() -> list[click.Option]:
    return [
        click.Option(
            ["--page-size"], type=click.IntRange(1), metavar="N", help="Number of objects per request."
        ),
        click.Option(
            ["--offset"],
            type=click.IntRange(0),
            metavar="N",
            help="Offset of the first object; presumably counted from 0.",
        ),
    ]


def _summary(row: Method) -> str:
    if row.result == "text":
        return "Sign in to check login and password; the session ends with the command."
    if not row.arguments and row.result == "flag":
        return "Sign in, and sign out again."
    if row.fields is not None:
        return f"Add {_thing(row)}, and show it."
    if row.python == "projects.all":
        return "List all projects in one response, without filters."
    if row.result == "many":
        return f"List {row.python.partition('.')[2] if row.service == 'metainfo' else _plural(row)}."
    end = {"auth.user": " who is signed in", "users.get_by_email": " by e-mail address"}.get(row.python, "")
    return f"Show {_thing(row)}{end}."


def _thing(row: Method) -> str:
    if row.model is None:  # of a flag
        name = "file" if "File" in row.name else row.python.partition(".")[0].rstrip("s")
    else:
        name = row.model.__name__.lower()
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"


def _plural(row: Method) -> str:
    name = row.model.__name__.lower() if row.model else "things"
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
