"""Tests of the interpretation of replies, and of the thread in which large ones are decoded."""

import pickle
import threading
import time

import pytest

from coredata_async import errors
from coredata_async.call import MAX_ERROR
from coredata_async.errors import NotFoundError
from coredata_async.fivepm.calls import groups, sign_in, tasks, update_user
from coredata_async.fivepm.codec.shape import flag
from coredata_async.fivepm.codec.tree import parse
from coredata_async.fivepm.models.account import EditUser, Group, NewGroup, User
from coredata_async.fivepm.replies import LARGE, ask, perform, refuses_session, wrong_route
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.message import Reply, Request, Send
from coredata_async.redaction import EXCERPT

FORM = RequestStyle()
GET = tasks.get(FORM, "7")
ADD = groups.add(FORM, NewGroup(name="x"))
REMOVE = groups.remove(FORM, "7")


def raised(body: bytes, status: int = 200, *, call: object = GET) -> errors.APIError:
    with pytest.raises(errors.APIError) as caught:
        call.answer(Reply(status, body=body))  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "Invalid session"}',
        b'{"data": {"error": {"message": "Invalid session"}}}',
        b'{"response": {"status": "fail", "error": "Invalid session"}}',
        b'{"errors": ["Invalid session"]}',
        b"<data><error><![CDATA[Invalid session]]></error></data>",
        b'<response status="fail"><error>Invalid session</error></response>',
        b"<response><status>fail</status><error><text>Invalid session</text></error></response>",
        b"<data><fault><faultcode>x</faultcode><faultstring>Invalid session</faultstring></fault></data>",
    ],
)
def test_an_error_inside_a_200_is_an_error_in_the_services_own_words(body: bytes) -> None:
    error = raised(body)

    assert isinstance(error, errors.AuthenticationError)
    assert error.message == "Invalid session"
    assert error.status == 200
    assert refuses_session(Reply(200, body=body))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"error": "No such task"}', errors.NotFoundError),
        (b'{"error": "Name must not be empty"}', errors.APIStatusError),
        (b'{"error": "The password is too short"}', errors.APIStatusError),
        (b'{"error": "Task \'session notes\' is locked"}', errors.APIStatusError),
        (b'{"error": {"code": 403, "message": "No"}}', errors.PermissionDeniedError),
        (b'{"error": {"code": "404"}}', errors.NotFoundError),
        (b'{"error": "Wrong password"}', errors.AuthenticationError),
        (b'{"exception": "x", "message": "Unauthorized"}', errors.AuthenticationError),
    ],
)
def test_the_words_or_the_code_say_which_error_it_is(body: bytes, kind: type[errors.APIStatusError]) -> None:
    assert type(raised(body)) is kind


@pytest.mark.parametrize("status", [10, "20", 30, "fail", 0])
def test_a_tasks_own_status_is_not_an_error(status: object) -> None:
    task = GET.answer(Reply(200, body=f'{{"data": {{"id": "7", "status": "{status}"}}}}'.encode()))

    assert task.id == "7"


def test_a_task_that_has_a_field_called_error_is_a_task() -> None:
    assert GET.answer(Reply(200, body=b'{"id": "7", "error": "none"}')).extra == {"error": "none"}


@pytest.mark.parametrize(
    "body", [b"<data/>", b"<data>\n</data>", b"{}", b"[]", b'{"data": []}', b"null", b'{"task": ""}']
)
def test_nothing_where_an_object_was_asked_for_is_not_found(body: bytes) -> None:
    assert isinstance(raised(body), errors.NotFoundError)


def test_an_object_whose_fields_are_all_empty_is_not_found() -> None:
    assert isinstance(raised(b"<data><id/><name/><team/></data>"), errors.NotFoundError)


def test_another_object_without_an_id_is_unexpected() -> None:
    assert isinstance(raised(b'{"name": "x", "colour": "red"}'), errors.UnexpectedResponseError)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"<br/><b>Fatal error</b>: Uncaught Error", "PHP"),
        (b'{"id": ', "cut short"),
    ],
)
def test_a_body_without_data_is_unexpected_and_a_write_may_have_happened(body: bytes, words: str) -> None:
    error, write = raised(body), raised(body, call=ADD)

    assert isinstance(error, errors.UnexpectedResponseError)
    assert words in str(error)
    assert "may or may not" not in str(error)
    assert "may or may not have been carried out" in str(write)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (405, errors.APIStatusError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
    ],
)
def test_a_status_says_which_error_it_is(status: int, kind: type[errors.APIError]) -> None:
    error = raised(b"<data><error>Why</error></data>", status)

    assert type(error) is kind
    assert "Why" in str(error)
    assert "api_key" not in str(error)


def test_a_redirect_is_unexpected() -> None:
    assert isinstance(raised(b"", 302), errors.UnexpectedResponseError)


def test_201_for_a_new_object_is_as_good() -> None:
    assert ADD.answer(Reply(201, body=b'{"id": 3, "name": "x"}')) == Group(id="3", name="x")


def test_204_means_that_it_was_done() -> None:
    REMOVE.answer(Reply(204))


def test_the_query_of_no_url_is_shown() -> None:
    error = raised(b'{"error": "bad: https://a.5pmweb.com/api?sessionId=hush"}')

    assert "hush" not in f"{error} {error.__dict__}"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"true", True),
        (b'{"status": "1"}', True),
        (b"<data><status>1</status></data>", True),
        (b"<data><status></status></data>", False),
        (b"<data>0</data>", False),
        (b'{"data": {"signOutState": false}}', False),
        (b'{"data": true}', True),
        (b'{"user": {"id": "7", "status": 1}}', None),
        (b"<data/>", None),
        (b"[]", None),
    ],
)
def test_a_flag_is_yes_or_no_or_neither(body: bytes, said: bool | None) -> None:
    assert flag(parse(body)) is said


def test_a_removal_that_was_not_done_is_an_error() -> None:
    assert "did not remove the object" in str(raised(b'{"status": false}', call=REMOVE))
    assert isinstance(raised(b"<data/>", call=REMOVE), errors.OutcomeUnknownError)


def test_a_removal_that_was_done_says_nothing() -> None:
    REMOVE.answer(Reply(200, body=b"<data><status>1</status></data>"))


@pytest.mark.parametrize(
    ("body", "user"),
    [
        (b'{"id": "7", "email": "a@b.is"}', User(id="7", email="a@b.is")),
        (b"<data><status>1</status></data>", None),
    ],
)
def test_a_changed_user_may_come_back_or_not(body: bytes, user: User | None) -> None:
    assert update_user(FORM, "7", EditUser(email="a@b.is")).answer(Reply(200, body=body)) == user


@pytest.mark.parametrize(
    "body",
    [
        b'{"sessionId": "abc"}',
        b'{"data": {"sessionId": "abc"}}',
        b"<data><sessionId>abc</sessionId></data>",
        b"<data><sessionId><![CDATA[abc]]></sessionId></data>",
        b'"abc"',
        b'{"data": "abc"}',
    ],
)
def test_a_session_is_found_wherever_it_is(body: bytes) -> None:
    assert sign_in(FORM, login="a", password="b").answer(Reply(200, body=body)) == "abc"


@pytest.mark.parametrize("body", [b"{}", b"<data/>", b"<data><sessionId/></data>", b'{"sessionId": null}'])
def test_a_sign_in_without_a_session_is_one_that_was_refused(body: bytes) -> None:
    error = raised(body, call=sign_in(FORM, login="a", password="hush"))

    assert isinstance(error, errors.AuthenticationError)
    assert "hush" not in str(error)


def test_a_session_may_have_ended_after_401_and_403_but_not_after_other_errors() -> None:
    assert refuses_session(Reply(401))
    assert refuses_session(Reply(403))
    assert refuses_session(Reply(500, body=b"<data><error>Session expired</error></data>"))
    assert not refuses_session(Reply(400, body=b'{"error": "Name is missing"}'))
    assert not refuses_session(Reply(200, body=b'{"id": "7", "name": "session"}'))


def test_a_method_may_be_elsewhere_after_404_and_405() -> None:
    assert [status for status in (200, 400, 404, 405, 500) if wrong_route(Reply(status))] == [404, 405]


@pytest.mark.parametrize("name", ["error", "errors", "fault", "exception", "faultstring"])
def test_words_inside_many_errors_are_found_without_looking_twice(name: str) -> None:
    body = f"<{name}>".encode() * 30 + b"no" + f"</{name}>".encode() * 30

    began = time.process_time()
    error = raised(body)

    assert error.message == "no"
    assert time.process_time() - began < 2  # checking twice at each level takes 2**30 steps


def saying(body: bytes) -> Send:
    async def send(_: Request) -> Reply:
        return Reply(200, body=body)

    return send


@pytest.mark.parametrize(("size", "inline"), [(10, True), (LARGE - 20, True), (LARGE + 1, False)])
@pytest.mark.parametrize("repeatable", [True, False])
async def test_a_large_reply_is_read_in_a_thread(size: int, inline: bool, repeatable: bool) -> None:
    call = ask(Request("POST", "/x", repeatable=repeatable), lambda _: threading.current_thread())

    thread = await perform(saying(b'{"data": "%s"}' % (b"x" * size)), call)

    assert (thread is threading.main_thread()) == inline


async def test_an_object_and_an_error_come_out_of_a_thread_as_they_are() -> None:
    pad = b" " * LARGE

    task = await perform(saying(b'{"data": {"id": "7"}}' + pad), tasks.get(FORM, "7"))
    assert task.id == "7"
    with pytest.raises(NotFoundError, match="no such group"):
        await perform(saying(b'{"error": "no such group"}' + pad), groups.add(FORM, NewGroup(name="x")))


@pytest.mark.parametrize("status", [200, 500])
def test_of_a_long_error_only_the_beginning_is_kept(status: int) -> None:
    error = raised(b'{"error": "Invalid session' + b"x" * MAX_ERROR + b'"}', status)

    assert isinstance(error, errors.APIStatusError)
    assert error.body == '{"error": "Invalid session' + "x" * (EXCERPT - 26)


@pytest.mark.parametrize(("code", "kind"), [("404", NotFoundError), ("9" * 5000, errors.APIStatusError)])
def test_a_code_of_any_length_is_read(code: str, kind: type[errors.APIError]) -> None:
    error = raised(b'{"error": {"message": "x", "code": "%s"}}' % code.encode())

    assert type(error) is kind
    assert error.code == code


@pytest.mark.parametrize("session", [b"\\ud800", b"a\\nb", b"\\u0000", b"a" * 5000])
def test_a_session_id_that_cannot_be_sent_is_an_unreadable_reply(session: bytes) -> None:
    error = raised(b'{"sessionId": "%s"}' % session, call=sign_in(FORM, login="a", password="b"))

    assert isinstance(error, errors.UnexpectedResponseError)
    assert "the session id cannot be sent" in str(error)
