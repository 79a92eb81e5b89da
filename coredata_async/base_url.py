"""Check of the address that a client sends its credentials to: scheme and host, and nothing else."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from attrs import frozen

from coredata_async.errors import ConfigurationError
from coredata_async.transport.auth import is_private_line

_LABEL: Final = r"\w(?:[\w-]{0,61}\w)?"
_AUTHORITY: Final = re.compile(
    rf"(?:\[[0-9a-f:.]+(?:%[\w.~-]+)?\]|{_LABEL}(?:\.{_LABEL})*\.?)(?::[0-9]{{1,5}})?", re.I
)
"""Host and port. Letters outside ASCII are allowed; the transport translates such names.

`urlsplit` alone accepts more: `[::1]evil.com`, or a backslash. Requests to such an address cannot be sent.
"""


@frozen(kw_only=True)
class AddressRules:
    """Terms of one client for the errors in its address."""

    name: str
    """Name of the argument in messages."""
    example: str
    credential: str
    """Credential that plain HTTP would reveal."""

    def check(self, url: str) -> str:
        """Return scheme, host and port of an address, without a trailing slash.

        Raises:
            ConfigurationError: If it is not a URL, has more than scheme and host, or would send the
                credential unencrypted. The message does not repeat a user name, a path or a query.
        """
        parts = self._split(url.strip())
        if parts.scheme not in {"http", "https"}:
            raise ConfigurationError(f"{self.name} must look like {self.example}, and begin with https://")
        if parts.username is not None:
            raise ConfigurationError(f"{self.name} must look like {self.example}, without a user name")
        if _AUTHORITY.fullmatch(parts.netloc) is None:
            raise self._syntax_error()
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ConfigurationError(
                f"{self.name} must consist of scheme and host, as {parts.scheme}://{parts.hostname}"
            )
        if not is_private_line(url.strip()):
            raise ConfigurationError(
                f"{self.name} is http://{parts.hostname}, which would send {self.credential} unencrypted; "
                "use https:// (http:// is for loopback only)"
            )
        return f"{parts.scheme}://{parts.netloc}"

    def _split(self, url: str) -> SplitResult:
        try:
            parts = urlsplit(url)
            if parts.port != 0:  # the property raises for a port that is not a number
                return parts
        except ValueError:
            pass
        raise self._syntax_error()

    def _syntax_error(self) -> ConfigurationError:
        return ConfigurationError(f"{self.name} must look like {self.example}")
