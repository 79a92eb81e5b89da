"""How fast the library is, side by side with others on the same work: `python -m benchmarks`."""
