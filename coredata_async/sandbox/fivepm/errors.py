"""What this 5pm refuses, before the dialect has decided how that looks."""

NOT_FOUND = 404


class Refusal(Exception):  # noqa: N818 (it is an outcome of a request, not a failure of the sandbox)
    """Leaves a handler early; `status` is what a dialect with HTTP statuses says."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


def refusal(status: int, message: str) -> Refusal:
    """Refuse a request; the words are ours, the real ones are not documented (facts 7)."""
    return Refusal(status, message)


def missing(noun: str) -> Refusal:
    """Refuse to find what is not there."""
    return Refusal(NOT_FOUND, f"There is no such {noun}.")
