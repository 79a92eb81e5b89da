"""The exception tree: plain data without secrets."""

import copy
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coredata_async import errors
from coredata_async.bulk.journal.errors import JournalError
from coredata_async.bulk.states import JobInputError
from coredata_async.cluster.errors import (
    AccountMismatchError,
    ClusterError,
    DamagedObjectError,
    JobLockedError,
    LeaseLostError,
    LostJournalError,
    ShareUnavailableError,
    UnreadableTaskError,
)
from coredata_async.events.errors import BrokerError, SourceUnavailableError
from coredata_async.message import Reply, Request
from coredata_async.records import KeyReusedError, RecordStoreError, VolatileStoreError
from coredata_async.records.outcomes import UnreadableRecordError
from coredata_async.redaction import EXCERPT
from coredata_async.transfer.fetch import ContentChangedError
from coredata_async.web import BodyTooLargeError

QUERY = "AWSAccessKeyId=s3f%3Amyuser&Expires=1698929283&Signature=c2VjcmV0"
REQUEST = Request(
    "PUT", f"https://t.coredata.is/laika/b?{QUERY}", {"Authorization": "apikey user:hidden"}, b"hidden"
)
REPLY = Reply(
    418,
    {
        "Date": "Wed, 25 Oct 2023 12:00:00 GMT",
        "Retry-After": "7",
        "X-Request-Id": "r-1",
        "Set-Cookie": "session=hidden",
        "Location": f"https://t.coredata.is/laika/b?{QUERY}",
    },
    f'{{"error": "no", "see": "https://t.coredata.is/laika/b?{QUERY}"}}'.encode(),
    attempts=3,
    elapsed=1.5,
)

REFUSALS: list[type[errors.APIStatusError]] = [
    errors.APIStatusError,
    errors.BadRequestError,
    errors.AuthenticationError,
    errors.PermissionDeniedError,
    errors.NotFoundError,
    errors.ConflictError,
    errors.StaleSnapshotError,
    errors.PayloadTooLargeError,
    errors.UnprocessableEntityError,
    errors.RateLimitError,
    errors.ServerError,
]
SOURCES: list[type[errors.TransferError]] = [
    errors.TransferError,
    errors.SourceError,
    errors.SourceChangedError,
    errors.SourceNotReplayableError,
]


def examples() -> Iterator[errors.CoreDataError]:
    """Return one error of every class, made by its own constructor."""
    yield errors.CoreDataError("it failed")
    yield errors.ConfigurationError("no key")
    yield errors.JournalInUseError("in use by process 7")
    yield JobInputError("the parent does not exist")
    yield BrokerError("no answer")
    yield SourceUnavailableError("its host is down", stage="source")
    yield RecordStoreError("no answer")
    yield UnreadableRecordError("a newer version wrote it", damaged=False, key="k", revision=3)
    yield ClusterError("no answer")
    yield LeaseLostError("another worker has it")
    yield LostJournalError("the journal of shard 3 is gone")
    yield ShareUnavailableError("its root is not mounted")
    yield DamagedObjectError("the object ends early")
    yield UnreadableTaskError("it is not JSON")
    yield JobLockedError("another job uploads this tree")
    yield AccountMismatchError("the job is of another account")
    yield VolatileStoreError("a power cut may lose records")
    yield KeyReusedError("used before for other content")
    yield errors.APIError("it failed", REQUEST, REPLY)
    yield errors.APIConnectionError("no answer", REQUEST, reached=False, permanent=True)
    yield errors.APITimeoutError("too slow", REQUEST, phase="stall", reached=False)
    yield errors.UnexpectedResponseError("200, but 201 was expected", REQUEST, REPLY)
    for refusal in REFUSALS:
        yield refusal("refused", REQUEST, REPLY, service_message="no", code="E7", body={"error": "no"})
    yield errors.OutcomeUnknownError("perhaps", REQUEST)
    for source in (*SOURCES, BodyTooLargeError):
        yield source("unreadable", stage="put", sent=3, total=9)
    for storage in (errors.StorageError, errors.URLExpiredError, ContentChangedError):
        yield storage("expired", stage="put", sent=3, total=9, status=403, storage_code="AccessDenied")
    yield errors.ChecksumMismatchError(
        "other bytes", stage="get", expected="aa", actual="bb", sent=1, total=2
    )
    yield errors.RegistrationUncertainError(
        "perhaps", REQUEST, blob_name="98c5", candidates=["a", "b"], total=9
    )
    yield JournalError(Path("job.sqlite"), "it is closed")
    yield errors.BulkError("2 of 9 failed", [errors.ConfigurationError("no key"), ValueError("odd")])


def tree(kind: type[errors.CoreDataError]) -> Iterator[type[errors.CoreDataError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from tree(below)


each = pytest.mark.parametrize("error", list(examples()), ids=lambda error: type(error).__name__)
copied = pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]
)


def test_examples_leave_no_class_out() -> None:
    assert {type(error) for error in examples()} == set(tree(errors.CoreDataError))


def flat(error: BaseException) -> tuple[object, ...]:
    facts = {name: value for name, value in vars(error).items() if name != "_exceptions"}
    inner = tuple(flat(each) for each in error.exceptions) if isinstance(error, ExceptionGroup) else ()
    return type(error), str(error), repr(error), facts, inner


@each
@copied
def test_every_error_survives_copying(
    error: errors.CoreDataError, again: Callable[[errors.CoreDataError], errors.CoreDataError]
) -> None:
    assert flat(again(error)) == flat(error)


@each
@copied
def test_a_note_survives_copying(
    error: errors.CoreDataError, again: Callable[[errors.CoreDataError], errors.CoreDataError]
) -> None:
    noted = copy.copy(error)
    noted.add_note("while listing")

    assert again(noted).__notes__ == ["while listing"]


@each
def test_no_error_holds_or_prints_a_secret(error: errors.CoreDataError) -> None:
    everything = f"{error} {error!r} {vars(error)} {pickle.dumps(error, 0)!r}"

    assert "hidden" not in everything
    assert "Signature" not in everything
    assert "AWSAccessKeyId" not in everything


@each
def test_every_error_says_its_message(error: errors.CoreDataError) -> None:
    assert str(error).startswith(str(error.args[0]))


def test_an_exchange_is_reported_by_method_path_attempts_and_time() -> None:
    error = errors.APIError("it failed", REQUEST, REPLY)

    assert (error.method, error.path) == ("PUT", "https://t.coredata.is/laika/b")
    assert (error.attempts, error.elapsed) == (3, 1.5)


def test_a_refusal_keeps_what_a_handler_needs_and_no_cookie() -> None:
    error = errors.RateLimitError(
        "refused", REQUEST, REPLY, service_message="no", code="E7", body={"error": "no"}
    )

    assert (error.status, error.code, error.message, error.body) == (418, "E7", "no", {"error": "no"})
    assert (error.request_id, error.retry_after) == ("r-1", 7.0)
    assert error.headers == {
        "Date": "Wed, 25 Oct 2023 12:00:00 GMT",
        "Retry-After": "7",
        "X-Request-Id": "r-1",
    }


def test_an_unexpected_answer_keeps_its_beginning_without_queries() -> None:
    error = errors.UnexpectedResponseError("odd", REQUEST, REPLY)

    assert error.body == '{"error": "no", "see": "https://t.coredata.is/laika/b?…"}'


def test_an_unexpected_answer_is_cut() -> None:
    error = errors.UnexpectedResponseError("odd", REQUEST, Reply(200, body=b"x" * 1_000_000))

    assert len(error.body) == EXCERPT


def test_a_timeout_is_a_builtin_timeout_and_says_which() -> None:
    error = errors.APITimeoutError("too slow", REQUEST, phase="connect", reached=False)

    assert isinstance(error, TimeoutError)
    assert (error.phase, error.reached, error.permanent) == ("connect", False, False)
    assert str(error) == "too slow"


def test_an_uncertain_registration_is_both_a_transfer_and_an_unknown_outcome() -> None:
    error = errors.RegistrationUncertainError("perhaps", REQUEST, blob_name="98c5", candidates=["a"], total=9)

    assert (error.stage, error.sent, error.total) == ("register", 9, 9)
    assert (error.blob_name, error.candidates) == ("98c5", ("a",))
    assert error.path == "https://t.coredata.is/laika/b"


def test_a_bulk_error_can_be_taken_apart() -> None:
    error = errors.BulkError("2 of 9 failed", [errors.ConfigurationError("no key"), ValueError("odd")])

    ours, rest = error.split(errors.ConfigurationError)

    assert ours is not None
    assert rest is not None
    assert [str(each) for each in ours.exceptions] == ["no key"]
    assert [str(each) for each in rest.exceptions] == ["odd"]
