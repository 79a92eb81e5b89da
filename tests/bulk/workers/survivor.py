"""Worker that does not notice the death of its parent, as on systems whose kernel does not report it.

If it was stopped meanwhile, only the timer of its lease prevents it from continuing.
"""

from coredata_async.bulk.workers import process, slots
from coredata_async.bulk.workers.channel import Channel
from coredata_async.bulk.workers.lease import ParentLease, now

if __name__ == "__main__":
    slots.MARGIN = 0.0
    process.die_with = lambda parent: None
    process._end_with = lambda end, parent: None
    Channel.connection_lost = lambda self, exc: None
    ParentLease.valid = lambda self, margin=0.0: self.until - now() > margin
    process.main()
