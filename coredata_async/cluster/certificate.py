"""Self-made certificates of a cluster's server, and their fingerprints."""

from __future__ import annotations

import ipaddress
import os
import shutil
import ssl
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Final

from coredata_async.environment import without_keys
from coredata_async.errors import ConfigurationError

DAYS: Final = 3650
"""Validity in days. Clients compare the fingerprint, so a new certificate needs a new join line."""
_PREFIX: Final = "sha256:"


def make_certificate(host: str, certificate: Path, key: Path) -> None:
    """Make a self-signed certificate for a host, and its private key, which only this user can read.

    Raises:
        ConfigurationError: If the program openssl is missing or fails.
    """
    program = shutil.which("openssl")
    if program is None:
        raise ConfigurationError(
            "a certificate for TLS cannot be made, because the program openssl is not installed; install it, "
            "or name your own with --cert and --key"
        )
    key.touch(0o600)
    command = [
        *(program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-keyout", str(key), "-out", str(certificate), "-days", str(DAYS)),
        *("-subj", "/CN=coredata cluster", "-addext", f"subjectAltName={_alternative_name(host)}"),
    ]
    done = subprocess.run(  # noqa: S603  # no shell
        command, capture_output=True, text=True, check=False, env=without_keys(os.environ)
    )
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2]
        raise ConfigurationError(f"openssl cannot make a certificate for {host}: {reason}")
    key.chmod(0o600)


def read_fingerprint(certificate: Path) -> str:
    """Return the fingerprint of the first certificate of a PEM file.

    Raises:
        ConfigurationError: If the file cannot be read, or has no certificate.
    """
    try:
        text = certificate.read_text("ascii")
        begin = text.index("-----BEGIN CERTIFICATE-----")
        return fingerprint_of(ssl.PEM_cert_to_DER_cert(text[begin:].partition("-----END")[0] + _END))
    except (OSError, ValueError) as exc:
        raise ConfigurationError(f"{certificate} cannot be read as a certificate: {exc}") from None


def fingerprint_of(der: bytes) -> str:
    """Return the fingerprint of a certificate, as `sha256:` and 64 hexadecimal digits."""
    return _PREFIX + sha256(der).hexdigest()


def parse_fingerprint(text: str) -> str:
    """Normalise a fingerprint; colons between the bytes and the prefix may be missing.

    Raises:
        ConfigurationError: If it is not a SHA-256 fingerprint.
    """
    digits = text.strip().lower().removeprefix(_PREFIX).replace(":", "")
    if len(digits) != 2 * sha256().digest_size or not set(digits) <= set("0123456789abcdef"):
        raise ConfigurationError(
            "the fingerprint of the cluster's certificate must be sha256: and 64 hexadecimal digits; "
            "`coredata cluster status` prints it"
        )
    return _PREFIX + digits


def _alternative_name(host: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(host)}"
    except ValueError:
        return f"DNS:{host}"


_END: Final = "-----END CERTIFICATE-----\n"
