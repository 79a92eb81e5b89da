"""What is to go wrong with one request, as a value."""

import attrs
from attrs import frozen

from coredata_async.sandbox.answer import Answer

FALSE_MD5 = "0" * 32
"""What `wrong_digest` reports."""


@frozen(kw_only=True)
class Effect:
    """Everything the faults do to one request; a field at its default does nothing."""

    delay: float = 0.0
    """Seconds to wait before anything else."""
    answer: Answer | None = None
    """Given instead of doing the work; with `done`, after doing it."""
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
    """Stand still at this byte: of the request's body when there is one, else of the answer's."""
    rate: int | None = None
    """Bytes per second, in both directions."""
    corrupt: int | None = None
    """Flip the byte at this offset: of the request's body when there is one, else of the answer's."""
    expired: bool = False
    wrong_digest: bool = False
    hidden: tuple[str, ...] = ()
    nulled: tuple[str, ...] = ()
    lying_next: str | None = None
    hidden_objects: tuple[str, ...] = ()
    ignores_offset: bool = False
    broken_json: bool = False

    def merge(self, other: "Effect") -> "Effect":
        """Return both effects at once; the other wins where both say something."""
        said = attrs.asdict(other, recurse=False, filter=lambda rule, value: bool(value != rule.default))
        return attrs.evolve(self, **said)


NONE = Effect()
