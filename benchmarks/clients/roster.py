"""Clients in the comparison of small files."""

from __future__ import annotations

from typing import Final

from benchmarks.clients.client import Client

OURS: Final = Client(name="ours", module="ours")
OURS_AIOHTTP: Final = Client(name="ours on aiohttp", module="ours", function="connect_with_aiohttp")
NAIVE: Final = Client(name="naive+md5", module="with_aiohttp", function="connect_naive")
TUNED: Final = Client(name="tuned_sync", module="with_aiohttp", function="connect_tuned")
BARE: Final = Client(name="bare protocol", module="bare")
PYCURL: Final = Client(name="pycurl multi", module="with_pycurl", needs="pycurl")
HTTPX: Final = Client(name="httpx", module="with_httpx", needs="httpx", slice=40)
REQUESTS: Final = Client(name="requests", module="with_requests", needs="requests", slice=100)
NIQUESTS: Final = Client(name="niquests", module="with_niquests", needs="niquests", slice=100)
CURL: Final = Client(name="curl script", module="with_curl", needs="curl", slice=8)
