"""Proxies: selection by URL, and errors for unusable ones."""

import pytest

from coredata_async.config import Limits, Timeouts
from coredata_async.errors import APIConnectionError, ConfigurationError
from coredata_async.message import Request
from coredata_async.secret import Secret
from coredata_async.transport.chain import _redactor
from coredata_async.transport.options import SendOptions
from coredata_async.transport.pool import Pool, exchange
from coredata_async.transport.proxies import Proxies, usable_proxy

from .raw import RawServer, says

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in NAMES:
        for each in (name, name.upper()):
            monkeypatch.delenv(each, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://p.example:3128", "http://p.example:3128"),
        ("https://p.example", "https://p.example"),
        ("HTTP://p.example/", "HTTP://p.example/"),
        ("p.example:3128", "http://p.example:3128"),
        (" 127.0.0.1:3128\n", "http://127.0.0.1:3128"),
        ("bob:pw@p.example:3128", "http://bob:pw@p.example:3128"),
        ("http://[::1]:3128", "http://[::1]:3128"),
    ],
)
def test_a_proxy_may_be_written_as_for_curl(text: str, url: str) -> None:
    assert usable_proxy(Secret(text)) == Secret(url)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("socks5://bob:s3cr3tpw@127.0.0.1:1080", "SOCKS proxy, which is not supported.*aiohttp-socks"),
        ("SOCKS5H://bob:s3cr3tpw@p", "SOCKS proxy"),
        ("socks4://bob:s3cr3tpw@p", "SOCKS proxy"),
        ("ftp://bob:s3cr3tpw@p:21", "must begin with http"),
        ("http://", "not a URL with a host"),
        ("http://bob:s3cr3tpw@", "not a URL with a host"),
        ("http://bob:s3cr3tpw@p:port", "not a URL with a host"),
        ("http://bob:s3cr3tpw@p:0", "not a URL with a host"),
        ("http://bob:s3cr3tpw@[::1", "not a URL with a host"),
        ("http://bob:s3cr3tpw@p x:80", "not a URL with a host"),
    ],
)
def test_one_that_cannot_be_used_is_refused_when_the_client_is_made(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"proxy .*{words}") as caught:
        Pool(Limits(), proxy=Secret(text))

    shown, trace = repr(caught.value), caught.value.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename != __file__:
            shown += repr(trace.tb_frame.f_locals)
        trace = trace.tb_next
    assert "s3cr3tpw" not in shown


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({"http_proxy": "p:1"}, "http://t.example/x?y", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "https://t.example", "http://p:1"),
        ({"https_proxy": "http://p:1"}, "http://t.example/", None),
        ({"all_proxy": "http://p:1"}, "https://t.example/", "http://p:1"),
        ({"all_proxy": "http://a", "https_proxy": "http://p:1"}, "https://t.example/", "http://p:1"),
        ({"https_proxy": "http://p:1", "no_proxy": "t.example"}, "https://t.example/", None),
        ({"https_proxy": "http://p:1", "NO_PROXY": ".example"}, "https://t.example:8443/?a=@b", None),
        ({"https_proxy": "http://p:1", "no_proxy": "t.example:444"}, "https://t.example/", "http://p:1"),
        ({"https_proxy": "http://p:1", "no_proxy": "*"}, "https://t.example/", None),
        ({"no_proxy": "t.example"}, "https://t.example/", None),
        ({"https_proxy": ""}, "https://t.example/", None),
        ({"all_proxy": "socks5://p", "http_proxy": "http://p:1"}, "http://t.example/", "http://p:1"),
    ],
)
def test_the_environment_says_which_is_used(
    environment: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)

    assert [Proxies.of(None, trust_env=True).of_url(url) for _ in range(2)] == [proxy] * 2
    assert Proxies.of(None, trust_env=False).of_url(url) is None
    assert Proxies.of(Secret("http://given"), trust_env=True).of_url(url) == "http://given"


def test_without_a_proxy_nothing_is_different_for_trusting_the_environment(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("no_proxy", "localhost")

    assert not Proxies.of(None, trust_env=True)


@pytest.mark.parametrize("transport", ["auto", "aiohttp"])
async def test_one_of_the_environment_that_cannot_be_used_is_reported_before_anything_is_sent(
    environment: pytest.MonkeyPatch, transport: str
) -> None:
    environment.setenv("all_proxy", "socks5://bob:s3cr3tpw@127.0.0.1:1080")
    pool = Pool(Limits(), trust_env=True, transport=transport)  # type: ignore[arg-type]
    send = exchange(pool, "api", Timeouts(), headers={}, base_url="https://t.example")

    with pytest.raises(ConfigurationError, match="the environment variable all_proxy is a SOCKS proxy"):
        await send(Request("GET", "/"))
    await pool.aclose()


@pytest.mark.parametrize(
    ("status", "words", "permanent"),
    [
        (407, "check user name and password in its URL", True),
        (403, "HTTPS_PROXY", True),
        (503, "HTTPS_PROXY", False),
    ],
)
async def test_a_proxy_that_refuses_is_reported_with_its_status(
    server: RawServer, status: int, words: str, permanent: bool
) -> None:
    server.script.append(says(b"HTTP/1.1 %d bob:s3cr3tpw\r\nContent-Length: 0\r\n\r\n" % status))
    pool = Pool(Limits(), proxy=Secret(f"bob:s3cr3tpw@127.0.0.1:{server.port}"))
    send = exchange(pool, "api", Timeouts(), headers={}, base_url="https://t.example")

    with pytest.raises(
        APIConnectionError, match=rf"the proxy refused to connect \({status}\).*{words}"
    ) as caught:
        await send(Request("POST", "/", repeatable=False))
    await pool.aclose()

    assert (caught.value.reached, caught.value.permanent) == (False, permanent)
    assert "s3cr3tpw" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "missing.invalid"])
async def test_a_proxy_that_is_not_there_is_distinguished_from_the_server(host: str) -> None:
    pool = Pool(Limits(), proxy=Secret(f"bob:s3cr3tpw@{host}:9"))
    send = exchange(pool, "api", Timeouts(), headers={}, base_url="https://t.example")

    with pytest.raises(APIConnectionError, match="cannot connect to the proxy") as caught:
        await send(Request("GET", "/"))
    await pool.aclose()

    assert not caught.value.reached
    assert "s3cr3tpw" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "http://localhost/", "http://[::1]:8080/x"])
def test_a_proxy_elsewhere_gets_no_request_to_this_machine(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("http_proxy", "http://bob:s3cr3tpw@p.example:3128")
    environment.setenv("https_proxy", "http://p.example:3128")

    found = Proxies.of(None, trust_env=True)

    assert found.of_url(url) is None
    assert found.of_url(url.replace("http:", "https:")) == "http://p.example:3128"
    with pytest.raises(ConfigurationError, match="would receive what is sent to http://") as caught:
        Proxies.of(Secret("http://bob:s3cr3tpw@p.example:3128"), trust_env=False).of_url(url)
    assert "s3cr3tpw" not in str(caught.value)


@pytest.mark.parametrize("given", [True, False])
def test_passwords_of_proxies_are_masked_in_replies(environment: pytest.MonkeyPatch, given: bool) -> None:
    url = "bob:s3cr3t%2Fpw@p.example:3128"
    environment.setenv("https_proxy", url)
    pool = Pool(Limits(), proxy=Secret(url) if given else None, trust_env=True)

    assert _redactor(pool, SendOptions())("no s3cr3t/pw, no s3cr3t%2Fpw") == "no ***, no ***"
