"""The far end of a benchmark: a service and a storage which are cheap, and count what they get."""
