"""What a write leaves alone, told apart from what it clears."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""A field that is not sent. `None` is sent as an empty text, to clear the field: not documented."""
