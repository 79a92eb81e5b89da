"""Effects of the faults on one request, as a value."""

import attrs
from attrs import frozen

from coredata_async.sandbox.answer import Answer

FALSE_MD5 = "0" * 32
"""MD5 that `wrong_digest` reports."""


@frozen(kw_only=True)
class Effect:
    """Effects of all faults on one request; a field at its default has none."""

    delay: float = 0.0
    """Seconds to wait before anything else."""
    answer: Answer | None = None
    """Response sent instead of running the handler; with `done`, after running it."""
    done: bool = False
    reset_before: bool = False
    reset_after: bool = False
    commit_late: float | None = None
    """Break off at the moment of the change, and make the change this many seconds later."""
    cut_upload: int | None = None
    """Break off after this many bytes of the request's body."""
    truncate: int | None = None
    """End the connection after this many bytes of the answer's body."""
    stall: int | None = None
    """Stop at this byte: of the request's body if there is one, else of the response's."""
    rate: int | None = None
    """Bytes per second, in both directions."""
    corrupt: int | None = None
    """Flip the byte at this offset: of the request's body if there is one, else of the response's."""
    expired: bool = False
    wrong_digest: bool = False
    hidden: tuple[str, ...] = ()
    nulled: tuple[str, ...] = ()
    lying_next: str | None = None
    hidden_objects: tuple[str, ...] = ()
    ignores_offset: bool = False
    broken_json: bool = False

    def merge(self, other: "Effect") -> "Effect":
        """Return both effects combined; the other takes precedence."""
        said = attrs.asdict(other, recurse=False, filter=lambda rule, value: bool(value != rule.default))
        return attrs.evolve(self, **said)


NONE = Effect()
