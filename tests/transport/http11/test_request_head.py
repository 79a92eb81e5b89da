"""Request heads: their content, and header injection."""

import pytest

from coredata_async.message import Request
from coredata_async.transport.http11.request_head import TOGETHER, RequestHeads, split


def write(
    heads: RequestHeads, method: str, target: str, own: dict[str, str], size: int | None = None
) -> bytes:
    body = None if size is None else b"x" * size
    head = bytes(heads.write(Request(method, target, own, body))[1])
    return head.removesuffix(body or b"")


def lines(head: bytes) -> list[str]:
    text = head.decode()
    assert text.endswith("\r\n\r\n")
    return text.removesuffix("\r\n\r\n").split("\r\n")


def test_a_head_says_what_it_must_and_no_more() -> None:
    assert lines(write(RequestHeads({}, "https://t.example"), "put", "/a?b", {"Slug": "x"}, 3)) == [
        "PUT /a?b HTTP/1.1",
        "Host: t.example",
        "Slug: x",
        "Accept: */*",
        "Accept-Encoding: gzip, deflate",
        "Content-Length: 3",
    ]


@pytest.mark.parametrize(
    ("method", "size", "said"),
    [
        ("GET", None, []),
        ("HEAD", None, []),
        ("PUT", None, ["Content-Length: 0"]),
        ("DELETE", None, ["Content-Length: 0"]),
        ("PUT", 0, ["Content-Length: 0"]),
        ("GET", 2, ["Content-Length: 2"]),
    ],
)
def test_a_length_is_said_where_a_body_is_due(method: str, size: int | None, said: list[str]) -> None:
    head = lines(write(RequestHeads({}, "https://h"), method, "/", {}, size))

    assert [line for line in head if line.startswith("Content-Length")] == said


def test_the_last_of_several_beats_the_others_however_it_is_spelt() -> None:
    heads = RequestHeads(
        {"User-Agent": "ours", "X-A": "1", "user-agent": "theirs", "accept": "text/html"}, "https://h"
    )

    for _ in range(2):  # the second time from memory
        head = lines(write(heads, "GET", "/", {"x-a": "2", "authorization": "no", "Authorization": "yes"}))
        assert head[2:] == [
            "x-a: 2",
            "Authorization: yes",
            "accept: text/html",
            "Accept-Encoding: gzip, deflate",
            "user-agent: theirs",
        ]


def test_a_length_that_was_given_gives_way_to_the_true_one() -> None:
    head = lines(write(RequestHeads({}, "https://h"), "PUT", "/", {"content-length": "99"}, 3))

    assert [line for line in head if "ength" in line] == ["Content-Length: 3"]


def test_a_host_that_was_given_counts() -> None:
    assert "Host: inside.example" in lines(
        write(RequestHeads({}, "https://h"), "GET", "/", {"Host": "inside.example"}, None)
    )
    head = lines(write(RequestHeads({"host": "inside.example"}, "https://h"), "GET", "/", {}, None))
    assert [line for line in head if "ost:" in line] == ["host: inside.example"]


@pytest.mark.parametrize("value", ["a\r\nX-Evil: b", "a\nb", "a\rb", "a\0b"])
def test_no_value_makes_a_second_line(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        write(RequestHeads({}, "https://h"), "GET", "/", {"Slug": value}, None)
    with pytest.raises(ValueError, match="line break"):
        write(RequestHeads({"Slug": value}, "https://h"), "GET", "/", {}, None)


@pytest.mark.parametrize("name", ["a b", "a:b", "a\r\nb", "", "ä", "Transfer-Encoding"])
def test_no_name_does(name: str) -> None:
    with pytest.raises(ValueError, match="header name is invalid"):
        write(RequestHeads({}, "https://h"), "GET", "/", {name: "x"}, None)


@pytest.mark.parametrize("method", ["GET /x", "", "G\r\nT"])
def test_no_method_does(method: str) -> None:
    with pytest.raises(ValueError, match="request method is invalid"):
        write(RequestHeads({}, "https://h"), method, "/", {}, None)


def test_what_is_remembered_has_an_end() -> None:
    heads = RequestHeads({}, "https://h")
    for number in range(1000):
        write(heads, "GET", "/", {f"x-{number}": "1"})

    assert len(heads._rests) < 100


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
    origin, head, _ = RequestHeads({}).write(Request("GET", url))
    found = bytes(head).decode().removeprefix("GET ").partition(" HTTP/1.1")[0]

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
        RequestHeads({}).write(Request("GET", url))


def test_a_path_is_looked_at_likewise() -> None:
    heads = RequestHeads({}, "https://h")

    assert write(heads, "GET", "/a?b=%41#c", {}).startswith(b"GET /a?b=%41 HTTP")
    with pytest.raises(ValueError, match="must not contain a space"):
        write(heads, "GET", "/a\nb", {})


def test_a_head_shows_no_secret() -> None:
    heads = RequestHeads({}, "https://h")

    assert "s3cret" not in repr(heads.write(Request("GET", "/?sig=s3cret", {"Authorization": "s3cret"})))


@pytest.mark.parametrize(("size", "is_complete"), [(0, True), (TOGETHER, True), (TOGETHER + 1, False)])
def test_a_short_body_follows_its_head_at_once(size: int, *, is_complete: bool) -> None:
    body = b"x" * size
    _, head, found = RequestHeads({}, "https://h").write(Request("PUT", "/", body=body))

    assert found is is_complete
    assert bytes(head).endswith(b"\r\n\r\n" + body) is is_complete
