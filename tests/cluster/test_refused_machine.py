"""One machine is refused by the service or the storage: it does not fail what the others can upload."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from coredata_async.bulk.events import Scanned
from coredata_async.bulk.options import Effort
from coredata_async.cluster import ClusterJob
from tests.cluster.fleet import RETRY, Fleet, check_report, check_service, plant

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

ELSEWHERE = """
import socket
socket.gethostname = lambda: "{name}"
connect = socket.socket.connect
def redirect(self, address):
    host, port, *rest = address if isinstance(address, tuple) else (address, None)
    return connect(self, (host, {proxy}, *rest) if port == {service} else address)
socket.socket.connect = redirect
"""
"""Code that the processes of one worker run at their start: it is another machine, behind a proxy."""


@asynccontextmanager
async def proxy_of(url: str, refuse: Callable[[web.Request], web.Response | None]) -> AsyncGenerator[int]:
    """Run a proxy for the sandbox that answers some requests itself, and yield its port."""

    async def forward(request: web.Request) -> web.Response:
        body = await request.read()
        if (refusal := refuse(request)) is not None:
            return refusal
        target = URL(f"{url}{request.raw_path}", encoded=True)
        dropped = {"content-length", "transfer-encoding", "connection"}
        headers = {name: value for name, value in request.headers.items() if name.lower() not in dropped}
        async with session.request(request.method, target, headers=headers, data=body) as reply:
            content = await reply.read()
            kept = {name: value for name, value in reply.headers.items() if name.lower() not in dropped}
            return web.Response(status=reply.status, headers=kept, body=content)

    application = web.Application(client_max_size=1 << 24)
    application.router.add_route("*", "/{path:.*}", forward)
    runner = web.AppRunner(application)
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()


def answer(status: int, *methods: str) -> Callable[[web.Request], web.Response | None]:
    """Return a function that refuses some requests; only those to the storage have the method PUT."""

    def refuse(request: web.Request) -> web.Response | None:
        headers = {"Retry-After": "1"} if status == 429 else {}
        return web.Response(status=status, headers=headers) if request.method in methods else None

    return refuse


REFUSALS = {
    "403 of the service": (answer(403, "GET", "POST"), True),
    "403 of the storage": (answer(403, "PUT"), True),
    "429 of the service": (answer(429, "GET", "POST"), False),
    "429 for what is new": (answer(429, "POST"), False),
    "503 of the storage": (answer(503, "PUT"), False),
}


@asynccontextmanager
async def machines(
    fleet: Fleet, port: int, monkeypatch, names: tuple[str, ...] = ("elsewhere",)
) -> AsyncGenerator[None]:
    """Run a worker here, and one on each of some other machines, whose requests go to a port."""
    try:
        await fleet.start()
        for name in names:
            site = fleet.directory / f"site-{name}"
            site.mkdir()
            code = ELSEWHERE.format(name=name, proxy=port, service=urlsplit(fleet.box.url).port)
            (site / "sitecustomize.py").write_text(code)
            with monkeypatch.context() as patched:
                patched.setenv("PYTHONPATH", str(site))
                await fleet.start()
        async with asyncio.timeout(40):
            while len(await fleet.pids()) <= len(names):  # noqa: ASYNC110  # other processes
                await asyncio.sleep(0.1)
        yield
    finally:
        await fleet.end()


@pytest.fixture
def fleet(box, server, cluster, tmp_path) -> Fleet:
    return Fleet(box, server, cluster, tmp_path / "share", tmp_path)


@pytest.mark.parametrize(("refuse", "doubted"), REFUSALS.values(), ids=REFUSALS)
async def test_a_machine_that_is_refused_neither_fails_the_job_nor_stops_the_others(
    fleet, monkeypatch, refuse, doubted
) -> None:
    box, cluster = fleet.box, fleet.cluster
    paths = plant(fleet.root, 12, 5)
    box.faults.delay("files.register", 0.3, times=None)
    async with proxy_of(box.url, refuse) as port, machines(fleet, port, monkeypatch):
        options = {"parent": box.project, "retry": RETRY, "shard_files": 5, "effort": Effort(patience=3)}
        job = ClusterJob(cluster, ["fs01:/"], **options)
        report = await job.run()

    check_service(box, paths)
    check_report(report, paths)
    rows = (await (await cluster.table(f"cd-{job.id}-shards")).rows()).values()
    assert {row.fields["host"] for row in rows} != {"elsewhere"}
    if doubted:
        assert {host for row in rows for host in row.fields.get("doubted", ())} == {"elsewhere"}


async def test_two_machines_that_are_refused_fail_nothing_that_a_third_one_uploads(
    fleet, monkeypatch
) -> None:
    box = fleet.box
    paths = plant(fleet.root, 6, 5)
    box.faults.delay("files.register", 0.3, times=None)
    refuse = answer(403, "GET", "POST")
    async with proxy_of(box.url, refuse) as port, machines(fleet, port, monkeypatch, ("one", "two")):
        options = {"parent": box.project, "retry": RETRY, "shard_files": 5}
        report = await ClusterJob(fleet.cluster, ["fs01:/"], **options).run()

    check_service(box, paths)
    check_report(report, paths)


async def test_a_machine_whose_share_has_other_content_fails_no_shard(fleet, monkeypatch) -> None:
    box, root = fleet.box, fleet.root
    paths = plant(root, 8, 5)
    box.faults.delay("files.register", 1.0, times=None)
    (fleet.directory / "other" / "folder-0").mkdir(parents=True)
    (fleet.directory / "site").mkdir()
    code = "import socket\nsocket.gethostname = lambda: 'elsewhere'\n"
    (fleet.directory / "site" / "sitecustomize.py").write_text(code)
    options = {"parent": box.project, "retry": RETRY, "shard_files": 5}
    async with ClusterJob(fleet.cluster, ["fs01:/"], **options) as job:
        try:
            await fleet.start()
            async for event in job:
                if isinstance(event, Scanned):
                    fleet.root = fleet.directory / "other"
                    monkeypatch.setenv("PYTHONPATH", str(fleet.directory / "site"))
                    await fleet.start()
        finally:
            await fleet.end()

    check_service(box, paths)
    check_report(job.report, paths)
    rows = (await (await fleet.cluster.table(f"cd-{job.id}-shards")).rows()).values()
    assert {host for row in rows for host in row.fields.get("doubted", ())} == {"elsewhere"}
