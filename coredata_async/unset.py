"""The value that means "leave this field alone", for every service: told apart from `None`, which clears."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""A field that is not sent: an update leaves it as it is. `None` clears the field."""
