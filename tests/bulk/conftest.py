"""Jobs with the sandbox of a test."""

import pytest

from tests.bulk.rig import Jobs, some_tree


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
