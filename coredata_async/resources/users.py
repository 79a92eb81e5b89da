"""What a user is, and where they live. A user is no document: its key is the username."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from coredata_async.wire.resource import Paging, Resource


@frozen(kw_only=True)
class User:
    """Somebody who can sign in."""

    username: str
    first_name: str = ""
    last_name: str = ""
    user_type: str = ""
    """`Internal user`, `Administrator`; absent in old data."""
    resource_uri: str = ""
    extra: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)
    """Fields this library does not know, as they came."""


@frozen(kw_only=True)
class UserWhere(Paging):
    """Which users to list."""


USERS = Resource(
    path="/api/v2/users/",
    detail="/api/v2/user/",  # singular, where everything else is plural
    model=User,
    where=UserWhere,
    source="https://docs.wise.is/cored/users-1",
    key="username",
)
