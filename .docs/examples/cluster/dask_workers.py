"""One `coredata worker` on each worker of a Dask cluster, for one job.

    COREDATA_CLUSTER_URL=tls://head:4222 python dask_workers.py fs01=/srv/docs -- fs01:/docs --parent ID

Dask starts the workers and nothing else: shards, leases and reports are those of the CoreData cluster. Keys
come from the environment of the Dask workers, and are never sent through Dask.
"""

import os
import subprocess
import sys

from distributed import Client, Event, LocalCluster

COREDATA = (sys.executable, "-m", "coredata_async")


def work(url: str, shares: list[str]) -> int:
    """Run a worker until the job has ended."""
    options = [part for share in shares for part in ("--share", share)]
    with subprocess.Popen([*COREDATA, "worker", "--cluster", url, *options]) as worker:
        while worker.poll() is None and not Event("job-has-ended").wait(timeout=1):
            pass
        worker.terminate()
    return worker.returncode


def main(url: str, arguments: list[str]) -> int:
    separator = arguments.index("--")
    shares, job = arguments[:separator], arguments[separator + 1 :]
    with (
        LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None) as dask,
        Client(dask) as client,
    ):
        places = list(client.scheduler_info(n_workers=-1)["workers"])
        workers = [client.submit(work, url, shares, workers=[place], pure=False) for place in places]
        code = subprocess.run([*COREDATA, "upload", "--cluster", url, *job], check=False).returncode
        Event("job-has-ended").set()
        client.gather(workers)
    return code


if __name__ == "__main__":
    sys.exit(main(os.environ["COREDATA_CLUSTER_URL"], sys.argv[1:]))
