"""File names in Content-Disposition headers, read and written (RFC 6266, 8187, continuations of RFC 2231)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final, Literal
from urllib.parse import quote, unquote_to_bytes

from coredata_async.errors import ConfigurationError

_PIECE: Final = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)
"""A parameter: everything up to the next semicolon outside of quotes."""
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)', re.DOTALL)
_CHARSET: Final = re.compile(
    r"utf-?8|(?:us-)?ascii|iso-8859-\d{1,2}|windows-125\d|koi8-[ru]|shift_jis|euc-(?:jp|kr)|gbk|gb2312|gb18030"
    r"|big5",
    re.IGNORECASE,
)
"""Charsets allowed for names. Python also has codecs for other purposes, some of them slow."""
_UNSAFE_IN_QUOTES: Final = re.compile(r'["%]')
"""Ends the quotes; browsers decode `%41`."""
_BREAKS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories of control characters, surrogates and line breaks."""
_DIRECTIONS: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks that show `exe.txt` as `txt.exe`."""
_ATTR_CHAR: Final = "!#$&+-.^_`|~"
"""Characters that RFC 8187 leaves unencoded, besides letters and digits."""

Disposition = Literal["attachment", "inline"]


def format_disposition(kind: Disposition, filename: str | None) -> str:
    """Return a Content-Disposition header, as RFC 6266 recommends.

    A name that is not plain ASCII is sent twice: `filename` in ASCII for old clients, `filename*` exactly.
    Control characters are removed, and path separators become `_`.
    """
    if kind not in {"attachment", "inline"}:
        raise ConfigurationError(f"disposition must be 'attachment' or 'inline', not {kind!r}")
    name = _clean(filename or "")
    if not name:
        return kind
    fallback = _UNSAFE_IN_QUOTES.sub("_", _ascii(name))
    header = f'{kind}; filename="{fallback}"'
    return header if fallback == name else f"{header}; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR)}"


def filename_from(header: str) -> str | None:
    """Return the file name that a Content-Disposition header gives, or None if it gives none.

    `filename*` takes precedence over a name in numbered pieces (`filename*0`, `filename*1`, …), and that over
    `filename`. If a parameter is repeated, the first one counts, as in browsers. A value that cannot be
    decoded is ignored. The name is the server's own: make it safe before you use it as a path, see
    `storage.filenames`.
    """
    parameters: dict[str, str] = {}
    for name, value in _parameters(header):
        parameters.setdefault(name, value)
    candidates = (
        _decode_extended(parameters.get("filename*", "")),
        _join_continuations(parameters),
        _plain(parameters.get("filename", "")),
    )
    return next((name for name in candidates if name and name.strip()), None)


def _parameters(header: str) -> Iterator[tuple[str, str]]:
    for piece in _PIECE.findall(header):
        name, equals, value = piece.partition("=")
        if equals:
            yield name.strip().lower(), _unquote(value.strip())


def _unquote(value: str) -> str:
    quoted = _QUOTED.match(value)
    return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL) if quoted else value


def _plain(value: str) -> str:
    """Return a plain value. Bytes that are not UTF-8 are read as ISO-8859-1, as in HTTP before 2014."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return (
            value.encode("utf-8", "surrogateescape").decode("latin-1") if _has_only_raw_bytes(value) else ""
        )
    return value


def _has_only_raw_bytes(value: str) -> bool:
    return not re.search(r"[\ud800-\udc7f\udd00-\udfff]", value)


def _decode_extended(value: str) -> str | None:
    """Decode `charset'language'percent-encoded`."""
    charset, _, rest = value.partition("'")
    _, quote, text = rest.partition("'")
    return _decode(charset, _unescape(text)) if quote else None


def _join_continuations(parameters: Mapping[str, str]) -> str | None:
    """Join `filename*0`, `filename*1*`, …: those with a second asterisk are percent-encoded."""
    charset, data = "utf-8", b""
    for number in range(len(parameters)):
        value = parameters.get(f"filename*{number}*")
        if value is None:
            value = parameters.get(f"filename*{number}")
            if value is None:
                break
            data += value.encode("utf-8", "surrogatepass")
            continue
        if number == 0 and value.count("'") >= 2:  # noqa: PLR2004  # charset'language'text
            charset, _, value = value.split("'", 2)
        data += _unescape(value)
    return _decode(charset, data)


def _unescape(text: str) -> bytes:
    return unquote_to_bytes(text.encode("utf-8", "surrogatepass"))


def _decode(charset: str, data: bytes) -> str | None:
    if not _CHARSET.fullmatch(charset.strip()):
        return None
    try:
        return data.decode(charset.strip())
    except (LookupError, UnicodeError):
        return None


def _clean(name: str) -> str:
    kept = (c for c in name if unicodedata.category(c) not in _BREAKS and c not in _DIRECTIONS)
    return "".join("_" if c in "/\\" else c for c in kept).strip()


def _ascii(name: str) -> str:
    """Return the name without accents, and with `_` for every other character that is not ASCII."""
    plain = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return "".join(c if " " <= c <= "~" else "_" for c in plain)
