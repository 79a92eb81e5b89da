"""Removal of traceback frames that hold keys: crash reporters print the local variables of every frame."""

from __future__ import annotations

from typing import TypeVar

E = TypeVar("E", bound=BaseException)


def without_frames(exc: E) -> E:
    """Remove the traceback of an exception, and the exceptions that it was raised from."""
    exc.__cause__ = exc.__context__ = None
    return exc.with_traceback(None)


def below(exc: E, module: str) -> E:
    """Remove all frames down to the innermost one of a module, so that those of its callee remain.

    Args:
        exc: The exception that the callee raised.
        module: The `__file__` of the module.
    """
    kept = trace = exc.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == module:
            kept = trace.tb_next
        trace = trace.tb_next
    return exc.with_traceback(kept)
