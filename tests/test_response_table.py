"""The response table: every cell that the module promises, spelled out by status."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.errors import APIConnectionError, APITimeoutError, SourceChangedError
from coredata_async.message import Reply, Request
from coredata_async.response_table import (
    TABLE,
    Classification,
    HostState,
    RequestKind,
    Response,
    classify,
    classify_error,
    classify_reply,
    host_state,
    is_transient,
    kind_of,
    may_be_sent_again,
    response_of,
)

DONE, REFUSED = Classification.DONE, Classification.REFUSED
NOT_CARRIED_OUT, UNKNOWN, TRANSIENT = (
    Classification.NOT_CARRIED_OUT,
    Classification.UNKNOWN,
    Classification.TRANSIENT,
)

REQUESTS = {
    RequestKind.READ: Request("GET", "/api/v2/files/"),
    RequestKind.RESERVE: Request("POST", "/api/v3/blob/presigned-upload-url/"),
    RequestKind.STORE: Request("PUT", "https://storage.example/blob"),
    RequestKind.UPDATE: Request("PUT", "/api/v2/files/1/"),
    RequestKind.DELETE: Request("DELETE", "/api/v2/files/1/"),
    RequestKind.CREATE: Request("POST", "/api/v2/files/", repeatable=False),
}
EXPECTED = {
    RequestKind.READ: 200,
    RequestKind.RESERVE: 200,
    RequestKind.STORE: 200,
    RequestKind.UPDATE: 204,
    RequestKind.DELETE: 204,
    RequestKind.CREATE: 201,
}
REPEATABLE = [kind for kind in RequestKind if kind is not RequestKind.CREATE]

PROOF_OF_REFUSAL = (400, 401, 403, 404, 413, 422)
AMBIGUOUS = (
    0, 99, 100, 101, 102, 103, 199,
    200, 202, 203, 204, 205, 206, 207, 226, 299,
    300, 301, 302, 303, 304, 305, 307, 308, 399,
    402, 405, 406, 407, 408, 409, 410, 411, 412, 414, 415, 416, 417, 418, 421, 423, 424, 425, 426, 428, 431,
    444, 451, 460, 494, 495, 499,
    500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511,
    520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 561, 598, 599,
    600, 999,
)  # fmt: skip
"""Responses that prove nothing about a registration."""
TRANSIENT_STATUSES = (
    408, 425, 500, 502, 503, 504, 509, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 561, 598, 599,
)  # fmt: skip
POINTLESS = (
    0, 99, 100, 300, 301, 302, 303, 304, 307, 308,
    *PROOF_OF_REFUSAL, 405, 406, 409, 410, 411, 412, 414, 415, 416, 431, 451,
    501, 505, 506, 507, 508, 510, 511, 600, 999,
)  # fmt: skip


def classified(kind: RequestKind, reply: Reply) -> Classification:
    return classify_reply(REQUESTS[kind], reply, EXPECTED[kind])


@pytest.mark.parametrize("kind", RequestKind)
def test_each_request_is_of_its_kind(kind: RequestKind) -> None:
    assert kind_of(REQUESTS[kind]) is kind


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE", "PATCH"])
def test_what_must_not_be_repeated_counts_as_a_creation_whatever_its_method(method: str) -> None:
    assert kind_of(Request(method, "/", repeatable=False)) is RequestKind.CREATE


@pytest.mark.parametrize("kind", RequestKind)
def test_every_row_has_every_column(kind: RequestKind) -> None:
    assert set(TABLE[kind]) == set(Response)


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "1"}], ids=["plain", "with Retry-After"])
@pytest.mark.parametrize("status", AMBIGUOUS)
def test_what_proves_nothing_about_a_creation_leaves_it_unknown(status: int, headers: dict) -> None:
    assert classified(RequestKind.CREATE, Reply(status, headers)) is UNKNOWN


@pytest.mark.parametrize("status", PROOF_OF_REFUSAL)
def test_a_creation_is_refused_by_few_statuses(status: int) -> None:
    assert classified(RequestKind.CREATE, Reply(status)) is REFUSED


@given(st.integers(-1, 1200))
def test_no_other_status_proves_that_nothing_was_created(status: int) -> None:
    proof = classified(RequestKind.CREATE, Reply(status))

    assert (proof is UNKNOWN) == (status not in {*PROOF_OF_REFUSAL, 201, 429})


@pytest.mark.parametrize("kind", RequestKind)
def test_429_is_before_any_work_for_every_kind(kind: RequestKind) -> None:
    assert classified(kind, Reply(429)) is NOT_CARRIED_OUT


@pytest.mark.parametrize("kind", REPEATABLE)
@pytest.mark.parametrize("status", TRANSIENT_STATUSES)
def test_what_may_pass_is_transient_for_what_is_safe_to_repeat(kind: RequestKind, status: int) -> None:
    assert classified(kind, Reply(status)) is TRANSIENT
    assert is_transient(status)


@pytest.mark.parametrize("kind", REPEATABLE)
@pytest.mark.parametrize("status", POINTLESS)
def test_what_does_not_pass_is_refused(kind: RequestKind, status: int) -> None:
    assert classified(kind, Reply(status)) is REFUSED
    assert not is_transient(status)


@pytest.mark.parametrize("kind", RequestKind)
def test_the_expected_status_is_done(kind: RequestKind) -> None:
    assert classified(kind, Reply(EXPECTED[kind])) is DONE


@pytest.mark.parametrize(
    ("kind", "proof"),
    [
        (RequestKind.READ, REFUSED),
        (RequestKind.RESERVE, REFUSED),
        (RequestKind.STORE, DONE),
        (RequestKind.UPDATE, REFUSED),
        (RequestKind.DELETE, REFUSED),
        (RequestKind.CREATE, UNKNOWN),
    ],
)
def test_another_success_than_the_expected_one(kind: RequestKind, proof: Classification) -> None:
    assert classified(kind, Reply(202)) is proof


@pytest.mark.parametrize(
    ("kind", "proof"),
    [
        (RequestKind.READ, REFUSED),
        (RequestKind.RESERVE, TRANSIENT),
        (RequestKind.STORE, REFUSED),
        (RequestKind.UPDATE, REFUSED),
        (RequestKind.DELETE, REFUSED),
        (RequestKind.CREATE, UNKNOWN),
    ],
)
def test_a_success_that_cannot_be_read(kind: RequestKind, proof: Classification) -> None:
    assert classify(REQUESTS[kind], Response.UNREADABLE) is proof


@pytest.mark.parametrize("kind", RequestKind)
def test_404_to_a_repeat_means_that_the_first_deletion_did_it(kind: RequestKind) -> None:
    assert classified(kind, Reply(404, attempts=1)) is REFUSED
    assert classified(kind, Reply(404, attempts=2)) is (DONE if kind is RequestKind.DELETE else REFUSED)


@pytest.mark.parametrize("kind", RequestKind)
def test_a_connection_error_proves_as_much_as_was_sent(kind: RequestKind) -> None:
    request = REQUESTS[kind]
    lost = UNKNOWN if kind is RequestKind.CREATE else TRANSIENT

    assert classify_error(request, APIConnectionError("x", request)) is lost
    assert classify_error(request, APITimeoutError("x", request, phase="response")) is lost
    assert classify_error(request, APIConnectionError("x", request, reached=False)) is NOT_CARRIED_OUT
    error = APIConnectionError("x", request, reached=False, permanent=True)
    assert classify_error(request, error) is REFUSED


@pytest.mark.parametrize("response", Response)
def test_a_creation_is_sent_again_only_after_proof(response: Response) -> None:
    again = may_be_sent_again(TABLE[RequestKind.CREATE][response])

    assert again == (response in {Response.NOT_SENT, Response.TOO_MANY})


def test_a_success_is_done_for_every_kind() -> None:
    assert {row[Response.SUCCESS] for row in TABLE.values()} == {DONE}


def test_without_an_expected_status_every_2xx_is_a_success() -> None:
    assert {response_of(status) for status in range(200, 300)} == {Response.SUCCESS}


@pytest.mark.parametrize("status", [200, 201, 204, 301, 400, 401, 403, 404, 408, 409, 499])
def test_a_response_below_500_shows_that_the_host_works(status: int) -> None:
    assert host_state(status, None, None) is HostState.WORKS


@pytest.mark.parametrize("status", [500, 501, 502, 504, 520, 599])
def test_an_error_of_the_server_is_a_failure_of_the_host(status: int) -> None:
    assert host_state(status, 3, None) is HostState.FAILS


def test_503_with_retry_after_is_throttling() -> None:
    assert host_state(503, None, None) is HostState.OVERLOADED
    assert host_state(503, 0, None) is HostState.THROTTLES


def test_429_is_throttling_with_and_without_retry_after() -> None:
    assert host_state(429, None, None) is HostState.THROTTLES
    assert host_state(429, 3, None) is HostState.THROTTLES


@pytest.mark.parametrize("error", [APIConnectionError, APITimeoutError])
def test_a_missing_response_is_a_failure_of_the_host(error: type[Exception]) -> None:
    assert host_state(None, None, error.__name__) is HostState.FAILS


@pytest.mark.parametrize("error", [SourceChangedError, ZeroDivisionError, OSError])
def test_an_exception_of_the_source_shows_nothing_about_the_host(error: type[Exception]) -> None:
    assert host_state(None, None, error.__name__) is HostState.UNSEEN
