"""The value that means "leave this field unchanged", for both services; `None` clears a field."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""A field that is not sent: an update leaves it unchanged. `None` clears the field."""
