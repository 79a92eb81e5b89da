"""Options of commands that use a cluster, and the connection that they describe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from coredata_async.cluster.address import ClusterAddress, read_address
from coredata_async.cluster.background import default_directory, read_state
from coredata_async.cluster.connection import LEASE, Cluster
from coredata_async.cluster.nats_errors import hide_end_of_tls

F = TypeVar("F", bound=Callable[..., Any])

URL_VARIABLE: Final = "COREDATA_CLUSTER_URL"
REPLICAS_VARIABLE: Final = "COREDATA_CLUSTER_REPLICAS"
_META: Final = "coredata_async.cli.cluster"


def cluster_url_option(words: str, *, required: bool = False) -> Callable[[F], F]:
    """Declare `--cluster`, which is read before the arguments."""
    variable = URL_VARIABLE if required else None
    return click.option(
        "--cluster",
        metavar="URL",
        envvar=variable,
        show_envvar=required,
        required=required,
        is_eager=True,
        help=words,
    )


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    ctx.meta.setdefault(_META, {})[param.name] = value


def connection_options() -> list[click.Parameter]:
    """Return the options of the connection."""
    return [
        click.Option(
            ["--cluster-token-file", "token_file"],
            metavar="FILE",
            type=click.Path(dir_okay=False),
            help="File with the cluster's token. Default: COREDATA_CLUSTER_TOKEN_FILE, or that of the server "
            "that this user has started here.",
            expose_value=False,
            callback=_keep,
        ),
        click.Option(
            ["--cluster-fingerprint", "fingerprint"],
            metavar="SHA256",
            help="Fingerprint of the cluster's certificate; several are separated by commas. Default: "
            "COREDATA_CLUSTER_FINGERPRINT.",
            expose_value=False,
            callback=_keep,
        ),
        click.Option(
            ["--cluster-ca"],
            metavar="FILE",
            type=click.Path(exists=True, dir_okay=False),
            help="Certificates to trust instead of a fingerprint. Default: COREDATA_CLUSTER_CA.",
            expose_value=False,
            callback=_keep,
        ),
        click.Option(
            ["--cluster-monitor"],
            metavar="URL",
            help="Monitoring port of a NATS server of your own, which shows that it syncs every write.",
            expose_value=False,
            callback=_keep,
        ),
        click.Option(
            ["--cluster-replicas"],
            metavar="N",
            type=click.IntRange(1, 5),
            envvar=REPLICAS_VARIABLE,
            show_envvar=True,
            help="Number of NATS servers of your own that keep each table: 3, or 1 (default). All commands "
            "of a cluster need the same number.",
            expose_value=False,
            callback=_keep,
        ),
    ]


def cluster_address(url: str) -> ClusterAddress:
    """Return the address that the options of the running command describe.

    Raises:
        ConfigurationError: If an option is invalid.
    """
    given = _read_options()
    server = read_state(default_directory())
    if server is not None and server.files.url == url and not any(given.values()):
        return server.files.address
    return read_address(
        url,
        fingerprint=given.get("fingerprint"),
        authorities=given.get("cluster_ca"),
        token_file=given.get("token_file"),
    )


async def open_cluster(url: str, lease: float = LEASE) -> Cluster:
    """Connect to the cluster that the options of the running command describe.

    Raises:
        ConfigurationError: If an option is invalid.
        ClusterError: If it cannot be reached.
    """
    hide_end_of_tls()
    given = _read_options()
    monitor, replicas = given.get("cluster_monitor"), given.get("cluster_replicas") or 1
    return await Cluster.open(cluster_address(url), monitor=monitor, replicas=replicas, lease=lease)


def _read_options() -> dict[str, Any]:
    found: dict[str, Any] = click.get_current_context().meta.get(_META, {})
    return found
