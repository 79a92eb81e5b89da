"""A server plants the key and a signature in every part of its responses: printed text never contains them.

Requested data is not searched, because a document may contain any text. Errors, their causes and contexts,
their pickles, the variables of their frames, log records and hook events are searched.
"""

import asyncio
import copy
import html
import json
import logging
import pickle
import re
import traceback
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from io import StringIO
from types import TracebackType
from urllib.parse import quote

import pytest
from attrs import define, evolve, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.traceback import Traceback

from coredata_async import CoreData, CoreDataError, Timeouts
from tests.rig import QUICK
from tests.transport.raw import CLOSED, Line

pytestmark = pytest.mark.slow

ONCE = evolve(QUICK, attempts=1)
USER, KEY, SIGNATURE = "bob", "K3yOfBob+0123/abc", "S1gnature/42+x="
URL = (
    f"https://s3.invalid/laika/b?AWSAccessKeyId=Bob5Acc3ssK3y&Expires=9&Signature={quote(SIGNATURE, safe='')}"
)
SECRETS = [
    re.escape(form)
    for secret in (KEY, SIGNATURE, "Bob5Acc3ssK3y")
    for form in (
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        "".join(f"\\u{ord(letter):04x}" for letter in secret),
        "".join(f"\\\\u{ord(letter):04x}" for letter in secret),
        "".join(f"&#{ord(letter)};" for letter in secret),
        secret.encode().hex(),
    )
]
ENCODED = [b64encode(f"{USER}:{KEY}".encode()).decode(), b64encode(KEY.encode()).decode(), KEY.encode().hex()]
LEAK = re.compile("|".join([*SECRETS, *map(re.escape, ENCODED)]), re.IGNORECASE)

PLANTS = [f"apikey {USER}:{KEY}", KEY, URL, f"for {KEY}: {URL}.", *ENCODED, f"http://joe:{KEY}@proxy/"]
ESCAPES: list[Callable[[str], str]] = [
    str,
    html.escape,
    lambda text: quote(text, safe=""),
    lambda text: text.replace("=", "\\u003d").replace("&", "\\u0026").replace("?", "\\u003f"),
    lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    lambda text: "".join(f"&#{ord(letter)};" for letter in text),
]
BODIES: list[Callable[[str], str]] = [
    lambda text: f'{{"error_message": "{text}"}}',
    lambda text: f'{{"error": {{"deep": [[["{text}"]]], "code": "{text}"}}}}',
    lambda text: f'{{"code": "{text}", "message": "no"}}',
    lambda text: f'{{"{text}": 1}}',
    lambda text: f'{{"id": ["{text}"], "title": {{"a": "{text}"}}}}',
    lambda text: f'{{"id": "{text}", "title": 7, "created": "{text}"}}',
    lambda text: f'["{text}"]',
    lambda text: f'"{text}"',
    lambda text: f'{{"x": "{text}',
    lambda text: f'{{"blobName": "{text}", "presignedUrl": ""}}',
    lambda text: f'{{"blobName": "{"0" * 32}", "presignedUrl": ["{text}"]}}',
    lambda text: f'{{"blobName": "{text}", "presignedUrl": "{text}"}}',
    lambda text: f'{{"meta": {{"total_count": "{text}"}}, "objects": ["{text}"]}}',
    lambda text: f'{{"meta": {{"total_count": 1}}, "objects": [{{"id": ["{text}"]}}]}}',
    lambda text: f"<html><title>{text}</title></html>",
    lambda text: f"<Error><Code>{text}</Code><Message>{text}</Message></Error>",
    lambda text: f"<Error><Code>AccessDenied</Code><SignatureProvided>{text}</SignatureProvided></Error>",
    lambda text: f"{'x' * 1990}{text}",
    lambda text: f"{'x' * 280}{text}",
    lambda text: f'{{"error": "{"x" * 290}{text}"}}',
    lambda text: text,
    lambda text: "\x1b[31m\r\n" + text,
]
HEADERS = [
    "X-Request-Id", "Server", "Via", "Content-Type", "Date", "Retry-After", "Location", "ETag", "Set-Cookie",
    "Allow", "WWW-Authenticate", "Content-Encoding", "Content-Range", "Content-Disposition",
]  # fmt: skip
STATUSES = [200, 201, 202, 204, 206, 301, 302, 307, 400, 401, 403, 404, 409, 416, 429, 500, 503]


@define
class Plan:
    """The server's responses, and the requests that get them."""

    status: int = 200
    reason: str = "OK"
    headers: dict[str, str] = field(factory=dict[str, str])
    body: str = ""
    cut: bool = False
    first: int = 0
    """Number of requests of each operation that are answered correctly before."""
    seen: int = 0


def _header(text: str) -> str:
    return re.sub(r"[\r\n\0]", " ", text)


planted = st.builds(lambda plant, escape: escape(plant), st.sampled_from(PLANTS), st.sampled_from(ESCAPES))
plans = st.builds(
    Plan,
    status=st.sampled_from(STATUSES),
    reason=planted.map(_header),
    headers=st.dictionaries(st.sampled_from(HEADERS), planted.map(_header), max_size=3),
    body=st.builds(lambda body, text: body(text), st.sampled_from(BODIES), planted),
    cut=st.sampled_from([False, False, False, True]),
    first=st.integers(0, 2),
)


@asynccontextmanager
async def serving(plan: Plan) -> AsyncIterator[str]:
    """A service and its storage that follow the plan."""
    tasks: set[asyncio.Task[None] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        line = Line(reader, writer, [])
        try:
            while True:
                request = await line.request()
                plan.seen += 1
                is_right = plan.seen <= plan.first
                writer.write(right(request.line, url) if is_right else wrong(plan))
                await writer.drain()
                if plan.cut and not is_right:
                    return
        except CLOSED:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield url
    finally:
        server.close()
        while tasks:
            await asyncio.wait([task for task in (tasks.pop(),) if task is not None])


def right(line: str, url: str) -> bytes:
    signed = f"{url}/laika/b?{URL.partition('?')[2]}"
    match line.split(maxsplit=1)[0], line.split()[1].partition("?")[0]:
        case _, path if "presigned" in path:
            body = json.dumps({"blobName": "0" * 32, "presignedUrl": signed})
            return _response(200, "OK", {}, body)
        case "GET", path if path.endswith("/content/"):
            return _response(302, "Found", {"Location": signed}, "")
        case "PUT", path if path.startswith("/laika"):
            return _response(201, "Created", {}, "")
        case "POST", _:
            return _response(201, "Created", {"Location": "/api/v2/files/12/"}, "")
        case _:
            return _response(200, "OK", {}, '{"id": "12"}')


def wrong(plan: Plan) -> bytes:
    return _response(plan.status, plan.reason, plan.headers, plan.body, extra=7 if plan.cut else 0)


def _response(status: int, reason: str, headers: dict[str, str], body: str, *, extra: int = 0) -> bytes:
    raw = body.encode()
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    if status != 204:
        lines.append(f"Content-Length: {len(raw) + extra}")
    return "\r\n".join([*lines, "", ""]).encode() + (b"" if status == 204 else raw)


async def operations(client: CoreData, plan: Plan) -> list[BaseException]:
    """Run one of every operation, and return the errors."""
    raised: list[BaseException] = []

    async def download() -> None:
        async with client.files.download("12") as body:
            await body.read()

    for work in (
        lambda: client.projects.get("12"),
        lambda: client.projects.list().collect(limit=3),
        lambda: client.projects.create(space="1", title="x"),
        lambda: client.request("GET", "/api/v2/valuelists/", expect=299),
        lambda: client.files.upload(b"x", parent="1", filename="x"),
        download,
    ):
        plan.seen = 0
        try:
            await work()
        except Exception as exc:  # noqa: BLE001  # the output is what is tested
            raised.append(exc)
    return raised


def chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        exc = waiting.pop()
        if exc is not None and id(exc) not in seen:
            seen.add(id(exc))
            waiting += [exc.__cause__, exc.__context__]
            yield exc


def own_frames(trace: TracebackType | None) -> TracebackType | None:
    """Leave out the frames of this test, whose variables hold everything."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


def shown_with(error: BaseException) -> Iterator[BaseException]:
    """Return the errors that a printed traceback includes: causes, and contexts that are not suppressed."""
    exc: BaseException | None = error
    while exc is not None:
        yield exc
        exc = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)


def renderings(error: BaseException, *, with_rich: bool) -> Iterator[str]:
    """Return everything that a log, a terminal, a crash reporter or a pickle of an error may show."""
    printed: set[int] = set()
    for exc in chain(error):
        yield from (str(exc), repr(exc), repr(vars(exc)), "".join(traceback.format_exception_only(exc)))
        if isinstance(exc, CoreDataError):
            yield repr(pickle.dumps(exc)) + repr(vars(pickle.loads(pickle.dumps(exc))))
            yield repr(vars(copy.copy(exc)))
        trace = own_frames(exc.__traceback__)
        captured = traceback.TracebackException(type(exc), exc, trace, capture_locals=True)
        yield "".join(captured.format(chain=False))
        if with_rich and id(exc) not in printed:
            printed |= {id(each) for each in shown_with(exc)}
            console = Console(file=StringIO(), width=10_000, color_system=None)
            console.print(
                Traceback.from_exception(
                    type(exc), exc, trace, show_locals=True, locals_max_string=None, locals_max_length=None
                )
            )
            yield console.file.getvalue()


async def shown_by(plan: Plan, transport: str, events: list, *, with_rich: bool) -> list[str]:
    async with serving(plan) as url:
        options = {"retry": ONCE, "timeouts": Timeouts(response=1, stall=1), "hooks": [events.append]}
        async with CoreData(url, api_user=USER, api_key=KEY, transport=transport, **options) as client:
            raised = await operations(client, plan)
            raised_texts = [text for error in raised for text in renderings(error, with_rich=with_rich)]
            return [*raised_texts, repr(client), repr(vars(client))]


def leaks(plan: Plan, transport: str, caplog: pytest.LogCaptureFixture, *, with_rich: bool) -> list[str]:
    caplog.clear()
    events: list = []
    texts = asyncio.run(shown_by(plan, transport, events, with_rich=with_rich))
    texts += [repr(event) + repr(pickle.dumps(event)) for event in events]
    texts += [record.getMessage() + repr(record.args) + repr(record.exc_info) for record in caplog.records]
    assert events
    return [text for text in texts if LEAK.search(text)]


@pytest.mark.parametrize("transport", ["auto", "aiohttp"])
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(plan=plans)
def test_whatever_part_of_a_response_holds_a_secret_it_is_not_shown(transport, caplog, plan) -> None:
    caplog.set_level(logging.DEBUG, "coredata_async")
    caplog.set_level(logging.DEBUG, "asyncio")

    assert leaks(plan, transport, caplog, with_rich=False) == []


@pytest.mark.parametrize("transport", ["auto", "aiohttp"])
@pytest.mark.parametrize("header", ["Content-Range", "Content-Length"])
def test_a_range_that_holds_the_key_is_shown_masked(transport, caplog, header) -> None:
    plan = Plan(206, headers={header: f"apikey {USER}:{KEY}"}, first=1)

    assert leaks(plan, transport, caplog, with_rich=False) == []


@pytest.mark.parametrize("transport", ["auto", "aiohttp"])
@pytest.mark.parametrize("location", PLANTS)
def test_a_redirect_that_holds_a_secret_is_not_shown(transport, caplog, location) -> None:
    plan = Plan(302, headers={"Location": location})

    assert leaks(plan, transport, caplog, with_rich=False) == []


@pytest.mark.parametrize("transport", ["auto", "aiohttp"])
@pytest.mark.parametrize("status", [403, 500])
def test_a_storage_that_repeats_the_bare_signature_does_not_have_it_shown(transport, caplog, status) -> None:
    body = f"<Error><Code>{SIGNATURE}</Code><Message>{SIGNATURE} does not match</Message></Error>"
    plan = Plan(status, SIGNATURE, {"X-Request-Id": SIGNATURE, "ETag": SIGNATURE}, body, first=1)
    events: list = []

    options = {"retry": ONCE, "hooks": [events.append], "transport": transport}

    async def storage_only() -> list[str]:
        async with serving(plan) as url, CoreData(url, api_user=USER, api_key=KEY, **options) as client:
            with pytest.raises(CoreDataError) as caught:
                async with client.files.download("12") as content:
                    await content.read()
            return list(renderings(caught.value, with_rich=True))

    assert [text for text in asyncio.run(storage_only()) if LEAK.search(text)] == []
    assert not LEAK.search(repr(events))


@pytest.mark.parametrize("transport", ["auto", "aiohttp"])
@pytest.mark.parametrize("body", [BODIES[0], BODIES[4], BODIES[11]])
@pytest.mark.parametrize("first", [0, 1])
def test_a_traceback_with_variables_in_rich_shows_none_either(transport, caplog, body, first) -> None:
    for status in (200, 403):
        plan = Plan(status, KEY, {"X-Request-Id": KEY, "Location": URL}, body(f"{KEY} {URL}"), first=first)
        assert leaks(plan, transport, caplog, with_rich=True) == []


@pytest.mark.parametrize("transport", ["auto", "aiohttp"])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(plan=plans, character=st.sampled_from("\x1b\x9b\x85\u202e\u2066\u2028\r\n\x7f\x07"))
def test_no_control_character_of_a_server_reaches_a_message_or_a_log(
    transport, caplog, plan, character
) -> None:
    caplog.set_level(logging.DEBUG, "coredata_async")
    plan.body = plan.body.replace("x", character) + json.dumps({"error": f"a{character}b"})
    events: list = []

    async def messages() -> list[str]:
        async with serving(plan) as url:
            options = {"retry": ONCE, "hooks": [events.append]}
            async with CoreData(url, api_user=USER, api_key=KEY, transport=transport, **options) as client:
                return [str(each) for error in await operations(client, plan) for each in chain(error)]

    caplog.clear()
    texts = asyncio.run(messages()) + [record.getMessage() for record in caplog.records]
    texts += [text for event in events for text in (event.path, event.request_id or "")]

    assert [
        text for text in texts if re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text)
    ] == []


def telemetry_of(plan: Plan, transport: str) -> str:
    """All that an exporter of spans and metrics gets to see."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from coredata_async.otel import OpenTelemetryHook

    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    traces, meters = TracerProvider(), MeterProvider([reader])
    traces.add_span_processor(SimpleSpanProcessor(exporter))
    hook = OpenTelemetryHook(tracer_provider=traces, meter_provider=meters)

    async def all_operations() -> None:
        async with serving(plan) as url:
            options = {
                "retry": evolve(QUICK, attempts=2),
                "timeouts": Timeouts(response=1, stall=1),
                "hooks": [hook],
            }
            async with CoreData(url, api_user=USER, api_key=KEY, transport=transport, **options) as client:
                await operations(client, plan)

    asyncio.run(all_operations())
    spans = exporter.get_finished_spans()
    assert spans
    metrics = reader.get_metrics_data()
    assert metrics is not None
    return "\n".join([span.to_json() for span in spans] + [metrics.to_json()])


@pytest.mark.parametrize("transport", ["auto", "aiohttp"])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(plan=plans)
def test_no_span_and_no_metric_holds_a_secret_an_id_or_a_blob(transport, plan) -> None:
    pytest.importorskip("opentelemetry.sdk")

    text = telemetry_of(plan, transport)

    assert not LEAK.search(text)
    # A request id is shown as the server gives it, except for secrets.
    own = re.sub(r'"http.response.header.x-request-id": \[\s*"(?:[^"\\]|\\.)*"\s*\]', "", text)
    assert not re.search(r"/12/|laika|AWSAccessKeyId|\?", own)
