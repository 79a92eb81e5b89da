"""Command `coredata api`: any path of the service, with key, retries and typed errors."""

from __future__ import annotations

import asyncio
import json
import sys
from http import HTTPStatus
from typing import Any, Final

import click

from coredata_async.cli import connection
from coredata_async.cli.connection import client
from coredata_async.cli.output import printable
from coredata_async.cli.parsing import json_value, parameter
from coredata_async.escapes import json_line
from coredata_async.message import Reply

_SUCCESS: Final = {"POST": 201, "PUT": 204, "DELETE": 204}
_SECRET: Final = frozenset({"set-cookie", "set-cookie2", "authorization", "proxy-authenticate"})


@click.command(params=connection.options(hidden=True))
@click.argument("method")
@click.argument("path")
@click.option(
    "--query", type=parameter, metavar="NAME=VALUE", multiple=True, help="Query parameter. [repeatable]"
)
@click.option("--data", type=json_value, metavar="JSON|@FILE|-", help="Body of the request.")
@click.option(
    "--expect",
    type=click.IntRange(100, 599),
    metavar="STATUS",
    help="Status that means success. Default: 201 for POST, 204 for PUT and DELETE, else 200.",
)
@click.option("--include", is_flag=True, help="Print the status and the headers, too.")
def api(
    *,
    method: str,
    path: str,
    query: tuple[tuple[str, str], ...],
    data: Any,
    expect: int | None,
    include: bool,
) -> None:
    """Send any request to the service, and print the body of the response.

    PATH begins with /api/ and includes the final slash: coredata api GET /api/v2/valuelists/ --query limit=1
    """
    expected = expect or _SUCCESS.get(method.upper(), 200)
    made = client()

    async def send() -> Reply:
        async with made:
            return await made.request(method, path, query=dict(query), json=data, expect=expected)

    reply = asyncio.run(send())
    if include:
        _print_head(reply)
    _print_body(reply.body)


def _print_head(reply: Reply) -> None:
    phrase = HTTPStatus(reply.status).phrase if reply.status in set(HTTPStatus) else ""
    click.echo(f"{reply.status} {phrase}".rstrip())
    for name, value in reply.headers.items():
        shown = "***" if name.lower() in _SECRET else reply.redactor(value)
        click.echo(printable(f"{name}: {shown}"))
    click.echo()


def _print_body(body: bytes) -> None:
    """Print a body: indented if it is JSON and stdout is a terminal, otherwise byte for byte."""
    if _is_terminal():
        try:
            click.echo(json_line(json.loads(body), indent=2))
        except ValueError:
            click.echo("\n".join(printable(line) for line in body.decode("utf-8", "replace").splitlines()))
    elif body:
        click.echo(body, nl=not body.endswith(b"\n"))


def _is_terminal() -> bool:
    return sys.stdout.isatty()
