"""The program of a worker process: an unreachable NATS server is tried again, other failures are final."""

import socket

import pytest

pytest.importorskip("nats")

from coredata_async.bulk.options import Effort
from coredata_async.bulk.workers.setup import ProcessLimits, encode_setup
from coredata_async.cluster.errors import AccountMismatchError, ClusterError
from coredata_async.cluster.presence import UNREACHABLE, UNUSABLE
from coredata_async.cluster.process import work
from coredata_async.cluster.runner import TaskRunner
from coredata_async.secret import Secret


def setup_for(client, url: str, tmp_path) -> Secret[dict[str, object]]:
    engine = client.engine()
    _, plain, secrets = encode_setup(client, ProcessLimits(engine.limits, engine.retry), Effort()).reveal()
    cluster = {
        "url": url,
        "fingerprint": None,
        "authorities": None,
        "lease": 1.0,
        "replicas": 1,
        "shares": {"fs01": [str(tmp_path), "/"]},
        "directory": str(tmp_path / "journals"),
        "checkpoints": 30.0,
    }
    return Secret({"cluster": cluster, "token": None, "client": [plain, secrets], "member": "host.1.abc"})


async def test_a_server_that_cannot_be_reached_is_tried_again_by_the_next_process(
    client, tmp_path, capsys
) -> None:
    with socket.socket() as listener:  # it does not listen
        listener.bind(("127.0.0.1", 0))
        url = f"nats://127.0.0.1:{listener.getsockname()[1]}"

        assert await work(setup_for(client, url, tmp_path)) == UNREACHABLE

    assert capsys.readouterr().err.startswith("coredata worker: ")


@pytest.mark.servers
@pytest.mark.parametrize(
    "failure",
    [ClusterError("no answer"), AccountMismatchError("another account")],
    ids=["cluster", "account"],
)
async def test_only_a_cut_line_to_the_server_is_tried_again(
    client, server, tmp_path, monkeypatch, failure: Exception
) -> None:
    async def fail(self) -> None:
        raise failure

    monkeypatch.setattr(TaskRunner, "_pull_all", fail)
    setup = setup_for(client, server.files.url, tmp_path)
    setup.reveal()["token"] = server.address.token.reveal()

    assert await work(setup) == (UNREACHABLE if isinstance(failure, ClusterError) else UNUSABLE)
