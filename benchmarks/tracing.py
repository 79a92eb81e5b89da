"""Cost of tracing per request: no hook, the OpenTelemetry hook, and the instrumentation of aiohttp.

Spans go through the SDK to an exporter that drops them, and metrics to a reader in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from importlib.util import find_spec
from typing import Any, Final

import aiohttp

from benchmarks.clients.ours import client_for
from benchmarks.paired import Slice, Timed, run_paired
from benchmarks.result import Result
from benchmarks.served import Where, serve

WIDTH: Final = 32
REQUESTS: Final = 1000
PATH: Final = "/api/v2/user/"
SLICES: Final = 4
NEEDED: Final = ("opentelemetry.sdk", "opentelemetry.instrumentation.aiohttp_client")
OFF, HOOK, API, AIOHTTP, INSTRUMENTED = (
    "no hook",
    "OpenTelemetry hook",
    "OpenTelemetry hook, no SDK",
    "no hook, on aiohttp",
    "aiohttp instrumentation",
)


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """Return one row for each way to trace."""
    if missing := [name for name in NEEDED if not _is_installed(name)]:
        return [Result(name="tracing", baseline=OFF, note=f"{', '.join(missing)} is not installed")]
    timed = asyncio.run(_requests(rounds * (SLICES // 2 if quick else SLICES)))
    return [
        _row(timed, HOOK, OFF),
        _row(timed, API, OFF, note="spans and metrics of the API alone, which does nothing"),
        _row(timed, INSTRUMENTED, AIOHTTP),
        _row(timed, HOOK, INSTRUMENTED, note="the two ways to trace"),
    ]


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _row(timed: Timed, ours: str, theirs: str, note: str = "") -> Result:
    extra = timed.cpu(ours) - timed.cpu(theirs)
    words = f"{extra:+.0f} us of CPU per request" + (f"; {note}" if note else "")
    return timed.result(f"a tiny GET, c={WIDTH}, {ours}", ours, theirs, what="requests/s", note=words)


async def _requests(turns: int) -> Timed:
    from opentelemetry.instrumentation.aiohttp_client import create_trace_config  # noqa: PLC0415
    from opentelemetry.metrics import NoOpMeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import (  # noqa: PLC0415
        SimpleSpanProcessor,
        SpanExporter,
        SpanExportResult,
    )
    from opentelemetry.trace import NoOpTracerProvider  # noqa: PLC0415

    from coredata_async.otel import OpenTelemetryHook  # noqa: PLC0415

    class Dropping(SpanExporter):
        def export(self, spans: Sequence[Any]) -> SpanExportResult:
            del spans
            return SpanExportResult.SUCCESS

    traces, meters = TracerProvider(), MeterProvider([InMemoryMetricReader()])
    traces.add_span_processor(SimpleSpanProcessor(Dropping()))
    hook = OpenTelemetryHook(tracer_provider=traces, meter_provider=meters)
    idle = OpenTelemetryHook(tracer_provider=NoOpTracerProvider(), meter_provider=NoOpMeterProvider())
    async with serve() as where, AsyncExitStack() as stack:
        config = create_trace_config(tracer_provider=traces, meter_provider=meters)
        session = await stack.enter_async_context(aiohttp.ClientSession(trace_configs=[config]))
        options: dict[str, dict[str, Any]] = {
            OFF: {},
            HOOK: {"hooks": [hook]},
            API: {"hooks": [idle]},
            AIOHTTP: {"transport": "aiohttp"},
            INSTRUMENTED: {"session": session},
        }
        return await run_paired(
            {name: await _way(stack, where, each) for name, each in options.items()}, turns
        )


async def _way(stack: AsyncExitStack, where: Where, options: dict[str, Any]) -> Slice:
    client = await stack.enter_async_context(client_for(where, **options))

    async def one() -> None:
        (await client.request("GET", PATH)).json()

    return _slice(one)


def _slice(one: Callable[[], Awaitable[None]]) -> Slice:
    async def worker() -> None:
        for _ in range(REQUESTS // WIDTH):
            await one()

    async def slices() -> float:
        async with asyncio.TaskGroup() as group:
            for _ in range(WIDTH):
                group.create_task(worker())
        return WIDTH * (REQUESTS // WIDTH)

    return slices
