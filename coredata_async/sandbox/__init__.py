"""In-process CoreData for development and tests, written from the vendor's pages, never from the client.

The pages are those below https://docs.wise.is/cored/. Where they are silent, old public clients and the
framework that the service resembles (Django with Tastypie) were the model; comments then say "inferred".

```python
async with Sandbox() as box, box.client() as client:
    up = await client.files.upload("report.pdf", parent=box.project)
```

The names are imported on first use (PEP 562), because pytest imports this package to find its
plugin: a test run that does not use the sandbox must not load a web server. The types for type checkers
are in `__init__.pyi`.
"""

import importlib

_HOMES = {
    "Bucket": "bucket",
    "Fault": "faults",
    "Faults": "faults",
    "Sandbox": "embedded",
    "SandboxServer": "server",
    "SandboxThread": "embedded",
    "Seen": "state",
    "State": "state",
}


def __getattr__(name: str) -> object:
    """Import the module that contains a public name."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    """List the public names, for a reader at a prompt."""
    return sorted(_HOMES)
