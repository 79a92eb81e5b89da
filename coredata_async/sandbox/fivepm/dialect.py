"""How this 5pm speaks: everything nobody outside knows about the real one, as one value."""

from typing import Literal

from attrs import frozen


@frozen(kw_only=True)
class Dialect:
    """One way the real service may be; the defaults are what the facts think most likely."""

    format: Literal["xml", "json"] = "xml"
    """What is answered when the request does not say `retType`."""
    honours_ret_type: bool = True
    root: Literal["data", "response"] = "data"
    wrapped: bool = True
    """JSON: `{"data": …}` or the value itself. XML has always a root."""
    named: bool = False
    """A single object under its own name again: `{"task": {…}}`."""
    numbers: Literal["strings", "numbers", "mixed"] = "strings"
    """JSON: `"7"`, `7`, or 7 for everything but `id`, which the docs call a string."""
    booleans: Literal["digits", "words"] = "digits"
    """`1` (written like any number), or `true`."""
    items: Literal["list", "item", "numeric", "bare"] = "list"
    """`[…]`, `{"item": …}` (one without its list), `{"1": …}`, or a list without `total` and `count`."""
    totals: bool = True
    """Whether a page says `total` and `count`."""
    empty_list: Literal["list", "object", "string", "null"] = "string"
    empty_value: Literal["string", "null", "list"] = "string"
    dates: Literal["space", "t", "z"] = "space"
    no_date: Literal["empty", "zero"] = "empty"
    """An unset date like any empty value, or `0000-00-00 00:00:00`."""
    page_cap: int = 100
    """The most one page holds, whatever `count` asks for."""
    offset_base: Literal[0, 1] | None = 0
    """The offset of the first item; None: the offset is ignored."""
    team_items: Literal["users", "ids"] = "users"
    content_type: str | None = None
    """Said instead of the right one."""
    bom: bool = False
    errors: Literal["status", "body", "html", "php"] = "status"
    """A status above 400; or 200 with an error in the body, a page to sign in, or PHP's last words."""
    missing: Literal["error", "empty"] = "error"
    """What getById and getByEmail say when there is none: an error (404), or 200 without data."""
    per_call: bool = True
    """Whether `login` and `password` are taken on every method, and not only by signIn."""
    sliding: bool = False
    """Whether use keeps a session alive."""
    download: Literal["raw", "bare", "enveloped", "metadata"] = "raw"
    """The bytes with a Content-Disposition or without one, a File with `content`, or a File without it."""
    upload: Literal["base64", "multipart", "both"] = "both"
    content_key: str = "content"
    """The attribute of a File that carries its bytes."""
    file_verb: Literal["both", "post", "get"] = "both"
    """The verb of removeFile and downloadFile, which the page prints with both (facts 8, slips 3 and 4)."""
    misprints: bool = True
    """Whether requests work as the page misprints them: `/post/projects/getById`, `projectsgroups[name]`,
    and a `sessionId` scrambled with a filter (facts 8, slips 1, 5 and 6)."""
    required: Literal["printed", "observed"] = "printed"
    """Whether users.add needs only what the page's example sends, or what a third party found needed."""
    wrong_verb: Literal[404, 405] = 405
    """What the other verb gets."""
