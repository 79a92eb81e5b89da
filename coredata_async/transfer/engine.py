"""The engine of a client: what moves files, for whoever builds on it."""

from __future__ import annotations

from attrs import frozen

from coredata_async.config import Limits, Retry
from coredata_async.message import Send
from coredata_async.operations import Observe, unobserved
from coredata_async.transfer.uploads import Uploader


@frozen(kw_only=True)
class Engine:
    """The two `Send`s of a client and what is driven by them. The bulk uploader runs on it."""

    api: Send
    """To the service, with key, retries and limits."""
    storage: Send
    """To signed URLs, with no credential but the URL."""
    uploader: Uploader
    retry: Retry
    limits: Limits
    tenant: str
    """The base URL."""
    observe: Observe = unobserved
    """Begins operations that the hooks of the client observe."""
    account: str
    """The user name; never a key."""
