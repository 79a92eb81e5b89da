"""The server with which a lost connection goes on: another one, and one that gets no token unencrypted."""

from urllib.parse import urlparse

from attrs import frozen

from coredata_async.cluster.address import ClusterAddress
from coredata_async.cluster.failover import Failover


@frozen
class Server:
    uri: object
    reconnects: int = 0


def servers(**attempts: int) -> list[Server]:
    return [
        Server(urlparse(f"nats://{host.replace('_', '.')}:4222"), count) for host, count in attempts.items()
    ]


def test_another_server_than_the_last_is_tried_first_and_at_once() -> None:
    failover = Failover(ClusterAddress(url="tls://a:4222,tls://b:4222"), "tls://a:4222", 0.5)

    chosen, pause = failover.choose(servers(a=0, b=0), {})

    assert (chosen.uri.hostname, pause) == ("b", 0.0)


def test_all_servers_are_tried_before_one_is_tried_again_after_a_pause() -> None:
    failover = Failover(ClusterAddress(url="tls://a:4222,tls://b:4222,tls://c:4222"), "tls://a:4222", 0.5)
    attempts = {"a": 0, "b": 0, "c": 0}
    tried = []

    for _ in range(5):
        chosen, pause = failover.choose(servers(**attempts), {})
        attempts[chosen.uri.hostname] += 1
        tried.append((chosen.uri.hostname, pause))

    assert tried == [("b", 0.0), ("a", 0.0), ("c", 0.0), ("a", 0.5), ("b", 0.5)]


def test_a_single_server_is_tried_again() -> None:
    failover = Failover(ClusterAddress(url="nats://localhost:4222"), "nats://localhost:4222", 0.5)

    assert failover.choose(servers(localhost=1), {})[1] == 0.5


def test_an_announced_server_gets_no_token_without_tls() -> None:
    address = ClusterAddress(url="nats://127.0.0.1:4222")
    failover = Failover(address, address.url, 0.5)
    pool = [*servers(**{"10_0_0_6": 0}), *servers(**{"127_0_0_1": 7})]

    chosen, _ = failover.choose(pool, {})

    assert chosen.uri.hostname == "127.0.0.1"


def test_an_announced_server_is_used_with_tls() -> None:
    address = ClusterAddress(url="tls://10.0.0.5:4222")
    failover = Failover(address, address.url, 0.5)
    pool = [*servers(**{"10_0_0_5": 0}), *servers(**{"10_0_0_6": 0})]

    chosen, _ = failover.choose(pool, {})

    assert chosen.uri.hostname == "10.0.0.6"
