"""Origin and target of a URL: the target stays unchanged, and invalid URLs are rejected."""

import pytest

from coredata_async.transport.http11.origins import check_target, split


@pytest.mark.parametrize(
    ("url", "key", "header", "target"),
    [
        ("https://t.example/a?b=%2F", "https://t.example:443", "t.example", "/a?b=%2F"),
        ("https://t.example:443/", "https://t.example:443", "t.example", "/"),
        ("http://t.example:8080/x", "http://t.example:8080", "t.example:8080", "/x"),
        ("http://T.Example:80/A", "http://t.example:80", "t.example", "/A"),
        ("http://[::1]:8080/x", "http://::1:8080", "[::1]:8080", "/x"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example:443", "xn--bcher-kva.example", "/x"),
        ("https://t.example", "https://t.example:443", "t.example", "/"),
        ("https://t.example?a=/b", "https://t.example:443", "t.example", "/?a=/b"),
        (
            "https://t.example/a/../b//c?x&&y#not-sent",
            "https://t.example:443",
            "t.example",
            "/a/../b//c?x&&y",
        ),
        ("https://t.example/?", "https://t.example:443", "t.example", "/?"),
        ("https://t.example/ä", "https://t.example:443", "t.example", "/ä"),
    ],
)
def test_a_url_is_taken_apart_byte_for_byte(url: str, key: str, header: str, target: str) -> None:
    origin, found = split(url)

    assert (origin.key, origin.header, found) == (key, header, target)
    assert (origin.tls, f"{origin.port}") == (url.startswith("https"), key.rpartition(":")[2])


def test_a_name_that_ends_in_a_dot_is_its_certificates_name() -> None:
    assert split("https://t.example./")[0].host == "t.example"


@pytest.mark.parametrize(
    "url",
    [
        "https:///x",
        "https://u:p@t.example/x",
        "https://u@t.example/x",
        "http://127.1/x",
        "http://2130706433/x",
        "http://0177.0.0.1/x",
        "https://t.example:99999/x",
        "https://t.example:0/x",
        "https://t.ex ample/x",
        "https://t.example/a b",
        "https://t.example/a\r\nX: y",
        "https://t.example/\0",
        "https://t.example\r\n/x",
        "httpsx",
    ],
)
def test_what_is_odd_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the message is never shown
        split(url)


def test_a_path_is_looked_at_likewise() -> None:
    assert check_target("/a?b=%41#c") == "/a?b=%41"
    with pytest.raises(ValueError, match="must not contain a space"):
        check_target("/a\nb")
