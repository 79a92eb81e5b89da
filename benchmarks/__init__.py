"""Benchmarks of the library beside other clients on the same work: `python -m benchmarks`."""
