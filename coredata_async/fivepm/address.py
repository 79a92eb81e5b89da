"""Address of a 5pm account: every customer has a host."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from coredata_async.errors import ConfigurationError
from coredata_async.transport.refuse import is_private_line

_ACCOUNT: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def base_address(account_or_url: str | None) -> str:
    """Return scheme and host of `acme`, `acme.5pmweb.com` or a whole URL, without a slash at the end.

    Raises:
        ConfigurationError: If it is missing, has more than scheme and host, or would send the password in
            clear text.
    """
    given = (account_or_url or "").strip()
    if not given:
        raise ConfigurationError(
            "the account is missing: pass 'acme' or 'https://acme.5pmweb.com', or set FIVEPM_URL and use "
            "FivePM.from_env()"
        )
    if _ACCOUNT.fullmatch(given) and given != "localhost":
        return f"https://{given.lower()}.5pmweb.com"
    return _check(given if "://" in given else f"https://{given}")


def _check(url: str) -> str:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0  # the property raises if the port is not a number
    except ValueError:
        raise ConfigurationError("the account must look like 'acme' or 'https://acme.5pmweb.com'") from None
    if parts.scheme not in {"http", "https"} or not named or parts.username is not None:
        raise ConfigurationError(
            "the account must look like 'acme' or 'https://acme.5pmweb.com', with no user name"
        )
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ConfigurationError(
            f"the account's URL must be scheme and host alone, as {parts.scheme}://{parts.hostname}"
        )
    if not is_private_line(url):
        raise ConfigurationError(
            f"the account's URL is http://{parts.hostname}, which would send the password unencrypted; "
            "use https:// (http:// is for loopback only)"
        )
    return f"{parts.scheme}://{parts.netloc}"
