"""Worker that does not notice the death of its parent, as on systems whose kernel does not report it.

If it was stopped meanwhile, only the timer of its lease prevents it from continuing.
"""

from coredata_async.bulk.lease import ParentLease
from coredata_async.bulk.workers import process
from coredata_async.bulk.workers.channel import Channel
from coredata_async.fence import read_clock

if __name__ == "__main__":
    process.die_with = lambda parent: None
    process._end_with = lambda end, parent: None
    Channel.connection_lost = lambda self, exc: None
    ParentLease.is_valid = lambda self, margin=0.0: self.until - read_clock() > 0
    process.main()
