"""The methods of the service as pure functions: each takes a `Form` first, and gives a `Call`."""
