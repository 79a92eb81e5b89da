"""The worker process: dead letters, records in each store, and an orderly end."""

import asyncio
import json
import signal
import subprocess
import urllib.request

import pytest

from .workers import (
    SUBJECT,
    arguments,
    connected,
    files,
    message,
    pending,
    start_worker,
    wait_until,
    wait_until_answered,
)

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    for number in range(4):
        (tmp_path / f"root/{number}.txt").write_text(f"content {number}")
    return tmp_path / "root"


@pytest.fixture
async def start(service, nats, root, tmp_path):
    started = []

    async def start(*more: str):
        log = tmp_path / f"{len(started)}.log"
        process = await start_worker(service, nats, root, log, *more)
        started.append(process)
        await wait_until(lambda: "waiting for messages" in log.read_text() or process.returncode is not None)
        assert process.returncode is None, log.read_text()
        return process, log

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _end(process) -> int:
    process.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(process.wait(), 30)


async def test_what_cannot_be_carried_out_becomes_a_dead_letter(service, nats, start) -> None:
    process, log = await start()
    async with connected(nats) as stream:
        long_key = message(service, "0.txt", key="k" * 300_000)
        for data in (b"junk", message(service, "none.txt"), message(service, "0.txt"), long_key):
            await stream.publish(SUBJECT, data)
        letters = await stream.pull_subscribe(f"{SUBJECT}.dead", "reader", stream=f"{SUBJECT}_dead")
        found = [json.loads((await letters.fetch(1, timeout=20))[0].data) for _ in range(3)]
        await wait_until(lambda: files(service) == {"0.txt": 1})
        found.sort(key=lambda letter: str(letter["key"]))
        await wait_until_answered(stream)

    assert await _end(process) == 0
    assert [letter["key"] for letter in found] == [None, "k" * 1000, "none.txt@1"]
    assert found[0]["reason"] == "the message is not a JSON object in UTF-8"
    assert (found[2]["attempts"], found[2]["subject"]) == (1, SUBJECT)
    assert json.loads(found[2]["message"])["source"] == "none.txt"
    lines = log.read_text()
    assert max(map(len, lines.splitlines())) < 1000
    assert f"message 1 of the stream {SUBJECT}: dead letter: the message is not a JSON object" in lines
    assert "\x1b" not in lines
    assert "Received" not in lines


@pytest.mark.parametrize("store", ["kv", "sqlite", "postgres"])
async def test_records_are_kept_in_each_store(service, nats, start, store, request) -> None:
    folder = request.getfixturevalue("tmp_path")
    address = {"kv": "kv", "sqlite": f"sqlite:{folder / 'records.db'}"}.get(store)
    address = address or request.getfixturevalue("postgres")
    process, _ = await start("--records", address)
    async with connected(nats) as stream:
        for index in range(8):
            name = f"{index % 4}.txt"
            await stream.publish(SUBJECT, message(service, name), headers={"Nats-Msg-Id": str(index)})
        await wait_until(lambda: len(service.state.files) == 4)
        await wait_until_answered(stream)

    assert await _end(process) == 0
    assert files(service) == {f"{number}.txt": 1 for number in range(4)}


async def test_files_in_progress_end_before_the_worker_does(service, nats, start) -> None:
    service.faults.delay("files.register", 3, times=1)
    process, log = await start()
    async with connected(nats) as stream:
        await stream.publish(SUBJECT, message(service, "0.txt"))
        await wait_until(lambda: _requested(service))
        code = await _end(process)
        left = await pending(stream)

    assert code == 0, log.read_text()
    assert (files(service), left) == ({"0.txt": 1}, 0)


async def test_after_the_grace_they_are_given_up_and_later_continued(service, nats, start) -> None:
    service.faults.delay("files.register", 6, times=1)
    process, log = await start("--grace", "0.5")
    async with connected(nats) as stream:
        await stream.publish(SUBJECT, message(service, "0.txt"))
        await wait_until(lambda: _requested(service))
        assert await _end(process) == 130, log.read_text()
        second, _ = await start()
        await wait_until_answered(stream)

    assert await _end(second) == 0
    assert files(service) == {"0.txt": 1}


async def test_a_second_signal_ends_it_at_once(service, nats, start) -> None:
    service.faults.delay("files.register", 20, times=1)
    process, log = await start()
    async with connected(nats) as stream:
        await stream.publish(SUBJECT, message(service, "0.txt"))
        await wait_until(lambda: _requested(service))
        process.send_signal(signal.SIGTERM)
        await wait_until(lambda: "ending: 1 messages" in log.read_text())
        process.send_signal(signal.SIGTERM)

        assert await asyncio.wait_for(process.wait(), 5) == 130


async def test_numbers_are_served(service, nats, start) -> None:
    process, log = await start("--metrics", "127.0.0.1:0")
    url = log.read_text().partition("metrics at ")[2].partition("\n")[0]
    async with connected(nats) as stream:
        await stream.publish(SUBJECT, message(service, "0.txt"))
        await wait_until(lambda: files(service) == {"0.txt": 1})
        await asyncio.sleep(0.5)
    text = await asyncio.to_thread(lambda: urllib.request.urlopen(url).read().decode())

    assert await _end(process) == 0
    assert 'coredata_worker_answers_total{answer="ack"} 1\n' in text


async def test_it_ends_if_nats_refuses_the_sign_in_later(nats, start, tmp_path) -> None:
    process, log = await start()
    nats.kill()
    config = tmp_path / "nats.conf"
    config.write_text(config.read_text() + "authorization { token: another }\n")
    nats.start()

    assert await asyncio.wait_for(process.wait(), 30) == 6
    assert "has ended the connection" in log.read_text()


def test_records_that_a_power_cut_may_lose_are_refused(service, nats, root) -> None:
    command = [each for each in arguments(nats, root) if each not in ("--monitor", nats.monitor)]
    environment = {"COREDATA_BASE_URL": service.url, "COREDATA_API_USER": "u", "COREDATA_API_KEY": "k"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert "a power cut may lose upload records" in done.stderr


def _requested(service) -> bool:
    """Check if the bytes of a file are stored, so that the File is requested next."""
    return len(service.state.blobs) > 0
