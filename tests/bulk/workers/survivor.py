"""A worker that does not notice the death of its parent, as where the kernel does not tell it.

Nothing but the timer of its lease keeps it from going on when it was stopped meanwhile.
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
