"""A 5pm project kept in CoreData: its files and activities, each once, even across crashes."""

from coredata_async.archive.archive import Archive, Archived
from coredata_async.archive.staging import Fetched, NotFetched

__all__ = ["Archive", "Archived", "Fetched", "NotFetched"]
