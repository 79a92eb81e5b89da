"""Engine of a client: the transfer machinery, for internal callers such as bulk jobs."""

from __future__ import annotations

from attrs import frozen

from coredata_async.config import Limits, Retry
from coredata_async.message import Send
from coredata_async.operations import Observe, unobserved
from coredata_async.transfer.uploads import Uploader


@frozen(kw_only=True)
class Engine:
    """The two `Send`s of a client and the uploader on top of them."""

    api: Send
    """To the service, with key, retries and limits."""
    storage: Send
    """To signed URLs, without credentials besides the URL."""
    uploader: Uploader
    retry: Retry
    limits: Limits
    tenant: str
    """The base URL."""
    observe: Observe = unobserved
    """Begins operations that the hooks of the client observe."""
    account: str
    """The user name; never a key."""
