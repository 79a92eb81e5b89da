"""Users: model and endpoint. A user is not a document: its key is the username."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from coredata_async.wire.resource import Paging, Resource


@frozen(kw_only=True)
class User:
    """A person who can sign in."""

    username: str
    first_name: str = ""
    last_name: str = ""
    user_type: str = ""
    """`Internal user`, `Administrator`; absent in old data."""
    resource_uri: str = ""
    extra: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)
    """Fields this library does not know, unchanged."""


@frozen(kw_only=True)
class UserWhere(Paging):
    """Filters for listing users."""


USERS = Resource(
    path="/api/v2/users/",
    detail="/api/v2/user/",  # singular, unlike all other paths
    model=User,
    where=UserWhere,
    source="https://docs.wise.is/cored/users-1",
    key="username",
)
