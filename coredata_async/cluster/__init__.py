"""Jobs on many machines, over NATS JetStream.

- `job` — `ClusterJob`, a job as its coordinator sees it; `watch` — how it is watched;
  `jobs` — the table of jobs; `tree_lock` — excludes other jobs from its trees;
  `progress`, `report` — what the tables and reports of its shards add up to.
- `worker` — `Worker`, the processes of one machine; `process` — the program of one of them;
  `runner` — carries out tasks; `task_queue` — their messages; `attempts`, `dead_letters` — those that fail;
  `planner` — a scan; `shard_work` — a shard;
  `folders`, `names` — remote folders, and names in those that sources share;
  `publisher`, `presence` — what others see of a process.
- `account`, `limits` — limits that all workers of an account share, and their throttle events.
- `lease` — entries of a table with one owner at a time; `take` — how a lease is taken, or taken over.
- `connection` — `Cluster`; `address`, `handshake` — how it is reached; `nats_types` — parts of nats-py;
  `buckets` — its buckets; `nats_errors` — what its errors mean;
  `table`, `objects` — tables changed by compare-and-set, and an object store;
  `messages` — names and messages.
- `server` — a nats-server of this package; `background` — one that outlives its command;
  `certificate` — its certificate; `exec_with_parent` — lets it end with its parent;
  `directory_lock` — excludes a second command from its directory.
"""

from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.errors import ClusterError, JobLockedError, LeaseLostError
from coredata_async.cluster.events import (
    AttemptFailed,
    ClusterEvent,
    ShardGivenUp,
    ShardMoved,
    WorkerJoined,
    WorkerLost,
)
from coredata_async.cluster.job import ClusterJob
from coredata_async.cluster.report import ClusterReport
from coredata_async.cluster.worker import Worker

__all__ = [
    "AttemptFailed",
    "Cluster",
    "ClusterError",
    "ClusterEvent",
    "ClusterJob",
    "ClusterReport",
    "JobLockedError",
    "LeaseLostError",
    "ShardGivenUp",
    "ShardMoved",
    "Worker",
    "WorkerJoined",
    "WorkerLost",
]
