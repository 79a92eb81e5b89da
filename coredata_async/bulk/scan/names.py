"""Remote names: a local name can be any bytes; the server shows text to people."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from typing import Final

from coredata_async.bulk.options import Policy
from coredata_async.bulk.states import Reason

LONGEST: Final = 255
"""Maximum length of a remote name in bytes of UTF-8."""

_PLAIN: Final = re.compile(rb"[ -$&-.0-\[\]-~]{1,255}(?<![. ])")
"""Most names: ASCII without control character, slash, backslash or percent sign."""
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\ud800-\udfff]")
"""Forbidden characters. The surrogates stand for bytes that are not UTF-8."""
_ESCAPE: Final = re.compile("%(?=[0-9A-Fa-f]{2})")
_ENDING: Final = 32
"""Maximum length in bytes of an extension that is kept when a name is cut."""


class InvalidNameError(ValueError):
    """A local name that the policy does not allow as a remote name."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.reason = Reason.NAME
        self.message = message


def remote_name(name: bytes, policy: Policy) -> str:
    """Return the remote name of a file or directory.

    With `unicode="keep"` and `names="escape"` different names stay different: a percent sign that looks like
    an escape is escaped, too. Normalising and cutting can make two names equal; the caller checks this.

    Args:
        name: One component of a path, as it is on disk.
        policy: The rules for names that cannot be used as they are.

    Raises:
        InvalidNameError: If it is forbidden and may not be escaped, or too long and may not be cut.
    """
    if _PLAIN.fullmatch(name):
        return name.decode("ascii")
    text = name.decode("utf-8", "surrogateescape")
    if policy.unicode == "nfc":
        text = unicodedata.normalize("NFC", text)
    if policy.names != "fail" and text:
        text = _escape(text)
    elif fault := _fault(text):
        raise InvalidNameError(f"its name {fault}; rename it, or use names='escape'")
    size = len(text.encode())
    if size <= LONGEST:
        return text
    if policy.names == "truncate":
        return _cut(text, name)
    raise InvalidNameError(
        f"its name has {size} bytes, but at most {LONGEST} are allowed; rename it, or use names='truncate'"
    )


def _fault(text: str) -> str | None:
    if not text:
        return "is empty"
    if match := _FORBIDDEN.search(text):
        return "is not UTF-8" if match[0] >= "\ud800" else "has a control character, slash or backslash"
    return "ends with a dot or a space" if _unfit_at_the_end(text[-1]) else None


def _unfit_at_the_end(char: str) -> bool:
    return char == "." or char.isspace()


def _escape(text: str) -> str:
    text = _ESCAPE.sub("%25", text)
    if _fault(text) is None:
        return text
    chars, escaped = list[str](), False
    for position, char in enumerate(text, 1):
        escaped = (
            _FORBIDDEN.match(char) is not None
            or (position == len(text) and _unfit_at_the_end(char))
            # A combining accent after an escape would join its last letter: `%0A` and U+0301 make `%0Á`.
            or (escaped and unicodedata.combining(char) > 0)
        )
        chars.append(_percent(char) if escaped else char)
    return "".join(chars)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))


def _cut(text: str, name: bytes) -> str:
    """Return the beginning and the extension, with a digest of the name on disk between them."""
    stem, ending = os.path.splitext(text)
    if len(ending.encode()) > _ENDING:
        stem, ending = text, ""
    tail = f"~{hashlib.sha256(name).hexdigest()[:8]}{ending}"
    begin = stem.encode()[: LONGEST - len(tail.encode())]
    return begin.decode("utf-8", "ignore") + tail
