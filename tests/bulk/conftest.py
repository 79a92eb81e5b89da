"""Jobs with the sandbox of a test."""

import pytest

from coredata_async.bulk.options import JobSpec
from tests.bulk.rig import STEADY, Jobs, make_tree, some_tree
from tests.bulk.shards import Cluster


@pytest.fixture
def jobs(box, client, tmp_path):
    """Return jobs whose parent is the project."""
    return Jobs(client, box.project, tmp_path / "job.sqlite")


@pytest.fixture
def far_jobs(far, far_client, tmp_path):
    """Return jobs with the sandbox in a thread."""
    return Jobs(far_client, far.project, tmp_path / "job.sqlite")


@pytest.fixture
def tree(tmp_path):
    """Create a dozen small files in three directories."""
    return some_tree(tmp_path / "tree")


@pytest.fixture
def nested(tmp_path):
    """Create some files in nested directories, and one link that is not followed."""
    root = some_tree(tmp_path / "share" / "tree", 30)
    make_tree(root, {"top.txt": b"top", "d1/deep/x.txt": b"x", "d1/deep/y.txt": b"y"})
    (root / "link").symlink_to("top.txt")
    return root


@pytest.fixture
def cluster(box, client, nested, tmp_path):
    """Return a plan of the nested files, without a shard yet."""
    state = tmp_path / "state"
    state.mkdir()
    spec = JobSpec(effort=STEADY, retry=client.engine().retry)
    return Cluster(client, box.project, nested.parent, state, spec)
