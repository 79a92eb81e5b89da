"""Multipart form, parsed as PHP does: texts, and parts with a file name."""

import re
from collections.abc import Iterator

from coredata_async.sandbox.fivepm.errors import refusal
from coredata_async.sandbox.fivepm.php import Upload

_BOUNDARY = re.compile(r'(?i)multipart/form-data.*;\s*boundary="?([^";]+)"?')
_WORD = r'="((?:[^"\\]|\\.)*)"'
_NAME = re.compile(rf"(?i);\s*name{_WORD}")
_FILENAME = re.compile(rf"(?i);\s*filename{_WORD}")
_ESCAPED = re.compile(r'\\(["\\])')
_LINE = re.compile(r"(?im)^content-type:\s*([^\r\n]+)")


def boundary(content_type: str) -> str | None:
    """Return the boundary of a multipart form; None for another type."""
    found = _BOUNDARY.match(content_type)
    return found[1] if found else None


def parts(body: bytes, delimiter: str) -> Iterator[tuple[str, str | Upload]]:
    """Yield each part by its name, or refuse a form that does not end.

    The file name is not decoded, because PHP decodes no percent signs in it (facts 10).
    """
    mark = b"\r\n--" + delimiter.encode()
    _, *pieces = (b"\r\n" + body).split(mark)
    if not pieces or not pieces[-1].startswith(b"--"):
        raise refusal(400, "The form ends too soon.")
    for piece in pieces[:-1]:
        head, _, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = head.decode(errors="replace")
        name = _NAME.search(headers)
        if name is None:
            raise refusal(400, "The form has a part without a name.")
        yield _unescape(name[1]), _value(headers, data)


def _value(headers: str, data: bytes) -> str | Upload:
    filename = _FILENAME.search(headers)
    if filename is None:
        return data.decode(errors="replace")
    kind = _LINE.search(headers)
    # PHP keeps the text after the last separator, of either kind.
    bare = re.split(r"[/\\]", _unescape(filename[1]))[-1]
    return Upload(bare, kind[1].strip() if kind else "", data)


def _unescape(quoted: str) -> str:
    return _ESCAPED.sub(r"\1", quoted)
