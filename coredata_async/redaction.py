"""Masking of secrets in text from a server, which is done only here.

Errors, log records, hook events, and therefore journals and reports, pass text of a server through a
`Redactor`. It masks

- the secrets it was given: keys, passwords, the values in a signed URL's query, also as base64 (once or
  twice), base32, hex, or hex of UTF-16;
- text that looks like a credential: queries of URLs, parameters and fields named like those of signed URLs,
  `Authorization` headers, user names and passwords in URLs;

and finds both behind any escapes, and the former also if they are split over lines. A successful reply is not
searched, because it is the caller's data.
"""

from __future__ import annotations

import re
from base64 import b32encode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from math import lcm
from typing import Final, Protocol, cast
from urllib.parse import parse_qsl, quote, quote_plus, unquote_plus

from attrs import field, frozen

from coredata_async.escapes import decodings, escape_controls, join_lines
from coredata_async.secret import MASK, Secret

EXCERPT: Final = 2000
"""Maximum number of characters of an unexpected body that an error keeps."""
SHOWN_HEADERS: Final = ("Content-Type", "Date", "Server", "Allow", "Retry-After", "X-Request-Id", "Via")
"""An allow-list, because cookies and redirect targets are secrets."""

_LOOKAHEAD: Final = 4096
"""Number of characters searched beyond the end of an excerpt, so that it does not end inside a secret."""
_SHORTEST: Final = 4
"""Minimum length of a secret that is searched for: masking a shorter one would only garble the text."""
_LONG: Final = 16
"""Minimum length of a value in a signed URL's query that is a secret regardless of its name."""
_DEPTH: Final = 40
"""Maximum number of levels of decoded JSON that are kept: more cannot be printed or pickled safely."""
_CUT: Final = "…"

_NAMES: Final = (
    r"(?:x-(?:amz|goog)-)?(?:signature|credential|security-token)|signatureprovided|awsaccesskeyid"
    r"|googleaccessid|sig|key-pair-id|x-api-key|api_?key|access_token|session_?id"
)
_NAME: Final = re.compile(_NAMES, re.IGNORECASE)
_STRUCTURED: Final = re.compile(
    r"(?:x-(?:amz|goog)-)?(?:signature|security-token)|x-(?:amz|goog)-credential|signatureprovided"
    r"|awsaccesskeyid|googleaccessid|sig|session_?id|(?:proxy-)?authorization|set-cookie2?|cookie",
    re.IGNORECASE,
)
"""Names of fields whose text is a secret."""
_QUERY: Final = re.compile(r"\?([^\s\"'<>=?]*=[^\s\"'<>]*)")
_CREDENTIALS: Final = (
    re.compile(rf"(?<![a-z0-9])(?:{_NAMES})=([^\s\"'<>&,;]+)", re.IGNORECASE),
    re.compile(rf"<(?:{_STRUCTURED.pattern})>([^<]+)", re.IGNORECASE),
    re.compile(rf"(?<![a-z0-9])(?:{_STRUCTURED.pattern})[\"']\s*:\s*[\"']([^\"']+)", re.IGNORECASE),
    re.compile(rf"(?<![a-z0-9])(?:{_STRUCTURED.pattern})\s*:\s*([a-z0-9+/=_%-]{{16,}})", re.IGNORECASE),
    re.compile(
        r"(?:authorization|cookie)[\"']?\s*[:=]\s*+[\"']?((?:apikey|basic|bearer|digest)?\s*+[^\s\"'<>]+)",
        re.IGNORECASE,
    ),
    re.compile(r"//([^/\s\"'<>@?#:]*:[^/\s\"'<>@?#]*)@"),
)
"""Each takes linear time: no two adjacent parts can match the same characters, unless they are possessive."""
_TOKEN: Final = re.compile(r"[\w./-]*")
"""A text without escapes and without names with values, such as the path of a URL."""
_ENCODED: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_="


class SignedRequest(Protocol):
    """A request to a signed URL; its repr does not show the query."""

    @property
    def target(self) -> str:
        """The URL."""
        ...


@frozen
class _Forms:
    """Encodings of one secret."""

    whole: Sequence[str] = field(repr=False)
    base64: Sequence[str] = field(repr=False)
    """Its base64 and base32 forms within a longer text."""


@frozen(slots=False)  # with slots, every read of an attribute would look for cached properties first
class Redactor:
    """Masks secrets in text of a server; its own repr shows nothing.

    It costs nothing until it is given a text: patterns are compiled on first use.
    """

    secrets: tuple[Secret[str], ...] = ()
    """Keys and passwords."""
    signed: SignedRequest | None = None
    """A request whose URL is signed: the values in its query are secrets."""

    def __call__(self, text: str, limit: int | None = None) -> str:
        """Mask secrets in the first `limit` characters of a text, and return only these."""
        if not text or (_TOKEN.fullmatch(text) and not self._is_in(text)):
            return text[:limit]
        end = len(text) if limit is None else min(limit, len(text))
        pieces: list[str] = []
        position = 0
        for start, stop, mask in sorted(self._spans(text)):
            if start >= end:
                break
            if stop <= position:
                continue
            if start >= position:
                pieces += text[position:start], mask
            position = stop
        pieces.append(text[position:end])
        return "".join(pieces)

    def line(self, text: str, limit: int | None = None) -> str:
        """Mask secrets, and escape characters that are not printable."""
        masked = self(text, limit)
        return masked if masked.isprintable() else escape_controls(masked)  # nearly all text is printable

    def excerpt(self, body: bytes, limit: int = EXCERPT) -> str:
        """Return the beginning of a body as text, without secrets."""
        return self(body[: limit + _LOOKAHEAD].decode("utf-8", "replace"), limit)

    def tree(self, value: object, depth: int = _DEPTH) -> object:
        """Mask secrets in decoded JSON, including names."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list):
            items = cast("list[object]", value)
            return [self.tree(each, depth - 1) for each in items] if depth else _CUT
        if isinstance(value, dict):
            facts = cast("dict[str, object]", value)
            return {self(name): self._field(name, facts[name], depth) for name in facts} if depth else _CUT
        return value

    def also(self, *secrets: Secret[str], signed: SignedRequest | None = None) -> Redactor:
        """Return a redactor that masks further secrets."""
        return Redactor((*self.secrets, *secrets), signed or self.signed)

    def _field(self, name: str, value: object, depth: int) -> object:
        if isinstance(value, str) and _STRUCTURED.fullmatch(name):
            return MASK
        return self.tree(value, depth - 1)

    def _spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        for decoded in decodings(text):
            for start, stop, mask in self._matches(decoded.text):
                yield decoded.origin(start), decoded.origin(stop), mask
            joined = join_lines(decoded) if self._forms else None
            if (
                joined is not None
            ):  # only for the secrets themselves, because other credentials are detected by their spaces
                for match in self._known.finditer(joined.text):
                    yield joined.origin(match.start()), joined.origin_of_end(match.end()), MASK

    def _matches(self, text: str) -> Iterator[tuple[int, int, str]]:
        for match in self._known.finditer(text):
            yield (*_token(text, match), MASK) if match.lastgroup else (*match.span(), MASK)
        for match in _QUERY.finditer(text):
            yield (*match.span(1), _CUT)
        for pattern in _CREDENTIALS:
            for match in pattern.finditer(text):
                yield (*match.span(1), MASK)

    def _is_in(self, text: str) -> bool:
        """Check a text without escapes, such as a path or a request id.

        Optimised: it runs for every exchange.
        """
        lower = text.lower()
        for form in self._lower_forms:
            if form in lower:
                return True
        return self.signed is not None and _may_hold_value(text, lower, self.signed.target)

    @cached_property
    def _lower_forms(self) -> Sequence[str]:
        return _lower_forms(self.secrets)

    @cached_property
    def _forms(self) -> Sequence[_Forms]:
        values = () if self.signed is None else _values(self.signed.target)
        return [_forms(secret) for secret in {*self.secrets, *values} if len(secret.reveal()) >= _SHORTEST]

    @cached_property
    def shortest(self) -> int:
        """Length of the shortest form of a secret: a shorter text without escapes holds none."""
        forms = [form for forms in self._forms for form in (*forms.whole, *forms.base64)]
        return min(map(len, forms), default=1 << 30)

    @cached_property
    def _known(self) -> re.Pattern[str]:
        """All forms of the secrets; the group is for pieces of base64 within a longer word."""
        whole = _alternatives(form for forms in self._forms for form in forms.whole)
        base64 = _alternatives(form for forms in self._forms for form in forms.base64)
        return re.compile(f"{whole}|(?P<base64>{base64})", re.IGNORECASE)


NO_SECRETS: Final = Redactor()
"""Masks only text that looks like a credential."""


def without_queries(text: str) -> str:
    """Mask text that looks like a credential, above all queries of URLs."""
    return NO_SECRETS(text)


def _values(url: str) -> Iterator[Secret[str]]:
    """Yield the values in a query that authorise, or may authorise, the use of the URL."""
    for name, value in parse_qsl(url.partition("?")[2]):
        if len(value) >= _LONG or _NAME.fullmatch(name):
            yield Secret(value)


def _may_hold_value(text: str, lower: str, url: str) -> bool:
    """Return whether a text without escapes may contain a value of a query, without compiling a pattern."""
    for pair in url.partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        if "%" in value or "+" in value:
            value = unquote_plus(value)
        if len(value) >= _SHORTEST and value.lower() in lower:
            return True
        # Base64 makes at least this many characters of it, and hexadecimal digits are more.
        if len(text) >= len(value) * 4 // 3 - 3 and (len(value) >= _LONG or _NAME.fullmatch(name)):
            return True
    return False


@lru_cache(maxsize=64)
def _forms(secret: Secret[str]) -> _Forms:
    value = secret.reveal()
    data = value.encode("utf-8", "surrogatepass")
    # Without the last byte, the hex digits of UTF-16 are the same in both byte orders.
    wide = value.encode("utf-16-le", "surrogatepass").hex()[:-2]
    whole = {value, quote(data, safe=""), quote_plus(data), data.hex(), wide}
    once = list(_base64(data))
    twice = {outer for inner in once for outer in _base64(inner.encode())}
    return _Forms(tuple(whole), (*once, *twice, *_pieces(data, b32encode, 5)))


@lru_cache(maxsize=64)
def _lower_forms(secrets: tuple[Secret[str], ...]) -> Sequence[str]:
    known = [_forms(secret) for secret in secrets if len(secret.reveal()) >= _SHORTEST]
    return tuple({form.lower() for forms in known for form in (*forms.whole, *forms.base64)})


def _alternatives(forms: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(forms, key=len, reverse=True))) or r"(?!)"


def _base64(data: bytes) -> Iterator[str]:
    """Yield the base64 forms of the bytes at any position in a longer text."""
    for piece in _pieces(data, b64encode, 6):
        yield piece
        yield piece.translate(str.maketrans("+/", "-_"))


def _pieces(data: bytes, encode: Callable[[bytes], bytes], bits: int) -> Iterator[str]:
    """Yield the forms of the bytes at any position in a longer text, of so many bits for each character."""
    for shift in range(lcm(8, bits) // 8):
        text = encode(bytes(shift) + data).decode()
        piece = text[-(-8 * shift // bits) : 8 * (shift + len(data)) // bits]
        if len(piece) >= 2 * _SHORTEST:
            yield piece


def _token(text: str, match: re.Match[str]) -> tuple[int, int]:
    """Return the span of the whole base64 word around a match."""
    start, stop = match.span()
    while start and text[start - 1] in _ENCODED:
        start -= 1
    while stop < len(text) and text[stop] in _ENCODED:
        stop += 1
    return start, stop
