"""Process that runs a job, to be killed.

    python -m tests.bulk.workers.victim URL USER KEY PARENT ROOT JOURNAL PROCESSES [LEASE]

With LEASE, in seconds, its workers are those of `survivor`, which only the end of their lease can stop.
"""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

from coredata_async import CoreData
from coredata_async.bulk import Effort, UploadJob
from coredata_async.bulk.workers import sender, supervisor
from tests.bulk.workers.rig import SOON, WORKER


async def uploaded(*arguments: str) -> None:
    url, user, key, parent, root, journal, processes, *lease = arguments
    if lease:
        sender.LENGTH = float(lease[0])
        sender.RENEWAL = sender.LENGTH / 5
        supervisor.asyncio = SimpleNamespace(**{**vars(asyncio), "create_subprocess_exec": start_survivor})
    async with CoreData(url, api_user=user, api_key=key, retry=SOON) as client:
        job = UploadJob(
            client, [root], parent=parent, journal=Path(journal), effort=Effort(processes=int(processes))
        )
        await job.run()


async def start_survivor(*command: str, **options: object) -> asyncio.subprocess.Process:
    survivor = ["tests.bulk.workers.survivor" if part == WORKER else part for part in command]
    return await asyncio.create_subprocess_exec(*survivor, **options)


if __name__ == "__main__":
    asyncio.run(uploaded(*sys.argv[1:]))
