"""Endpoints of the sandbox itself, for tests in another process: they script the faults and read the state.

They need no credentials: the sandbox listens on 127.0.0.1 only.
"""

from collections.abc import Callable
from typing import cast

from coredata_async.sandbox import inspection
from coredata_async.sandbox.answer import Answer, as_json, empty, refuse
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.faults.faults import Fault, Lag
from coredata_async.sandbox.route import Route
from coredata_async.sandbox.service import Service

_KINDS = frozenset(
    [
        "status",
        "html",
        "delay",
        "reset_before",
        "reset_after",
        "commit_late",
        "truncate",
        "cut_upload",
        "stall",
        "slow",
        "corrupt",
        "expire",
        "wrong_digest",
        "hide",
        "lying_next",
        "hide_objects",
        "ignore_offset",
        "broken_json",
        "listing_lag",
    ]
)


async def script(service: Service, call: Call) -> Answer:
    """Add a fault: `{"fault": "status", "operation": "storage.put", "code": 503, "every": 3, "times": null}`.

    The names are those of `Faults`' methods and of their parameters; every fault but `listing_lag`
    takes `times`, `after` and `every`.
    """
    body = dict(await call.json(typed=False))
    kind, operation, fields = body.pop("fault", None), body.pop("operation", None), body.pop("fields", ())
    if kind not in _KINDS:
        raise refuse(f"fault: {kind!r} is not one of {', '.join(sorted(_KINDS))}.")
    add = cast("Callable[..., Fault | Lag]", getattr(service.faults, str(kind)))
    positional = [] if operation is None else [operation, *cast("list[str]", fields)]
    try:
        fault = add(*positional, **body)
    except (TypeError, ValueError) as exc:
        raise refuse(f"{kind}: {exc}") from None
    return as_json(_render_fault(fault), 201)


async def list_faults(service: Service, call: Call) -> Answer:
    """List the faults, with the number of times that each fired."""
    return as_json([_render_fault(fault) for fault in service.faults.list_all()])


async def clear(service: Service, call: Call) -> Answer:
    """Remove every fault."""
    service.faults.clear()
    return empty(204)


def _render_fault(fault: Fault | Lag) -> dict[str, object]:
    return {"fault": fault.kind, "operation": fault.operation, "fired": fault.fired}


ROUTES = (
    Route("GET", "/sandbox/faults", "sandbox.scripted", list_faults, auth="none"),
    Route("POST", "/sandbox/faults", "sandbox.script", script, auth="none"),
    Route("DELETE", "/sandbox/faults", "sandbox.clear", clear, auth="none"),
    Route("GET", "/sandbox/state", "sandbox.state", inspection.counts, auth="none"),
    Route("GET", "/sandbox/files", "sandbox.files", inspection.files, auth="none"),
    Route("GET", "/sandbox/folders", "sandbox.folders", inspection.folders, auth="none"),
)
