"""Spans and metrics: nested as the work is, named by the semantic conventions, and without secrets."""

import asyncio
import subprocess
import sys
from collections import Counter

import pytest

from coredata_async import Limits, OutcomeUnknownError, StorageError
from coredata_async.bulk import UploadJob
from coredata_async.records import IdempotentUploads, SqliteRecords
from coredata_async.transfer.uploads import Upload
from coredata_async.transport.aiohttp import exchange as over_aiohttp
from coredata_async.transport.trace import Exchanged
from tests.rig import QUICK

pytest.importorskip("opentelemetry.sdk")

from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from coredata_async.otel import OpenTelemetryHook, path_template

RESERVE = "POST /api/v3/blob/presigned-upload-url/"
REGISTER = "POST /api/v2/files/"
PUT = "PUT /{blob}"
UPLOAD = (
    "coredata.upload",
    [("coredata.reserve", [RESERVE]), ("coredata.put", [PUT]), ("coredata.register", [REGISTER])],
)


class Telemetry:
    """A hook whose spans and metrics stay in memory."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.traces, self.meters = TracerProvider(), MeterProvider([self.reader])
        self.traces.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.hook = OpenTelemetryHook(tracer_provider=self.traces, meter_provider=self.meters)

    @property
    def spans(self):
        return self.exporter.get_finished_spans()

    def named(self, name):
        return [span for span in self.spans if span.name == name]

    def tree(self, parent=None):
        """Spans below a parent in the order in which they began: a name, or a name with what is below it."""
        parent_id = parent.context.span_id if parent else None
        found = [span for span in self.spans if (span.parent.span_id if span.parent else None) == parent_id]
        found.sort(key=lambda span: span.start_time)
        return [(span.name, below) if (below := self.tree(span)) else span.name for span in found]

    def metric(self, name):
        """The points of a metric: attributes and value, or number of values."""
        data = self.reader.get_metrics_data()
        metrics = data.resource_metrics[0].scope_metrics[0].metrics if data else []
        return [
            (dict(point.attributes), getattr(point, "value", None) or getattr(point, "count", None))
            for metric in metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def telemetry():
    return Telemetry()


@pytest.fixture
async def traced(box, telemetry):
    async with box.client(hooks=[telemetry.hook], retry=QUICK) as client:
        yield client


@pytest.fixture
def box(coredata_sandbox):
    return coredata_sandbox


async def test_an_upload_has_a_span_for_each_step_and_attempt(box, traced, telemetry):
    with telemetry.traces.get_tracer("app").start_as_current_span("request"):
        await traced.files.upload(b"12345", parent=box.project, filename="a.txt")

    assert telemetry.tree() == [("request", [UPLOAD])]
    (upload,) = telemetry.named("coredata.upload")
    assert dict(upload.attributes) == {"coredata.outcome": "done", "coredata.size": 5}
    (register,) = telemetry.named(REGISTER)
    assert register.kind is SpanKind.CLIENT
    assert register.attributes["http.request.method"] == "POST"
    assert register.attributes["http.response.status_code"] == 201
    assert register.attributes["url.template"] == "/api/v2/files/"
    assert f"http://{register.attributes['server.address']}:{register.attributes['server.port']}" == box.url
    assert "http.request.resend_count" not in register.attributes
    assert upload.start_time <= register.start_time <= register.end_time <= upload.end_time


async def test_the_transport_is_still_our_own(box, traced, telemetry, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("aiohttp was used")

    monkeypatch.setattr(over_aiohttp, "exchange", refuse)
    monkeypatch.setattr("aiohttp.TCPConnector.connect", refuse)

    await traced.files.upload(b"12345", parent=box.project, filename="a.txt")

    assert telemetry.tree() == [UPLOAD]


async def test_both_transports_give_the_same_spans(box, telemetry):
    async with box.client(hooks=[telemetry.hook], transport="aiohttp") as client:
        await client.files.upload(b"12345", parent=box.project, filename="a.txt")

    assert telemetry.tree() == [UPLOAD]


async def test_a_retry_is_an_attempt_of_its_own(box, traced, telemetry):
    box.faults.status("files.register", 503)
    box.faults.reset_before("storage.put")

    await traced.files.upload(b"12345", parent=box.project, filename="a.txt")

    (tree,) = telemetry.tree()
    assert Counter(name for name, _ in tree[1])["coredata.put"] == 1
    lost, put = telemetry.named(PUT)
    assert lost.status.status_code is put.status.status_code.ERROR
    assert lost.attributes["error.type"] == "APIConnectionError"
    assert "http.response.status_code" not in lost.attributes
    assert put.attributes["http.request.resend_count"] == 1
    assert put.status.status_code is StatusCode.UNSET
    assert sum(value for _, value in telemetry.metric("coredata.client.retries")) >= 1


async def test_a_lost_answer_is_unknown_until_it_is_settled(box, traced, telemetry):
    box.faults.reset_after("files.register")

    await traced.files.upload(b"12345", parent=box.project, filename="a.txt")

    (register,), (settle,) = telemetry.named("coredata.register"), telemetry.named("coredata.settle")
    assert register.attributes["coredata.outcome"] == "unknown"
    assert register.status.status_code is StatusCode.ERROR
    assert settle.attributes["coredata.outcome"] == "done"
    assert register.parent == settle.parent
    assert telemetry.metric("coredata.client.unknown_outcomes") == [({"coredata.operation": "register"}, 1)]
    assert telemetry.metric("coredata.client.uploads") == [
        ({"coredata.operation": "upload", "coredata.outcome": "done"}, 1)
    ]


async def test_many_uploads_are_children_of_one_span(box, traced, telemetry):
    with telemetry.traces.get_tracer("app").start_as_current_span("request"):
        async with traced.files.upload_many([], parent=box.project) as outcomes:
            assert [outcome async for outcome in outcomes] == []
        sources = [Upload(source=b"x" * number, filename=f"{number}.txt") for number in range(5)]
        async with traced.files.upload_many(sources, parent=box.project, concurrency=3) as outcomes:
            assert len([outcome async for outcome in outcomes]) == 5

    ((name, (empty, (many, uploads))),) = telemetry.tree()
    assert (name, empty, many) == ("request", "coredata.upload_many", "coredata.upload_many")
    assert uploads == [UPLOAD] * 5


async def test_a_download_contains_its_requests_and_counts_its_bytes(box, traced, telemetry):
    file = (await traced.files.upload(b"0123456789", parent=box.project, filename="a.txt")).file_id
    telemetry.exporter.clear()
    box.faults.truncate("storage.get", 4)

    async with traced.files.download(file) as body:
        with telemetry.traces.get_tracer("app").start_as_current_span("read"):
            assert await body.read() == b"0123456789"

    ((name, below),) = telemetry.tree()
    assert name == "coredata.download"
    assert below[:2] == ["GET /api/v2/files/{id}/content/", "GET /{blob}"]
    assert below[2:] == [("read", below[:2])]  # continued, by Range, where it is read
    assert ({"network.io.direction": "receive"}, 10) in telemetry.metric("coredata.client.io")
    assert trace.get_current_span() is trace.INVALID_SPAN


async def test_a_download_that_is_closed_in_another_context_leaves_no_error(box, traced, telemetry, caplog):
    file = (await traced.files.upload(b"0", parent=box.project, filename="a.txt")).file_id
    body = traced.files.download(file)

    await asyncio.create_task(body.__aenter__())
    await body.__aexit__(None, None, None)

    assert len(telemetry.named("coredata.download")) == 1
    assert caplog.records == []


async def test_a_failure_is_recorded_by_its_class(box, traced, telemetry):
    box.faults.status("storage.put", 403, times=None)

    with pytest.raises(StorageError):
        await traced.files.upload(b"12345", parent=box.project, filename="a.txt")

    (upload,) = telemetry.named("coredata.upload")
    assert upload.attributes["error.type"] == "StorageError"
    assert upload.status.status_code is StatusCode.ERROR
    assert upload.status.description is None
    assert upload.events == ()


async def test_a_write_that_is_lost_has_an_attempt_with_its_error(box, traced, telemetry):
    box.faults.reset_after("projects.create")

    with pytest.raises(OutcomeUnknownError):
        await traced.projects.create(space=box.space, title="Board")

    (span,) = telemetry.named("POST /api/v2/projects/")
    assert span.attributes["error.type"] == "APIConnectionError"


async def test_a_bulk_job_contains_its_uploads(box, traced, telemetry, tmp_path):
    for number in range(4):
        (tmp_path / f"{number}.txt").write_text(f"content {number}")

    report = await UploadJob(traced, tmp_path, parent=box.project, journal=tmp_path.parent / "journal").run()

    assert report.ended == "complete"
    (job,) = telemetry.named("coredata.upload_job")
    assert job.parent is None
    uploads = telemetry.named("coredata.upload")
    assert [span.parent.span_id for span in uploads] == [job.context.span_id] * 4
    assert [telemetry.tree(span) for span in uploads] == [UPLOAD[1]] * 4
    before_the_job = [span for span in telemetry.spans if span.start_time < job.start_time]
    assert {span.context.trace_id for span in telemetry.spans if span not in before_the_job} == {
        job.context.trace_id
    }


async def test_durations_are_in_seconds_and_in_the_advised_buckets(box, traced, telemetry):
    await traced.projects.get(box.project)

    data = telemetry.reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    (duration,) = [metric for metric in data if metric.name == "http.client.request.duration"]
    (point,) = duration.data.data_points
    assert duration.unit == "s"
    assert point.explicit_bounds[:3] == (0.005, 0.01, 0.025)
    assert 0 < point.sum < 5
    assert point.attributes["url.template"] == "/api/v2/projects/{id}/"


async def test_waits_for_a_connection_are_measured(box, telemetry):
    limits = Limits(connections=1, concurrency=1)
    async with box.client(hooks=[telemetry.hook], limits=limits) as client, asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(client.projects.get(box.project))

    assert telemetry.metric("coredata.client.pool.wait.duration") == [({"coredata.side": "api"}, 2)]


@pytest.mark.parametrize(
    ("path", "signed", "expected"),
    [
        ("/api/v2/files/", False, "/api/v2/files/"),
        ("/api/v2/files/3f25/content/", False, "/api/v2/files/{id}/content/"),
        ("/api/v2/projects/SECRET/files/", False, "/api/v2/projects/{id}/files/"),
        ("/api/v2/SECRET/x y/", False, "/api/v2/{id}/{id}/"),
        ("/api/v2/service/get/projects/getById", False, "/api/v2/service/get/projects/getById"),
        ("/api/v2/service/get/12", False, "/api/v2/service/get/{id}"),
        ("bucket.example/SECRET", True, "/{blob}"),
    ],
)
def test_a_template_holds_only_fixed_parts_of_the_api(path, signed, expected):
    assert path_template(Exchanged("GET", path, 200, 0.1, signed=signed)) == expected


async def test_an_unknown_method_has_a_name_of_low_cardinality(telemetry):
    telemetry.hook(Exchanged("PURGE", "/x/", 200, 0.1, host="h"))

    assert [span.name for span in telemetry.spans] == ["_OTHER /{id}/"]


async def test_an_idempotent_upload_is_one_upload(box, traced, telemetry, tmp_path):
    async with SqliteRecords(tmp_path / "records.db") as records:
        uploads = IdempotentUploads(traced, records, lease=5, fence=False)
        for _ in range(2):
            await uploads.upload(b"12345", parent=box.project, filename="a.txt", key="SECRET")

    assert telemetry.tree() == [UPLOAD, "coredata.upload"]
    assert "SECRET" not in "".join(span.to_json() for span in telemetry.spans)


def test_without_opentelemetry_the_import_names_the_extra():
    program = "import sys; sys.modules['opentelemetry'] = None; import coredata_async.otel"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert "pip install 'coredata-async[otel]'" in done.stderr.splitlines()[-1]
