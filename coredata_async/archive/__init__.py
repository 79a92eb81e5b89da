"""Archive of a 5pm project in CoreData: its files and activities, each once, even across crashes."""

from coredata_async.archive.archive import Archive, Archived
from coredata_async.archive.staging import Fetched, NotFetched

__all__ = ["Archive", "Archived", "Fetched", "NotFetched"]
