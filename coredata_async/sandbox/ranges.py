"""Parser of the `Range` header (RFC 9110, section 14)."""

import re

_ONE = re.compile(r"bytes=(\d*)-(\d*)")


def parse_range(header: str, size: int) -> range | None:
    """Return the requested bytes: None means all (no range, or an unknown form), empty means 416.

    Several ranges at once are answered with the whole, as S3 does.
    """
    match = _ONE.fullmatch(header.strip())
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    start, stop = int(first), min(size, int(last) + 1) if last else size
    if last and int(last) < int(first):
        return None
    return range(start, stop)
