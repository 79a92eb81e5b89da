"""Command `coredata cluster`: the NATS server of jobs on many machines."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from coredata_async.cli.failures import FAILED
from coredata_async.cli.help_text import Group
from coredata_async.cli.output import echo_json, say
from coredata_async.cluster.address import PORT
from coredata_async.cluster.background import (
    BackgroundServer,
    default_directory,
    read_state,
    start_in_background,
)
from coredata_async.cluster.background import stop as stop_server
from coredata_async.cluster.server import ServerFiles, find_server, prepare_server
from coredata_async.errors import ConfigurationError
from coredata_async.prometheus import parse_address

directory_option = click.option(
    "--directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Private directory with the server's data, token and certificate. Default: one of this user.",
)


@click.group(cls=Group)
def cluster() -> None:
    """Run the NATS server of jobs on many machines.

    It keeps jobs, leases, shards and reports, and syncs every write. It never receives a key of CoreData.
    """


@cluster.command()
@click.option(
    "--listen",
    default=f"127.0.0.1:{PORT}",
    show_default=True,
    metavar="HOST:PORT",
    help="Address at which workers reach it. TLS is used everywhere except on loopback.",
)
@directory_option
@click.option(
    "--cert",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificate to use instead of a self-made one.",
)
@click.option(
    "--key",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Key of the certificate.",
)
@click.option(
    "--foreground",
    is_flag=True,
    help="Become the server instead of starting one in the background, for systemd and containers.",
)
def start(
    listen: str, directory: Path | None, cert: Path | None, key: Path | None, *, foreground: bool
) -> None:
    """Start the server, and print the command with which workers join.

    The token is in a file that only this user can read. Copy the file to the other machines; it is never
    printed.
    """
    if (cert is None) != (key is None):
        raise click.UsageError("--cert and --key belong together")
    try:
        host, port = parse_address(listen, "--listen", f"10.0.0.5:{PORT}")
    except ConfigurationError as exc:
        raise click.UsageError(str(exc)) from None
    place = directory or default_directory()
    running = read_state(place)
    if running is not None and asyncio.run(running.is_running()):
        say(f"coredata: a server runs already at {running.files.url}")
        raise click.exceptions.Exit(FAILED)
    pair = None if cert is None or key is None else (cert, key)
    files = prepare_server(place, host, port, certificate=pair)
    if foreground:
        program = str(find_server())
        _introduce(files)
        os.execv(program, [program, "-c", str(files.config)])  # noqa: S606  # no shell
    asyncio.run(start_in_background(files))
    _introduce(files)


@cluster.command()
@directory_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(directory: Path | None, *, as_json: bool) -> None:
    """Show the server, with exit code 1 if it does not run."""
    server = read_state(directory or default_directory())
    runs = server is not None and asyncio.run(server.is_running())
    if as_json:
        echo_json({"running": runs, **({} if server is None else _describe(server))})
    elif server is not None and runs:
        _introduce(server.files)
    else:
        say("no server runs; start one with `coredata cluster start`")
    raise click.exceptions.Exit(0 if runs else FAILED)


@cluster.command()
@directory_option
def stop(directory: Path | None) -> None:
    """Stop the server. Jobs continue when it is started again."""
    server = read_state(directory or default_directory())
    if server is None or not asyncio.run(server.is_running()):
        say("no server runs")
        return
    asyncio.run(stop_server(server))
    say(f"stopped the server at {server.files.url}")


def _introduce(files: ServerFiles) -> None:
    """Print the commands of workers and jobs."""
    say(f"the cluster's server is at {files.url}; its token is in {files.token_file}")
    join = f"coredata worker --cluster {files.url} --cluster-token-file {files.token_file}"
    if files.fingerprint is not None:
        join += f" --cluster-fingerprint {files.fingerprint}"
    click.echo(f"{join} --share NAME=PATH")


def _describe(server: BackgroundServer) -> dict[str, object]:
    files = server.files
    return {
        "url": files.url,
        "fingerprint": files.fingerprint,
        "token_file": str(files.token_file),
        "directory": str(files.directory),
        "pid": server.pid,
    }
