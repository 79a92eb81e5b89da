"""Server of a benchmark: a service and a storage with little CPU, which count what they receive."""
