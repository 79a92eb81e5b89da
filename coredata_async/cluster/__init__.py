"""Jobs on many machines, over NATS JetStream.

- `job` — `ClusterJob`, the coordinator of a job; `watch` — its events; `jobs` — the table of jobs;
  `tree_lock` — excludes other jobs from its trees; `progress`, `report` — sums over its shards.
- `worker` — `Worker`, the processes of one machine; `process` — the program of one of them;
  `runner` — carries out tasks; `task_queue` — their messages; `attempts`, `dead_letters` — failed tasks;
  `planner` — a scan; `shard_work` — a shard;
  `folders`, `names` — remote folders, and names in folders that several sources share;
  `publisher`, `presence` — events of a process, and its entry in the table of workers.
- `account`, `limits` — limits that all workers of an account share, and their throttle events.
- `lease` — entries of a table with one owner at a time; `take` — acquires a lease, or takes it over.
- `connection` — `Cluster`; `address`, `handshake` — the connection to its server; `nats_types` — parts of
  nats-py; `nats_errors` — translation of its errors; `buckets` — creates buckets and checks them;
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
