"""What a local name, which is any bytes, becomes on the server, which shows text to people."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from typing import Final

from coredata_async.bulk.options import Policy
from coredata_async.bulk.states import Reason

LONGEST: Final = 255
"""Bytes of UTF-8."""

_PLAIN: Final = re.compile(rb"[ -$&-.0-\[\]-~]{1,255}(?<![. ])")
"""Most names: ASCII without a control character, slash, backslash or percent sign."""
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\ud800-\udfff]")
"""Of these the surrogates stand for bytes that are no UTF-8."""
_ESCAPE: Final = re.compile("%(?=[0-9A-Fa-f]{2})")
_ENDING: Final = 32
"""Bytes of the longest ending that is kept when a name is cut."""


class InvalidNameError(ValueError):
    """A local name that cannot be a remote one under the policy."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.reason = Reason.NAME
        self.message = message


def remote_name(name: bytes, policy: Policy) -> str:
    """Return what a file or directory is to be called.

    With `unicode="keep"` and `names="escape"` no two names become one: a percent sign that could be
    taken for an escape is escaped, too. Normalising and cutting may make one of two, which is for
    the caller to see.

    Args:
        name: One component of a path, as it is on disk.
        policy: Says what is done about what is out of the ordinary.

    Raises:
        InvalidNameError: It is forbidden, and not to be changed; or too long, and not to be cut.
    """
    if _PLAIN.fullmatch(name):
        return name.decode("ascii")
    text = name.decode("utf-8", "surrogateescape")
    if policy.unicode == "nfc":
        text = unicodedata.normalize("NFC", text)
    if policy.names != "fail" and text:
        text = _escape(text)
    elif fault := _fault(text):
        raise InvalidNameError(f"its name {fault}; rename it, or choose names='escape'")
    size = len(text.encode())
    if size <= LONGEST:
        return text
    if policy.names == "truncate":
        return _cut(text, name)
    raise InvalidNameError(
        f"its name has {size} bytes, and {LONGEST} are allowed; rename it, or choose names='truncate'"
    )


def _fault(text: str) -> str | None:
    if not text:
        return "is empty"
    if found := _FORBIDDEN.search(text):
        return "is no UTF-8" if found[0] >= "\ud800" else "has a control character, slash or backslash in it"
    return "ends with a dot or a space" if _unfit_at_the_end(text[-1]) else None


def _unfit_at_the_end(char: str) -> bool:
    return char == "." or char.isspace()


def _escape(text: str) -> str:
    text = _ESCAPE.sub("%25", text)
    if _fault(text) is None:
        return text
    chars, escaped = list[str](), False
    for at, char in enumerate(text, 1):
        escaped = (
            _FORBIDDEN.match(char) is not None
            or (at == len(text) and _unfit_at_the_end(char))
            # An accent after an escape would join the escape's last letter: `%0A` and U+0301 make `%0Á`.
            or (escaped and unicodedata.combining(char) > 0)
        )
        chars.append(_percent(char) if escaped else char)
    return "".join(chars)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))


def _cut(text: str, name: bytes) -> str:
    """The beginning and the ending, and between them a digest of the whole as it is on disk."""
    stem, ending = os.path.splitext(text)
    if len(ending.encode()) > _ENDING:
        stem, ending = text, ""
    tail = f"~{hashlib.sha256(name).hexdigest()[:8]}{ending}"
    begin = stem.encode()[: LONGEST - len(tail.encode())]
    return begin.decode("utf-8", "ignore") + tail
