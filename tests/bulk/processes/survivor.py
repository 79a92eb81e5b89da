"""A worker that does not notice the death of its parent, as where the kernel does not tell it.

Nothing but the timer of its lease keeps it from going on when it was stopped meanwhile.
"""

from coredata_async.bulk.processes import places, worker
from coredata_async.bulk.processes.lease import ParentLease, now
from coredata_async.bulk.processes.line import Channel

if __name__ == "__main__":
    places.MARGIN = 0.0
    worker.die_with = lambda parent: None
    worker._end_with = lambda end, parent: None
    Channel.connection_lost = lambda self, exc: None
    ParentLease.valid = lambda self, margin=0.0: self.until - now() > margin
    worker.main()
