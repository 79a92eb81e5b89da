"""Tests of the connection to a message broker."""

import asyncio
import json
from types import SimpleNamespace
from typing import cast

import pytest

from coredata_async.events import broker
from coredata_async.events.address import NatsAddress
from coredata_async.events.errors import BrokerError
from coredata_async.events.handler import Dead


class Unreachable:
    """Broker that is never connected."""

    async def connect(self) -> None:
        await asyncio.Event().wait()


async def test_a_server_that_is_not_there_is_reported_with_what_to_check(monkeypatch) -> None:
    monkeypatch.setattr(broker, "TIMEOUT", 0.01)

    with pytest.raises(BrokerError, match="check the address, and that the server runs"):
        await broker.connect(cast("broker.Broker", Unreachable()), NatsAddress(url="nats://127.0.0.1:1"))


def message_of(data: bytes):
    metadata = SimpleNamespace(num_delivered=3, stream="uploads", sequence=SimpleNamespace(stream=7))
    return SimpleNamespace(data=data, subject="uploads", metadata=metadata)


def test_a_dead_letter_holds_the_message_as_it_came() -> None:
    letter = json.loads(broker.encode_dead_letter(message_of(b'{"key": "k"}'), Dead("it failed", "k"), 1000))

    assert letter == {
        "reason": "it failed",
        "attempts": 3,
        "key": "k",
        "subject": "uploads",
        "stream": "uploads",
        "sequence": 7,
        "message": '{"key": "k"}',
    }


@pytest.mark.parametrize("data", [b"\0" * 300_000, b"\xff" * 900_000, b'"' * 1_000_000, b"x" * 1_048_000])
@pytest.mark.parametrize("key", ["k", "k" * 900_000, "\ud800" * 900_000])
def test_a_dead_letter_fits_into_a_message_of_the_server(data: bytes, key: str) -> None:
    room = 1_000_000

    encoded = broker.encode_dead_letter(message_of(data), Dead("it failed" * 1000, key), room)

    assert len(encoded) <= room
    assert len(json.loads(encoded)["message"]) >= min(len(data), room // 6) // 2
