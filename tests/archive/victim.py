"""Process that archives, and kills itself after the n-th exchange with either service."""

import asyncio
import json
import os
import signal
import sys
from itertools import count
from pathlib import Path

from coredata_async import CoreData
from coredata_async.archive import Archive
from coredata_async.fivepm import FivePM
from tests.archive.scene import AT_ONCE


async def main(task: dict[str, str], last: int) -> None:
    exchanges = count(1)

    def die_at_last(_: object) -> None:
        if next(exchanges) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    common = {"retry": AT_ONCE, "hooks": [die_at_last]}
    async with (
        FivePM(task["url"], login=task["login"], password=task["password"], **common) as pm,
        CoreData(task["url"], api_user=task["api_user"], api_key=task["api_key"], **common) as client,
    ):
        await Archive(
            pm=pm,
            client=client,
            project=task["project"],
            parent=task["parent"],
            directory=Path(task["place"]),
        ).run()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.read()), int(sys.argv[1])))
