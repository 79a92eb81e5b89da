"""A process that runs a job, to be killed."""

import asyncio
import sys
from pathlib import Path

from coredata_async import CoreData
from coredata_async.bulk import UploadJob
from tests.bulk.processes.rig import SOON


async def uploaded(*arguments: str) -> None:
    url, user, key, parent, root, journal, processes = arguments
    async with CoreData(url, api_user=user, api_key=key, retry=SOON) as client:
        job = UploadJob(client, [root], parent=parent, journal=Path(journal), processes=int(processes))
        await job.run()


if __name__ == "__main__":
    asyncio.run(uploaded(*sys.argv[1:]))
