"""Process that carries a shard, to be killed. It writes its first checkpoint to a file.

python -m tests.bulk.shard_victim URL USER KEY SHARD JOURNAL ROOT CHECKPOINT
"""

import asyncio
import sys
from pathlib import Path

from coredata_async import CoreData
from coredata_async.bulk.options import JobSpec
from coredata_async.bulk.shard_run import ShardRun
from tests.bulk.rig import STEADY
from tests.bulk.shards import SETTLING


async def carry(*arguments: str) -> None:
    url, user, key, shard, journal, root, checkpoint = arguments
    async with CoreData(url, api_user=user, api_key=key) as client:
        run = ShardRun(client, JobSpec(effort=STEADY, retry=SETTLING), journal, shard=shard, root=root)
        async with run:
            write(checkpoint, await run.checkpoint())
            async for _ in run:
                pass


def write(path: str, data: bytes) -> None:
    Path(path).write_bytes(data)


if __name__ == "__main__":
    asyncio.run(carry(*sys.argv[1:]))
