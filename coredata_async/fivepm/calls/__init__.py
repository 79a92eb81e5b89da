"""Methods of the service as pure functions: each takes a `RequestStyle` first, and returns a `Call`."""
