"""Keep-Alive headers, silent sockets, and distrusted origins."""

import select
import socket

import pytest

from coredata_async.transport.http11.reuse import DISTRUST, KEPT_FOR, Reputation, idle_limit, watch


@pytest.mark.parametrize(
    ("hint", "seconds"),
    [
        ("", KEPT_FOR),
        ("timeout=1", 0.5),
        ("timeout=2", 1.0),
        ("timeout=5, max=100", 4.0),
        ("max=99,timeout=5", 4.0),
        ('Timeout = "5"', 4.0),
        ("timeout=600", KEPT_FOR),
        ("timeout=99999999999999999999", KEPT_FOR),
        ("timeout=0", 0.0),
        ("timeout=5, max=0", 0.0),
        ("max=1", KEPT_FOR),
        ("timeout=", KEPT_FOR),
        ("timeout=-1", KEPT_FOR),
        ("xtimeout=1", KEPT_FOR),
        ("nonsense", KEPT_FOR),
    ],
)
def test_a_keep_alive_header_limits_the_idle_time(hint: str, seconds: float) -> None:
    assert idle_limit(hint) == seconds


@pytest.mark.parametrize("polls", [True, False])
def test_a_socket_is_watched_without_reading_from_it(polls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not polls:
        monkeypatch.delattr(select, "poll")  # as on Windows
    ours, theirs = socket.socketpair()
    with ours, theirs:
        unread = watch(ours.fileno())
        assert not unread()
        theirs.sendall(b"x")
        assert unread()
        assert unread()
        assert ours.recv(9) == b"x"
        assert not unread()
        theirs.close()
        assert unread()


def test_an_origin_that_sent_too_much_is_distrusted_for_a_while() -> None:
    reputation = Reputation()
    reputation.trusted |= {"a", "b"}

    reputation.accuse("a", 100.0)

    assert reputation.trusted == {"b"}
    assert reputation.is_distrusted("a", 100.0 + DISTRUST - 1)
    assert not reputation.is_distrusted("b", 100.0)
    assert not reputation.is_distrusted("a", 100.0 + DISTRUST)
    assert not reputation.distrusted
