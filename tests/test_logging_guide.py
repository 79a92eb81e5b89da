"""The guide `.docs/logging.md`: its examples run, and its table names every logger there is."""

import gzip
import logging
import os
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

import coredata_async
from tests.ports import reserve_port

pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / ".docs" / "logging.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
BY_NAME = {
    name: next(code for code in EXAMPLES if word in code)
    for name, word in {
        "basic": "no repeated attempts",
        "json": "JsonLines",
        "correlate": "invoice-17",
        "otlp": "OTLPSpanExporter",
        "prometheus": "PrometheusMetricReader",
    }.items()
}
LOG = 'import logging; logging.getLogger("coredata_async.upload").warning("lost\\\\n%s", "x")'


def run(code: str, box=None, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("COREDATA_")}
    env |= variables
    if box is not None:
        env |= {
            "COREDATA_BASE_URL": box.url,
            "COREDATA_API_USER": box.api_user,
            "COREDATA_API_KEY": box.api_key,
        }
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, env=env, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done


def test_every_example_is_tested() -> None:
    assert sorted(BY_NAME.values()) == sorted(EXAMPLES)


def test_the_basic_example_writes_warnings() -> None:
    assert " WARNING coredata_async.upload: lost" in run(f"{BY_NAME['basic']}\n{LOG}").stderr


def test_the_json_example_writes_one_object_per_record() -> None:
    check = (
        "\nimport sys\nprint(json.loads(handler.format(logging.LogRecord('a', 30, '', 1, 'b', None, None))))"
    )

    done = run(f"{BY_NAME['json']}\n{LOG}{check}")

    assert '"level": "WARNING", "logger": "coredata_async.upload", "message": "lost\\\\nx"}' in done.stderr
    assert "'logger': 'a', 'message': 'b'" in done.stdout


def test_records_carry_the_context_of_the_caller(coredata_sandbox) -> None:
    done = run(BY_NAME["correlate"], coredata_sandbox)

    assert re.search(r"^invoice-17 DEBUG GET /api/v2/user/ -> 200 in \d+ ms$", done.stderr, re.MULTILINE)


USE = """
import asyncio

async def use() -> None:
    async with client:
        await client.me()

asyncio.run(use())
"""


class Collector(BaseHTTPRequestHandler):
    """An OTLP endpoint that keeps what it receives."""

    received: ClassVar[dict[str, bytes]] = {}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        packed = self.headers["Content-Encoding"] == "gzip"
        self.received[self.path] = gzip.decompress(body) if packed else body
        self.send_response(200)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


@pytest.fixture
def collector():
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def require(module: str) -> None:
    if find_spec("opentelemetry.exporter") is None or find_spec(module) is None:
        pytest.skip(f"needs {module}, of the extra `servers`")


def test_the_otlp_example_sends_spans_and_metrics(coredata_sandbox, collector) -> None:
    require("opentelemetry.exporter.otlp")
    code = f"{BY_NAME['otlp']}{USE}\ntraces.shutdown()\nmetrics.get_meter_provider().shutdown()\n"

    run(code, coredata_sandbox, OTEL_EXPORTER_OTLP_ENDPOINT=collector)

    assert b"GET /api/v2/user/" in Collector.received["/v1/traces"]
    assert b"http.client.request.duration" in Collector.received["/v1/metrics"]


def test_the_prometheus_example_serves_metrics(coredata_sandbox) -> None:
    require("opentelemetry.exporter.prometheus")
    port = reserve_port()
    read = (
        f"\nimport urllib.request\nprint(urllib.request.urlopen('http://127.0.0.1:{port}').read().decode())\n"
    )

    done = run(f"{BY_NAME['prometheus'].replace('9464', str(port))}{USE}{read}", coredata_sandbox)

    assert "http_client_request_duration_seconds_count{" in done.stdout
    assert 'url_template="/api/v2/user/"' in done.stdout


def test_the_table_names_every_logger() -> None:
    package = Path(coredata_async.__file__).parent
    code = "\n".join(path.read_text("utf-8") for path in package.rglob("*.py"))
    loggers = set(re.findall(r'getLogger\("(coredata_async\.\w+)"\)', code))

    assert set(re.findall(r"^\| `(coredata_async\.\w+)`", GUIDE, re.MULTILINE)) == loggers


def test_the_library_is_silent_without_a_handler() -> None:
    code = (
        "from coredata_async import CoreData\n"
        "CoreData('https://t.coredata.is', api_user='u', api_key='k')\n"
        "import logging\n"
        "logging.getLogger('coredata_async.upload').warning('SECRET')\n"
    )

    assert run(code).stderr == ""


def test_the_environment_switches_it_on_with_time_and_logger(coredata_sandbox) -> None:
    code = (
        "from coredata_async import CoreData\n"
        "CoreData.from_env()\n"
        "import logging\n"
        "logging.getLogger('coredata_async.upload').warning('lost')\n"
    )

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} WARNING coredata_async.upload: lost\n",
        run(code, coredata_sandbox, COREDATA_LOG="info").stderr,
    )


def test_metrics_of_the_guide_are_those_of_the_hook() -> None:
    code = (ROOT / "coredata_async" / "otel.py").read_text("utf-8")
    created = set(re.findall(r'"((?:http|coredata)\.client\.[\w.]+)"', code))

    assert set(re.findall(r"^\| `((?:http|coredata)\.client\.[\w.]+)`", GUIDE, re.MULTILINE)) == created
    assert logging.getLogger("coredata_async").handlers
