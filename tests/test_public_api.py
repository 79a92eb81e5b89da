"""Public names: the specified ones exist, and the exported ones can be imported."""

import coredata_async
from coredata_async import errors

DECIDED = {"CoreData", "Failed", "Limits", "Retry", "Timeouts", "Unknown", "Uploaded"}

# The specification of the public names: each exception and its direct bases.
TREE = {
    "CoreDataError": ("Exception",),
    "ConfigurationError": ("CoreDataError", "ValueError"),
    "JournalInUseError": ("ConfigurationError",),
    "APIError": ("CoreDataError",),
    "APIConnectionError": ("APIError",),
    "APITimeoutError": ("APIConnectionError", "TimeoutError"),
    "UnexpectedResponseError": ("APIError",),
    "APIStatusError": ("APIError",),
    "BadRequestError": ("APIStatusError",),
    "AuthenticationError": ("APIStatusError",),
    "PermissionDeniedError": ("APIStatusError",),
    "NotFoundError": ("APIStatusError",),
    "ConflictError": ("APIStatusError",),
    "StaleSnapshotError": ("ConflictError",),
    "PayloadTooLargeError": ("APIStatusError",),
    "UnprocessableEntityError": ("APIStatusError",),
    "RateLimitError": ("APIStatusError",),
    "ServerError": ("APIStatusError",),
    "OutcomeUnknownError": ("APIError",),
    "TransferError": ("CoreDataError",),
    "SourceError": ("TransferError",),
    "SourceChangedError": ("SourceError",),
    "SourceNotReplayableError": ("SourceError",),
    "StorageError": ("TransferError",),
    "URLExpiredError": ("StorageError",),
    "ChecksumMismatchError": ("TransferError",),
    "RegistrationUncertainError": ("TransferError", "OutcomeUnknownError"),
    "BulkError": ("CoreDataError", "ExceptionGroup"),
}


def test_every_exported_name_exists() -> None:
    assert [name for name in coredata_async.__all__ if not hasattr(coredata_async, name)] == []


def test_no_name_is_exported_twice() -> None:
    assert len(coredata_async.__all__) == len(set(coredata_async.__all__))


def test_the_decided_names_are_exported() -> None:
    assert DECIDED - set(coredata_async.__all__) == set()


def test_every_exception_is_exported_and_is_the_one_of_errors() -> None:
    assert TREE.keys() - set(coredata_async.__all__) == set()
    assert {name for name in TREE if getattr(coredata_async, name) is not getattr(errors, name)} == set()


def test_the_tree_is_the_decided_one() -> None:
    kinds = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.CoreDataError)
    }

    assert {name: tuple(base.__name__ for base in kind.__bases__) for name, kind in kinds.items()} == TREE


def test_an_exception_is_shown_by_its_public_or_its_full_name() -> None:
    assert {getattr(errors, name).__module__ for name in TREE} <= {"coredata_async", "coredata_async.errors"}


def test_the_package_explains_itself() -> None:
    assert coredata_async.__doc__
