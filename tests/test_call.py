"""Meaning of a reply: its value, or exactly one error."""

import asyncio
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async import errors
from coredata_async.call import MAX_ERROR, Call, perform, refusal
from coredata_async.message import Reply, Request, Send
from coredata_async.redaction import EXCERPT

GET = Request("GET", "/api/v2/files/?title=Hidden")
POST = Request("POST", "/api/v2/files/", repeatable=False)
DELETE = Request("DELETE", "/api/v2/files/7/")


def parsed(reply: Reply) -> object:
    return json.loads(reply.body)


def answering(reply: Reply) -> Send:
    async def send(_: Request) -> Reply:
        return reply

    return send


def failing(error: errors.APIError) -> Send:
    async def send(_: Request) -> Reply:
        raise error

    return send


def refused(body: bytes, status: int = 400, **headers: str) -> errors.APIStatusError:
    error = refusal(GET, Reply(status, headers, body), 200)
    assert isinstance(error, errors.APIStatusError)
    return error


def test_the_expected_status_is_read() -> None:
    assert Call(GET, 200, parsed).answer(Reply(200, body=b"[1]")) == [1]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (405, errors.APIStatusError),
        (409, errors.ConflictError),
        (412, errors.APIStatusError),
        (413, errors.PayloadTooLargeError),
        (418, errors.APIStatusError),
        (422, errors.UnprocessableEntityError),
        (429, errors.RateLimitError),
        (499, errors.APIStatusError),
        (500, errors.ServerError),
        (501, errors.ServerError),
        (503, errors.ServerError),
        (599, errors.ServerError),
        (100, errors.UnexpectedResponseError),
        (202, errors.UnexpectedResponseError),
        (204, errors.UnexpectedResponseError),
        (301, errors.UnexpectedResponseError),
        (302, errors.UnexpectedResponseError),
        (304, errors.UnexpectedResponseError),
    ],
)
def test_any_other_status_is_its_own_class(status: int, kind: type[errors.APIError]) -> None:
    with pytest.raises(errors.APIError) as caught:
        Call(GET, 200, parsed).answer(Reply(status, body=b"[1]"))

    assert type(caught.value) is kind


def test_a_success_that_is_not_the_one_due_is_not_a_success() -> None:
    with pytest.raises(
        errors.UnexpectedResponseError, match=r"202 Accepted .*but 200 was expected.*check that base_url"
    ):
        Call(GET, 200, parsed).answer(Reply(202, body=b"[1]"))


def test_a_redirect_is_advised_on_and_its_target_not_shown() -> None:
    reply = Reply(301, {"Location": "https://login.is/?ticket=hidden"})

    with pytest.raises(errors.UnexpectedResponseError, match="redirects are never followed") as caught:
        Call(GET, 200, parsed).answer(reply)

    assert "hidden" not in str(caught.value)


def test_a_message_names_method_path_status_attempt_and_request_id() -> None:
    error = refusal(GET, Reply(404, {"X-Request-Id": "r-1"}, attempts=3), 200)

    assert str(error).startswith("GET /api/v2/files/: 404 Not Found (attempt 3, request id r-1)")
    assert "Hidden" not in str(error)


def test_an_unregistered_status_is_shown_as_a_number() -> None:
    assert str(refusal(GET, Reply(599), 200)).startswith("GET /api/v2/files/: 599 (attempt 1)")


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "check the fields and filters"),
        (401, "api_key_v3"),
        (403, "the right to do this"),
        (404, "check the id"),
        (405, "does not offer"),
        (409, "read the document again"),
        (413, "via='storage'"),
        (429, "Limits.rate"),
        (500, "the service failed; try again later"),
        (503, "the service failed; try again later"),
    ],
)
def test_a_refusal_comes_with_advice(status: int, advice: str) -> None:
    assert advice in str(refused(b"", status))


@pytest.mark.parametrize(
    ("body", "words", "code", "kept"),
    [
        (b"", "", None, ""),
        (b"  \n", "", None, ""),
        (b'{"error": "Invalid limit"}', "Invalid limit", None, {"error": "Invalid limit"}),
        (
            '{"error": {"title": ["má ekki vera tómt"]}}'.encode(),
            '{"title": ["má ekki vera tómt"]}',
            None,
            {"error": {"title": ["má ekki vera tómt"]}},
        ),
        (b'{"error_message": "Sorry", "code": 17}', "Sorry", "17", {"error_message": "Sorry", "code": 17}),
        (b'{"message": "m", "code": "E7"}', "m", "E7", {"message": "m", "code": "E7"}),
        (b'{"detail": "d"}', "d", None, {"detail": "d"}),
        (b'{"error": "", "detail": "d"}', "d", None, {"error": "", "detail": "d"}),
        (b'{"why": 1}', '{"why": 1}', None, {"why": 1}),
        (b"{}", "", None, {}),
        (b"null", "", None, None),
        (b'"Not today"', "Not today", None, "Not today"),
        (b'["a", "b"]', '["a", "b"]', None, ["a", "b"]),
        (b"Bad Gateway", "Bad Gateway", None, "Bad Gateway"),
        (b"<html>no</html>", "", None, "<html>no</html>"),
        (b'{"error": "cut', '{"error": "cut', None, '{"error": "cut'),
        (b"\xff\xfe", "��", None, "��"),
    ],
)
def test_an_error_body_of_any_shape_gives_the_services_words(
    body: bytes, words: str, code: str | None, kept: object
) -> None:
    error = refused(body)

    assert (error.message, error.code, error.body) == (words, code, kept)
    assert words in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b'{"error_message": "Sorry", "traceback": "File hidden.py"}',
        b'{"traceback": "File hidden.py"}',
        b'{"error": {"error_message": "Sorry", "traceback": "File hidden.py"}}',
        b'[{"traceback": "File hidden.py"}]',
    ],
)
def test_a_traceback_is_neither_shown_nor_kept(body: bytes) -> None:
    error = refused(body, 500)

    assert "hidden" not in f"{error} {vars(error)}"


@pytest.mark.parametrize(
    "body",
    [
        b"see https://t.coredata.is/laika/b?Signature=hidden",
        b'{"error": "see /api/v2/files/?username=u&api_key=hidden"}',
        b'{"error": {"url": "/api/v2/files/?api_key=hidden"}}',
    ],
)
def test_the_services_words_are_shown_without_queries(body: bytes) -> None:
    error = refused(body)

    assert "hidden" not in f"{error} {vars(error)}"


@pytest.mark.parametrize("body", [b"x" * 9_999_999, b'{"error": "' + b"x" * 9_999 + b'"}', b"[" * 99_999])
def test_a_huge_error_body_is_cut(body: bytes) -> None:
    error = refused(body)

    assert len(error.message) <= 300
    assert len(str(error)) < 500


def test_a_huge_text_is_not_kept_whole() -> None:
    assert len(str(refused(b"x" * 9_999_999).body)) == EXCERPT


def test_of_a_long_error_body_only_the_beginning_is_kept() -> None:
    error = refused(json.dumps({"error": "x" * MAX_ERROR}).encode())

    assert str(error.body) == '{"error": "' + "x" * (EXCERPT - 11)


@given(st.binary())
def test_no_error_body_can_make_the_error_fail(body: bytes) -> None:
    assert refused(body).status == 400


def test_html_in_place_of_json_is_said_to_be_that() -> None:
    with pytest.raises(errors.UnexpectedResponseError, match="is an HTML page instead of JSON"):
        Call(GET, 200, parsed).answer(Reply(200, body=b"\n <!doctype html><title>Log in</title>"))


def test_half_a_json_is_said_to_be_cut_short() -> None:
    with pytest.raises(errors.UnexpectedResponseError, match=r"invalid or truncated after 9 bytes"):
        Call(GET, 200, parsed).answer(Reply(200, body=b'{"meta": '))


def test_an_unreadable_value_is_named_in_the_message() -> None:
    def read(_: Reply) -> None:
        raise ValueError("File 7: field size: expected a whole number, not 'x'")

    with pytest.raises(errors.UnexpectedResponseError, match="field size: expected a whole number") as caught:
        Call(GET, 200, read).answer(Reply(200, body=b"{}"))

    assert caught.value.__context__ is None  # which could quote the body


def test_a_repeated_deletion_that_finds_nothing_is_done() -> None:
    call = Call(DELETE, 204, lambda _: "done")

    assert call.answer(Reply(404, attempts=2)) == "done"


def test_a_first_deletion_that_finds_nothing_is_an_error() -> None:
    with pytest.raises(errors.NotFoundError):
        Call(DELETE, 204, lambda _: "done").answer(Reply(404, attempts=1))


def test_a_repeat_that_is_not_a_deletion_may_not_find_nothing() -> None:
    with pytest.raises(errors.NotFoundError):
        Call(GET, 200, parsed).answer(Reply(404, attempts=2))


async def test_perform_sends_the_request_and_reads_the_reply() -> None:
    assert await perform(answering(Reply(200, body=b"[1]")), Call(GET, 200, parsed)) == [1]


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_a_write_answered_by_a_failing_gateway_may_have_happened(status: int) -> None:
    with pytest.raises(errors.OutcomeUnknownError, match="check before you repeat") as caught:
        await perform(answering(Reply(status, attempts=2)), Call(POST, 201, parsed))

    assert isinstance(caught.value.__cause__, errors.APIStatusError)
    assert (caught.value.method, caught.value.path, caught.value.attempts) == ("POST", "/api/v2/files/", 2)


async def test_a_read_answered_by_a_failing_gateway_just_failed() -> None:
    with pytest.raises(errors.ServerError):
        await perform(answering(Reply(502)), Call(GET, 200, parsed))


@pytest.mark.parametrize(
    "status", [202, 204, 302, 307, 405, 408, 409, 425, 500, 501, 503, 520, 524, 599, 999]
)
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "3"}], ids=["plain", "with Retry-After"])
async def test_a_write_may_have_happened_unless_the_table_says_otherwise(status: int, headers: dict) -> None:
    with pytest.raises(errors.OutcomeUnknownError) as caught:
        await perform(answering(Reply(status, headers)), Call(POST, 201, parsed))

    assert isinstance(caught.value.__cause__, (errors.APIStatusError, errors.UnexpectedResponseError))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429])
async def test_a_write_that_was_refused_did_not_happen(status: int) -> None:
    with pytest.raises(errors.APIStatusError) as caught:
        await perform(answering(Reply(status)), Call(POST, 201, parsed))

    assert caught.value.status == status


async def test_a_write_whose_answer_cannot_be_read_may_have_happened() -> None:
    with pytest.raises(errors.OutcomeUnknownError, match="HTML page") as caught:
        await perform(answering(Reply(201, body=b"<html>")), Call(POST, 201, parsed))

    assert isinstance(caught.value.__cause__, errors.UnexpectedResponseError)


UNFORESEEN = [
    OverflowError("date value out of range"), RecursionError(), MemoryError(), KeyError("x"),
    errors.ConfigurationError("no"), TimeoutError(),
]  # fmt: skip


@pytest.mark.parametrize("error", UNFORESEEN, ids=repr)
async def test_an_unexpected_error_after_a_write_was_sent_leaves_it_unknown(error: Exception) -> None:
    async def send(request: Request) -> Reply:
        request.dispatch.possible = False
        request.dispatch.possible = True
        raise error

    with pytest.raises(errors.OutcomeUnknownError, match=type(error).__name__) as caught:
        await perform(send, Call(POST, 201, parsed))

    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", UNFORESEEN, ids=repr)
async def test_an_unexpected_error_before_a_write_was_sent_is_raised_as_it_is(error: Exception) -> None:
    async def send(request: Request) -> Reply:
        request.dispatch.possible = False
        raise error

    with pytest.raises(type(error)) as caught:
        await perform(send, Call(POST, 201, parsed))

    assert caught.value is error


async def test_a_send_that_notes_nothing_may_have_sent_it() -> None:
    with pytest.raises(errors.OutcomeUnknownError):
        await perform(failing(KeyError("x")), Call(POST, 201, parsed))


async def test_an_unexpected_error_while_the_answer_to_a_write_is_read_leaves_it_unknown() -> None:
    def read(_: Reply) -> None:
        raise RecursionError

    with pytest.raises(errors.OutcomeUnknownError, match="RecursionError"):
        await perform(answering(Reply(201)), Call(POST, 201, read))


async def test_an_unexpected_error_of_a_repeatable_request_is_raised_as_it_is() -> None:
    with pytest.raises(KeyError):
        await perform(failing(KeyError("x")), Call(GET, 200, parsed))


async def test_cancelling_a_write_stays_a_cancellation() -> None:
    with pytest.raises(asyncio.CancelledError):
        await perform(failing(asyncio.CancelledError()), Call(POST, 201, parsed))


async def test_the_error_of_another_request_that_went_before_is_raised_as_it_is() -> None:
    """As for a sign-in."""
    other = errors.APIConnectionError("GET /sign-in: the connection broke", GET)

    async def send(request: Request) -> Reply:
        request.dispatch.possible = False
        raise other

    with pytest.raises(errors.APIConnectionError, match="sign-in"):
        await perform(send, Call(POST, 201, parsed))


async def test_a_write_whose_answer_was_lost_may_have_happened() -> None:
    lost = errors.APIConnectionError("POST /api/v2/files/: the connection broke", POST)

    with pytest.raises(errors.OutcomeUnknownError, match="the connection broke; it may") as caught:
        await perform(failing(lost), Call(POST, 201, parsed))

    assert caught.value.__cause__ is lost


async def test_a_write_that_did_not_reach_the_server_did_not_happen() -> None:
    with pytest.raises(errors.APIConnectionError):
        await perform(
            failing(errors.APIConnectionError("no route", POST, reached=False)), Call(POST, 201, parsed)
        )


async def test_a_repeatable_request_whose_answer_was_lost_just_failed() -> None:
    with pytest.raises(errors.APITimeoutError):
        await perform(failing(errors.APITimeoutError("slow", GET, phase="response")), Call(GET, 200, parsed))


async def test_an_unknown_outcome_is_logged_once_as_a_warning(caplog) -> None:
    caplog.set_level(logging.INFO, "coredata_async")

    with pytest.raises(errors.OutcomeUnknownError) as caught:
        await perform(failing(errors.APIConnectionError("reset", POST)), Call(POST, 201, parsed))

    assert [(each.name, each.levelname, each.getMessage()) for each in caplog.records] == [
        ("coredata_async.http", "WARNING", str(caught.value))
    ]


def test_a_sentence_of_the_service_is_followed_by_one_separator() -> None:
    message = str(refused(b'{"error": "Space 7 does not exist."}'))

    assert message.endswith("Space 7 does not exist; check the fields and filters sent")


def test_a_creation_that_failed_is_not_to_be_tried_again() -> None:
    request = Request("POST", "/api/v2/projects/", repeatable=False)

    assert "try again" not in str(refusal(request, Reply(503), 201))
