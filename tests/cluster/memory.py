"""A table in memory, with the compare-and-set of the real one."""

from datetime import UTC, datetime, timedelta

from coredata_async.cluster.table import Row


class MemoryTable:
    def __init__(self) -> None:
        self.entries: dict[str, tuple[dict[str, object], int]] = {}
        self._revision = 0
        self.ahead = timedelta()
        """Difference between the clock of the server and that of this machine."""
        self.name = "memory"

    async def now(self):
        return datetime.now(UTC) + self.ahead

    async def get(self, key):
        found = self.entries.get(key)
        return None if found is None else Row(key, *found)

    async def create(self, key, fields):
        return await self.put(key, fields, None)

    async def update(self, key, fields, revision):
        return await self.put(key, fields, revision)

    async def put(self, key, fields, revision):
        found = self.entries.get(key)
        if (None if found is None else found[1]) != revision:
            return None
        self._revision += 1
        self.entries[key] = (dict(fields), self._revision)
        return self._revision
