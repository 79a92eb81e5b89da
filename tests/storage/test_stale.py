"""Failures of a file system that are retried."""

import errno

import pytest

from coredata_async.storage.stale import ATTEMPTS, PASSING, retry_stale


def failing(number: int, times: int) -> tuple[list[int], object]:
    calls: list[int] = []

    def attempt() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise OSError(number, "failed")
        return "read"

    return calls, attempt


@pytest.mark.parametrize("number", sorted(PASSING))
@pytest.mark.parametrize("times", range(ATTEMPTS))
def test_a_failure_that_passes_is_not_noticed(number: int, times: int) -> None:
    calls, attempt = failing(number, times)

    assert retry_stale(attempt) == "read"  # type: ignore[arg-type]
    assert len(calls) == times + 1


@pytest.mark.parametrize(
    ("number", "attempts"), [(errno.ESTALE, ATTEMPTS), (errno.ENOENT, 1), (errno.EACCES, 1)]
)
def test_one_that_stays_is_raised_after_three_attempts_and_any_other_at_once(
    number: int, attempts: int
) -> None:
    calls, attempt = failing(number, 9)

    with pytest.raises(OSError, match="failed") as caught:
        retry_stale(attempt)  # type: ignore[arg-type]
    assert caught.value.errno == number
    assert len(calls) == attempts
