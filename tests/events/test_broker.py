"""Tests of the connection to a message broker."""

import asyncio
from typing import cast

import pytest

from coredata_async.events import broker
from coredata_async.events.address import NatsAddress
from coredata_async.events.errors import BrokerError


class Unreachable:
    """Broker that is never connected."""

    async def connect(self) -> None:
        await asyncio.Event().wait()


async def test_a_server_that_is_not_there_is_reported_with_what_to_check(monkeypatch) -> None:
    monkeypatch.setattr(broker, "TIMEOUT", 0.01)

    with pytest.raises(BrokerError, match="check the address, and that the server runs"):
        await broker.connect(cast("broker.Broker", Unreachable()), NatsAddress(url="nats://127.0.0.1:1"))
