"""An in-process CoreData to develop and test against: written from the API's facts, never from the client.

```python
async with Sandbox() as box, box.client() as client:
    up = await client.files.upload("report.pdf", parent=box.project)
```

The names are looked up on first use (PEP 562), because pytest imports this package to find its
plugin: a test run that never touches the sandbox must not pay for a web server. What type checkers
see is in `__init__.pyi`.
"""

import importlib

_HOMES = {
    "Bucket": "bucket",
    "Fault": "faults.faults",
    "Faults": "faults.faults",
    "Sandbox": "embedded",
    "SandboxServer": "server",
    "SandboxThread": "thread",
    "Seen": "request_log",
    "State": "state",
}


def __getattr__(name: str) -> object:
    """Import the one module a public name lives in."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    """Name what there is, for the reader at a prompt."""
    return sorted(_HOMES)
