"""Metrics of workers for Prometheus: the text format, and a small HTTP server."""

from coredata_async.prometheus.server import parse_address, serve_metrics
from coredata_async.prometheus.text import Histogram, write_gauge, write_total

__all__ = ["Histogram", "parse_address", "serve_metrics", "write_gauge", "write_total"]
