"""Metrics of an event-driven worker in the text format of Prometheus."""

from coredata_async.events.metrics import Metrics


def test_messages_are_counted_and_timed() -> None:
    metrics = Metrics()
    metrics.outcomes["uploaded"] += 2
    with metrics.message():
        assert "coredata_worker_in_flight 1\n" in metrics.render()

    text = metrics.render()

    assert 'coredata_worker_messages_total{outcome="uploaded"} 2\n' in text
    assert "coredata_worker_in_flight 0\n" in text
    assert 'coredata_worker_message_seconds_bucket{le="+Inf"} 1\n' in text
    assert "coredata_worker_message_seconds_count 1\n" in text
