"""Refusals of this 5pm, before the dialect has formatted them."""

NOT_FOUND = 404


class Refusal(Exception):  # noqa: N818 (it is an outcome of a request, not a failure of the sandbox)
    """Exception that leaves a handler early; `status` is for dialects with HTTP statuses."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


def refusal(status: int, message: str) -> Refusal:
    """Return a refusal; the text is ours, because the real one is not documented (facts 7)."""
    return Refusal(status, message)


def missing(noun: str) -> Refusal:
    """Return the refusal for a missing object."""
    return Refusal(NOT_FOUND, f"This {noun} does not exist.")
