"""Dialect of this 5pm: everything that is unknown about the real one, as one value."""

from typing import Literal

from attrs import frozen


@frozen(kw_only=True)
class Dialect:
    """One possible behaviour of the real service; the defaults are the most likely ones."""

    format: Literal["xml", "json"] = "xml"
    """Format of the response if the request has no `retType`."""
    honours_ret_type: bool = True
    """False if `retType` is ignored."""
    root: Literal["data", "response"] = "data"
    wrapped: bool = True
    """JSON: `{"data": …}` or the value itself. XML always has a root."""
    named: bool = False
    """True if a single object is wrapped under its name: `{"task": {…}}`."""
    numbers: Literal["strings", "numbers", "mixed"] = "strings"
    """JSON: `"7"`, `7`, or 7 for everything but `id`, which the docs call a string."""
    booleans: Literal["digits", "words"] = "digits"
    """`1` (written like any number), or `true`."""
    items: Literal["list", "item", "numeric", "bare"] = "list"
    """`[…]`, `{"item": …}` (one without its list), `{"1": …}`, or a list without `total` and `count`."""
    totals: bool = True
    """True if a page contains `total` and `count`."""
    empty_list: Literal["list", "object", "string", "null"] = "string"
    empty_value: Literal["string", "null", "list"] = "string"
    dates: Literal["space", "t", "z"] = "space"
    no_date: Literal["empty", "zero"] = "empty"
    """Unset date: like any empty value, or `0000-00-00 00:00:00`."""
    page_cap: int = 100
    """Maximum number of items on a page, whatever `count` asks for."""
    offset_base: Literal[0, 1] | None = 0
    """Offset of the first item; None: the offset is ignored."""
    team_items: Literal["users", "ids"] = "users"
    content_type: str | None = None
    """Content-Type sent instead of the right one."""
    bom: bool = False
    """True if a body begins with a byte order mark."""
    errors: Literal["status", "body", "html", "php"] = "status"
    """Status above 400; or 200 with an error in the body, a page to sign in, or an error message of PHP."""
    missing: Literal["error", "empty"] = "error"
    """Response of getById and getByEmail for a missing object: an error (404), or 200 without data."""
    per_call: bool = True
    """True if every method accepts `login` and `password`, not only signIn."""
    sliding: bool = False
    """True if use extends a session."""
    download: Literal["raw", "bare", "enveloped", "metadata"] = "raw"
    """Bytes with or without a Content-Disposition, a File with `content`, or a File without it."""
    upload: Literal["base64", "multipart", "both"] = "both"
    content_key: str = "content"
    """Attribute of a File that contains its bytes."""
    file_verb: Literal["both", "post", "get"] = "both"
    """Verb of removeFile and downloadFile, which the page prints with both."""
    misprints: bool = True
    """True if requests work as the page misprints them: `/post/projects/getById`, `projectsgroups[name]`,
    and a `sessionId` scrambled with a filter.
    """
    required: Literal["printed", "observed"] = "printed"
    """Required fields of users.add: those in the page's example, or those that a third party found."""
    wrong_verb: Literal[404, 405] = 405
    """Status for the wrong verb."""
