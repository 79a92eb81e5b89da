"""Places of a job's files on the server: the folders, and the Files that are in them already."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import frozen

from coredata_async.bulk.journal.settle_wait import SettleWait
from coredata_async.bulk.remote.folder_list import FolderList
from coredata_async.bulk.remote.folder_maker import FolderMaker, LocalFolderMaker
from coredata_async.bulk.remote.folders import Folders
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.remote.other_jobs import OtherJobs, QuietCheck
from coredata_async.bulk.remote.siblings import Siblings
from coredata_async.bulk.report.report import Ended
from coredata_async.bulk.run.feeder import Feeder
from coredata_async.config import Retry


@frozen
class Placement:
    """Folders of a run, and the protection against other jobs in them."""

    others: OtherJobs
    siblings: Siblings
    folders: Folders
    feeder: Feeder

    @classmethod
    def build(
        cls,
        remote: Remote,
        retry: Retry,
        wait: SettleWait,
        *,
        abort: Callable[[Ended, str], None],
        on_created: Callable[[bytes, str], Awaitable[None]],
        maker: FolderMaker | None = None,
        listed: bool = False,
    ) -> Placement:
        """Connect the parts.

        Args:
            remote: The server below the parent.
            retry: The retry policy.
            wait: The wait for requests of other processes.
            abort: Ends the run.
            on_created: Called for each folder that was created.
            maker: Creates folders; by default those of a job in one process.
            listed: True if the Files in the journal are a current listing of all folders.
        """
        listing, journal = FolderList(remote), remote.journal
        others = OtherJobs(journal, abort)
        siblings = Siblings(listing, journal, others, retry)
        maker = maker or LocalFolderMaker()
        quiet = QuietCheck(wait, listing, journal, others, retry.probe_gap, maker=maker)
        folders = Folders(listing, journal, retry, quiet, siblings, on_created, maker=maker)
        return cls(others, siblings, folders, Feeder(journal, folders, remote, quiet, others, listed=listed))
