"""Self-signed certificate, created for each run."""

from __future__ import annotations

import subprocess
from pathlib import Path


def certificate(folder: Path) -> Path:
    """Create a file in the folder with a certificate for 127.0.0.1, and its key.

    Raises:
        FileNotFoundError: If `openssl` is not installed.
        subprocess.CalledProcessError: If it failed.
    """
    path = folder / "certificate.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=benchmark"
    name = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*make.split(), *name, "-keyout", path, "-out", path.with_suffix(".crt")],
        check=True,
        capture_output=True,
    )
    with path.open("ab") as file:
        file.write(path.with_suffix(".crt").read_bytes())
    return path
