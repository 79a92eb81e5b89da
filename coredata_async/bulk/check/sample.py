"""Which files of a check are downloaded, too: a part that is the same each time."""

from __future__ import annotations

import hashlib
import re
from fractions import Fraction
from typing import Final, Self

from attrs import frozen

_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)%", re.ASCII)
_PART: Final = re.compile(r"(\d{1,9})/(\d{1,9})", re.ASCII)


@frozen
class Sample:
    """A share of all files: those whose path hashes to between two fractions of what it can."""

    begin: Fraction
    end: Fraction

    @classmethod
    def of(cls, text: str) -> Self:
        """Read `5%`, or `2/7`: the second of seven parts, which together are all files.

        Raises:
            ValueError: It is neither.
        """
        if (found := _PERCENT.fullmatch(text)) and Fraction(found[1]) <= 100:  # noqa: PLR2004
            return cls(Fraction(0), Fraction(found[1]) / 100)
        if (found := _PART.fullmatch(text)) and 1 <= int(found[1]) <= int(found[2]):
            part, parts = int(found[1]), int(found[2])
            return cls(Fraction(part - 1, parts), Fraction(part, parts))
        raise ValueError(f"{text!r} is no sample: write it as 5%, or 2/7 for the second of seven parts")

    def takes(self, path: str) -> bool:
        """Return whether a file is in it."""
        digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest()
        return self.begin <= Fraction(int.from_bytes(digest[:8]), 1 << 64) < self.end


ALL: Final = Sample(Fraction(0), Fraction(1))
