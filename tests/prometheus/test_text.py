"""Metrics are written in the text format of Prometheus."""

from coredata_async.prometheus import Histogram, write_gauge, write_total


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
