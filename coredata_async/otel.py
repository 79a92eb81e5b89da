"""OpenTelemetry: spans and metrics of requests and uploads, without replacing the transport.

`CoreData(..., hooks=[OpenTelemetryHook()])` needs the extra `otel`. OpenTelemetry's own instrumentation of
aiohttp replaces methods of aiohttp, and then all requests go through aiohttp, which takes twice the CPU time.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Final

from coredata_async.operations import Operation
from coredata_async.resources.registry import endpoints
from coredata_async.transport.trace import Exchanged
from coredata_async.version import VERSION

try:
    from opentelemetry import context, metrics, trace
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider
except ModuleNotFoundError:
    raise ImportError("spans and metrics need OpenTelemetry: pip install 'coredata-async[otel]'") from None

__all__ = ["OpenTelemetryHook"]

NAME: Final = "coredata_async"
"""Name of the tracer and of the meter."""
DURATIONS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Buckets that the semantic conventions advise for durations of requests, in seconds."""
LONG_DURATIONS: Final = (*DURATIONS, 30, 60, 120, 300, 600, 1800, 3600)
"""Buckets for operations, in seconds."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ERROR: Final = 400
_FIVEPM: Final = "/api/v2/service/"
_UPLOADS: Final = frozenset({"upload", "replace"})
_SUCCESSFUL: Final = frozenset({"done", "skipped", "absent", "delayed"})

_Attributes = dict[str, str | int]


class OpenTelemetryHook:
    """A hook that creates a span for each operation and each attempt, and records metrics.

    Spans are children of the span that is current where the SDK is called. No span or metric contains a query
    string, an id, a file name, a blob name, a header of a request or the text of an error. No header is added
    to requests: the service and the storage do not take part in the trace.

    Args:
        tracer_provider: Defaults to the global one.
        meter_provider: Defaults to the global one.
    """

    def __init__(
        self, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        self._tracer = trace.get_tracer(NAME, VERSION, tracer_provider)
        meter = metrics.get_meter(NAME, VERSION, meter_provider)
        self._request_duration = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of one attempt at a request.",
            explicit_bucket_boundaries_advisory=DURATIONS,
        )
        self._retries = meter.create_counter("coredata.client.retries", "{attempt}", "Attempts that repeat.")
        self._waits = meter.create_histogram(
            "coredata.client.pool.wait.duration",
            "s",
            "Time that an attempt waited for a free connection; attempts that did not wait do not count.",
            explicit_bucket_boundaries_advisory=DURATIONS,
        )
        self._operation_duration = meter.create_histogram(
            "coredata.client.operation.duration",
            "s",
            "Duration of an operation.",
            explicit_bucket_boundaries_advisory=LONG_DURATIONS,
        )
        self._uploads = meter.create_counter("coredata.client.uploads", "{file}", "Uploads by outcome.")
        self._bytes = meter.create_counter("coredata.client.io", "By", "Bytes of contents that arrived.")
        self._unknown = meter.create_counter(
            "coredata.client.unknown_outcomes",
            "{request}",
            "Writes whose outcome was unknown at first.",
        )

    def __call__(self, event: Exchanged) -> None:
        """Record one attempt."""
        template = path_template(event)
        attributes = _describe_attempt(event)
        self._request_duration.record(event.seconds, {**attributes, "url.template": template})
        if event.attempt > 1:
            self._retries.add(1, {"http.request.method": _method(event), "server.address": event.host})
        now = time.time_ns()
        span = self._tracer.start_span(
            f"{_method(event)} {template}",
            kind=SpanKind.CLIENT,
            attributes={**attributes, "url.template": template},
            start_time=now - int(event.seconds * 1e9),
        )
        if span.is_recording():
            _complete(span, event)
        span.end(now)

    def record_wait(self, seconds: float, *, signed: bool) -> None:
        """Record that an attempt waited for a free connection."""
        self._waits.record(seconds, {"coredata.side": "storage" if signed else "api"})

    @contextmanager
    def operation(self, operation: Operation) -> Generator[None]:
        """Create a span for an operation and make it the current one; record its metrics."""
        began = time.monotonic()
        span = self._tracer.start_span(f"coredata.{operation.name}")
        token = context.attach(trace.set_span_in_context(span))
        try:
            yield
        finally:
            # A download may be closed in another context than it was opened in, as by some web frameworks.
            if trace.get_current_span() is span:
                context.detach(token)
            self._record(operation, time.monotonic() - began)
            _end(span, operation)

    def _record(self, operation: Operation, seconds: float) -> None:
        name, outcome = operation.name, operation.outcome
        attributes = {"coredata.operation": name, "coredata.outcome": outcome}
        self._operation_duration.record(seconds, attributes)
        if name in _UPLOADS:
            self._uploads.add(1, attributes)
        if name in {*_UPLOADS, "download"} and operation.size and outcome == "done":
            direction = "receive" if name == "download" else "transmit"
            self._bytes.add(operation.size, {"network.io.direction": direction})
        if outcome == "unknown" and name in {"register", "replace"}:
            self._unknown.add(1, {"coredata.operation": name})


def path_template(event: Exchanged) -> str:
    """Return the path with everything that is not a fixed part of the API replaced.

    Ids become `{id}`; the path of every signed URL is `/{blob}`.
    """
    if event.signed:
        return "/{blob}"
    known = _collect_fixed_segments()
    parts = event.path.split("/")
    if event.path.startswith(_FIVEPM):  # its methods are paths without ids
        parts = event.path.removeprefix(_FIVEPM).split("/")
        return _FIVEPM + "/".join(part if part.isalpha() else "{id}" for part in parts)
    return "/".join(part if part in known else "{id}" for part in parts)


@cache
def _collect_fixed_segments() -> frozenset[str]:
    return frozenset(part for each in endpoints() for part in each.path.split("/") if "{" not in part)


def _method(event: Exchanged) -> str:
    return event.method if event.method in _METHODS else "_OTHER"


def _describe_attempt(event: Exchanged) -> _Attributes:
    """Return the attributes that spans and metrics of an attempt have in common."""
    attributes: _Attributes = {"http.request.method": _method(event), "server.address": event.host}
    if event.port is not None:
        attributes["server.port"] = event.port
    if event.status is not None:
        attributes["http.response.status_code"] = event.status
    error = _error_type(event)
    if error is not None:
        attributes["error.type"] = error
    return attributes


def _error_type(event: Exchanged) -> str | None:
    if event.status is not None and event.status >= _ERROR:
        return str(event.status)
    return event.error


def _complete(span: Span, event: Exchanged) -> None:
    """Set what only the span of an attempt has."""
    if event.attempt > 1:
        span.set_attribute("http.request.resend_count", event.attempt - 1)
    if event.request_id is not None:
        span.set_attribute("http.response.header.x-request-id", [event.request_id])
    if _error_type(event) is not None:
        span.set_status(Status(StatusCode.ERROR))


def _end(span: Span, operation: Operation) -> None:
    if span.is_recording():
        span.set_attribute("coredata.outcome", operation.outcome)
        if operation.size is not None:
            span.set_attribute("coredata.size", operation.size)
        if operation.error is not None:
            span.set_attribute("error.type", operation.error)
        if operation.outcome not in _SUCCESSFUL:
            span.set_status(Status(StatusCode.ERROR))
    span.end()
