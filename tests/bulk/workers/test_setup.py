"""Setup of a worker's client, and options that are refused."""

import logging
import marshal
import ssl
import sys

import aiohttp
import pytest

from coredata_async import CoreData, Limits, Retry, Timeouts
from coredata_async.bulk import Effort, UploadJob
from coredata_async.bulk.workers.setup import check, decode_setup, encode_setup, split_limits
from coredata_async.bulk.workers.supervisor import environment
from coredata_async.environment import Options, bundle_of
from coredata_async.errors import ConfigurationError
from coredata_async.secret import Secret

URL = "https://acme.coredata.is"
SHARE = split_limits(Limits(), Retry(), 2).worker


def a_client(**options) -> CoreData:
    return CoreData(URL, api_user="anna", api_key="k2", **options)


def across(client: CoreData, effort: Effort | None = None):
    """Return the setup as a worker decodes it."""
    message = encode_setup(client, SHARE, effort or Effort()).reveal()
    _, plain, secrets = marshal.loads(marshal.dumps(message))
    return decode_setup(plain, Secret(secrets))


def test_a_worker_has_its_parents_client_with_a_share_of_the_limits() -> None:
    client = a_client(
        api_key_v3="k3",
        timeouts=Timeouts(connect=3, response=None),
        retry=Retry(attempts=2),
        headers={"X-Team": "a"},
        proxy="http://anna:pw@proxy:3128",
        trust_env=True,
        app_info="mine/1",
        ssl=False,
        transport="aiohttp",
    )
    found = across(client, Effort(bwlimit=5.0, patience=7, adaptive=False))
    address, options = found.client.arguments()
    expected = client.arguments()[1]

    assert address == URL
    assert options.keys() == Options.__annotations__.keys()  # a new option must be encoded, or refused
    assert {name for name in options if options[name] != expected[name]} == {"limits", "retry"}
    assert (options["limits"], options["retry"]) == (SHARE.limits, SHARE.retry)
    assert found.effort == Effort(bwlimit=5.0, patience=7, adaptive=False)
    assert found.limits == SHARE


def test_a_file_of_certificates_is_read_again_by_the_worker(monkeypatch, tmp_path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(_certificate())
    monkeypatch.setenv("COREDATA_CA_BUNDLE", str(bundle))
    client = CoreData.from_env(URL, api_user="anna", api_key="k2")

    context = across(client).client.arguments()[1]["ssl"]

    assert isinstance(context, ssl.SSLContext)
    assert bundle_of(context) == str(bundle)
    assert context.get_ca_certs() == client.arguments()[1]["ssl"].get_ca_certs()


def _certificate() -> bytes:
    """Return a certificate authority that this machine trusts."""
    context = ssl.create_default_context()
    certificates = context.get_ca_certs(binary_form=True)
    if not certificates:
        pytest.skip("this machine trusts no authority")
    return ssl.DER_cert_to_PEM_cert(certificates[0]).encode()


async def test_options_that_only_this_process_can_have_are_refused_at_once(tmp_path) -> None:
    async with aiohttp.ClientSession() as session:
        for options, words in (
            ({"session": session}, "a session of your own"),
            ({"storage_session": session}, "a session of your own"),
            ({"hooks": [print]}, "hooks"),
            ({"ssl": ssl.create_default_context()}, "COREDATA_CA_BUNDLE"),
        ):
            with pytest.raises(ConfigurationError, match=words):
                UploadJob(a_client(**options), [tmp_path], parent="p", effort=Effort(processes=2))
            UploadJob(a_client(**options), [tmp_path], parent="p", effort=Effort(processes=1))


@pytest.mark.parametrize("processes", [0, -1, 65])
def test_the_number_of_processes_is_1_to_64(tmp_path, processes) -> None:
    with pytest.raises(ConfigurationError, match="1 to 64"):
        UploadJob(a_client(), [tmp_path], parent="p", effort=Effort(processes=processes))


def test_a_frozen_program_cannot_have_workers(monkeypatch) -> None:
    check(a_client(), 2)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(ConfigurationError, match="use one process"):
        check(a_client(), 2)
    check(a_client(), 1)


def test_workers_write_the_log_of_the_environment() -> None:
    log = logging.getLogger("coredata_async")
    before, handlers = log.level, list(log.handlers)
    try:
        log.setLevel(logging.DEBUG)
        assert encode_setup(a_client(), SHARE, Effort()).reveal()[1]["log"] == ""
        log.addHandler(logging.StreamHandler())
        _, plain, secrets = encode_setup(a_client(), SHARE, Effort()).reveal()
        assert plain["log"] == "DEBUG"
        log.setLevel(logging.WARNING)
        decode_setup(plain, Secret(secrets))
        assert log.level == logging.DEBUG
    finally:
        log.setLevel(before)
        log.handlers[:] = handlers


def test_a_worker_inherits_no_variable_of_this_library_and_finds_the_same_modules() -> None:
    found = environment({"COREDATA_API_KEY": "k2", "HOME": "/home/anna", "PYTHONPATH": "elsewhere"})

    assert found["HOME"] == "/home/anna"
    assert "k2" not in found.values()
    assert found.keys() == {"HOME", "PYTHONPATH"}
    assert all(each.startswith("/") for each in found["PYTHONPATH"].split(":"))


@pytest.mark.parametrize("processes", [2, 3, 5, 8, 16, 31])
def test_requests_and_retries_add_up_to_those_of_one_process(processes) -> None:
    limits, retry = Limits(rate=50.0), Retry(budget=500)
    found = split_limits(limits, retry, processes)

    for name in ("connections", "concurrency", "rate"):
        parent, worker = getattr(found.parent.limits, name), getattr(found.worker.limits, name)
        assert parent > 0
        assert worker > 0
        assert parent + worker * processes <= getattr(limits, name) * 1.000001
    assert found.parent.retry.budget + found.worker.retry.budget * processes == pytest.approx(500)


def test_two_workers_have_most_of_the_limits() -> None:
    found = split_limits(Limits(), Retry(), 2)

    assert found.parent.limits == Limits(connections=8, concurrency=4)
    assert found.worker.limits == Limits(connections=28, concurrency=14, uploads=4, open_files=32)


def test_without_a_rate_no_rate_is_set_and_waits_do_not_change() -> None:
    found = split_limits(Limits(), Retry(settle=7, attempts=3), 4)

    assert found.worker.limits.rate is None
    assert (found.worker.retry.settle, found.worker.retry.attempts) == (7, 3)


def test_each_worker_may_stream_one_file() -> None:
    found = split_limits(Limits(uploads=1, open_files=1), Retry(), 4)

    assert (found.worker.limits.uploads, found.worker.limits.open_files) == (1, 1)


@pytest.mark.parametrize("limits", [Limits(connections=4), Limits(concurrency=2)])
def test_more_processes_than_can_share_are_refused(limits) -> None:
    with pytest.raises(ConfigurationError, match=r"4 processes cannot share Limits\.conn|Limits\.conc"):
        split_limits(limits, Retry(), 4)
