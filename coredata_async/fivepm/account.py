"""Account of a 5pm customer: its address, and the login of a user."""

from __future__ import annotations

import re
from typing import Final

from attrs import field, frozen

from coredata_async.base_url import AddressRules
from coredata_async.errors import ConfigurationError
from coredata_async.secret import Secret, conceal

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_ADDRESS: Final = AddressRules(
    name="the account's URL", example="'acme' or 'https://acme.5pmweb.com'", credential="the password"
)


@frozen
class Account:
    """Login and password of a user."""

    login: str
    """The user's e-mail address."""
    password: Secret[str] | None = field(converter=conceal)

    def __attrs_post_init__(self) -> None:
        if not self.login or self.password is None:
            raise ConfigurationError(
                "login and password are missing: pass both, or set FIVEPM_LOGIN and FIVEPM_PASSWORD and use "
                "FivePM.from_env()"
            )


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
    if _NAME.fullmatch(given) and given != "localhost":
        return f"https://{given.lower()}.5pmweb.com"
    return _ADDRESS.check(given if "://" in given else f"https://{given}")
