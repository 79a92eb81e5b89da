"""Metrics are written in the text format of Prometheus, and served over HTTP."""

import asyncio

import pytest

from coredata_async import ConfigurationError
from coredata_async.prometheus import (
    Histogram,
    parse_address,
    respond,
    serve_metrics,
    write_gauge,
    write_total,
)


async def test_they_are_served() -> None:
    async with serve_metrics("127.0.0.1", 0, lambda: "a 1\n") as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\na 1\n")


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /metrics?x HTTP/1.1", b"200"),
        (b"GET /healthz HTTP/1.1", b"200"),
        (b"GET / HTTP/1.1", b"404"),
        (b"POST /metrics HTTP/1.1", b"405"),
        (b"\xff", b"405"),
    ],
)
def test_other_requests_are_refused(line, status) -> None:
    assert respond(line + b"\r\n\r\n", str).split(b" ")[1] == status


def test_an_address_is_a_host_and_a_port() -> None:
    assert parse_address("127.0.0.1:9464") == ("127.0.0.1", 9464)
    assert parse_address("[::1]:0") == ("::1", 0)
    for wrong in ("9464", ":9464", "h:", "h:99999", "h:port"):
        with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1:9464"):
            parse_address(wrong)


async def test_an_address_in_use_is_a_usage_error() -> None:
    async with serve_metrics("127.0.0.1", 0, str) as port:
        with pytest.raises(ConfigurationError, match="cannot be served"):
            async with serve_metrics("127.0.0.1", port, str):
                pass


def test_a_counter_has_a_line_for_each_value_of_its_label() -> None:
    assert list(write_total("a_total", "Help.", {"b": 2, "a": 1}, label="kind")) == [
        "# HELP a_total Help.",
        "# TYPE a_total counter",
        'a_total{kind="a"} 1',
        'a_total{kind="b"} 2',
    ]


def test_a_gauge_without_a_label_is_one_line() -> None:
    assert list(write_gauge("a", "Help.", 1.5))[-1] == "a 1.5"


def test_values_of_labels_are_escaped() -> None:
    assert list(write_gauge("a", "Help.", {'x"\\\ny': 1}, label="l"))[-1] == 'a{l="x\\"\\\\\\ny"} 1'


def test_buckets_of_a_histogram_are_cumulative() -> None:
    histogram = Histogram((1.0, 2.0))
    for seconds in (0.5, 1.0, 1.5, 9.0):
        histogram.observe(seconds)

    assert list(histogram.write("s", "Help."))[2:] == [
        's_bucket{le="1.0"} 2',
        's_bucket{le="2.0"} 3',
        's_bucket{le="+Inf"} 4',
        "s_sum 12.000000",
        "s_count 4",
    ]
