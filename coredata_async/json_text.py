"""Decoding of JSON with Python's own decoder, without its surprises."""

from __future__ import annotations

import json
from typing import Any

from coredata_async.nesting import TooDeepError


def decode_json(raw: bytes | str) -> Any:
    """Decode JSON.

    An integer with more digits than Python converts (4300, `sys.set_int_max_str_digits`) stays a text,
    because one such value must not hide the rest.

    Raises:
        ValueError: If it cannot be decoded; usually `JSONDecodeError`. `TooDeepError` if it is nested so
            deeply that the decoder fails, which depends on the caller.
    """
    try:
        return json.loads(raw)
    except RecursionError:
        raise TooDeepError from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError:
        return json.loads(raw, parse_int=_whole)


def _whole(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits
