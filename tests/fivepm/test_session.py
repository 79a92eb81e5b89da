"""Tests of one sign-in for all callers, renewed in time and after a refusal."""

import asyncio

import pytest

from coredata_async.errors import APIConnectionError, AuthenticationError, ConfigurationError
from coredata_async.fivepm import calls
from coredata_async.fivepm.files import Joined
from coredata_async.fivepm.replies import refusal
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.fivepm.session import Account, Session, with_credentials, with_session
from coredata_async.message import Reply, Request
from tests.fivepm.fake import Blocks, Service, bytes_of, ok, sent

READ = Request("GET", "/api/v2/service/get/tasks/getById?id=7")
WRITE = Request("POST", "/api/v2/service/post/tasks/add", {}, b"task=x", repeatable=False)
REFUSED = Reply(401)
SAYS_SO = Reply(200, {}, b'{"error": "session expired"}')
PASSWORD = "p4ss/wörd"


def session(*, clock=lambda: 0.0, **options) -> Session:
    form = RequestStyle()
    return Session(
        Account("leia@5pm.invalid", PASSWORD),
        lambda login, password: calls.sign_in(form, login=login, password=password),
        lambda: calls.sign_out(form),
        clock=clock,
        **options,
    )


async def all_of(*coroutines):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in coroutines]
    return [task.result() for task in tasks]


async def test_fifty_callers_share_one_sign_in():
    service = Service()
    send = with_session(service, session())

    await all_of(*(send(READ) for _ in range(50)))

    assert service.sign_ins == 1
    assert service.sessions() == ["s1"] * 50


async def test_the_session_is_renewed_before_thirty_minutes():
    now = [0.0]
    service = Service()
    send = with_session(service, session(clock=lambda: now[0]))

    for minute in (0, 24.9, 25, 49.9, 50):
        now[0] = minute * 60
        await send(READ)

    assert service.sessions() == ["s1", "s1", "s2", "s2", "s3"]


@pytest.mark.parametrize("refusal", [REFUSED, SAYS_SO])
async def test_a_refused_reading_is_asked_again_with_a_new_session(refusal):
    service = Service([ok(), refusal])
    send = with_session(service, session())
    await send(READ)

    assert (await send(READ)).status == 200
    assert service.sessions() == ["s1", "s1", "s2"]


async def test_fifty_callers_whose_session_ends_share_the_next_one():
    service = Service(over={"s1"})
    send = with_session(service, session())

    replies = await all_of(*(send(READ) for _ in range(50)))

    assert {reply.status for reply in replies} == {200}
    assert service.sign_ins == 2


async def test_a_write_is_asked_again_only_after_a_plain_refusal():
    service = Service([REFUSED])
    assert await with_session(service, session())(WRITE) == ok()

    service = Service([SAYS_SO])
    send = with_session(service, session())
    assert await send(WRITE) == SAYS_SO
    assert await send(WRITE) == ok()
    assert service.sessions() == ["s1", "s2"]


async def test_a_body_that_can_be_read_once_is_not_sent_twice():
    request = Request("POST", "/a", {"Content-Type": "x"}, Blocks(b"x", replayable=False))
    service = Service([REFUSED])

    assert await with_session(service, session())(request) == REFUSED


async def test_a_refusal_that_stays_is_asked_once_more_and_no_oftener():
    service = Service([REFUSED, REFUSED])

    assert await with_session(service, session())(READ) == REFUSED
    assert service.sign_ins == 2


async def test_403_soon_after_a_sign_in_is_about_rights():
    now = [0.0]
    service = Service([Reply(403), Reply(403)])
    send = with_session(service, session(clock=lambda: now[0]))

    assert (await send(READ)).status == 403
    assert service.sign_ins == 1
    now[0] = 61
    assert (await send(READ)).status == 200
    assert service.sign_ins == 2


async def test_a_cancelled_sign_in_leaves_the_next_caller_to_do_it():
    service = Service(slow=asyncio.Event())
    send = with_session(service, session())
    first, second = (asyncio.ensure_future(send(READ)) for _ in range(2))
    await asyncio.sleep(0.01)

    first.cancel()
    service.slow.set()

    assert await second == ok()
    assert first.cancelled()
    assert service.sign_ins == 2


async def test_a_wrong_password_is_tried_once_for_all_who_wait():
    service = Service(doors=[Reply(401, {}, f"no {PASSWORD}".encode())])
    send = with_session(service, session())

    results = await asyncio.wait([asyncio.ensure_future(send(READ)) for _ in range(20)])
    errors = [task.exception() for task in results[0]]

    assert {type(error) for error in errors} == {AuthenticationError}
    assert len({id(error) for error in errors}) == 20
    assert service.sign_ins == 1
    assert not [error for error in errors if PASSWORD in f"{error}{error.__dict__}"]
    assert await send(READ) == ok()  # a later task may try again


async def test_a_sign_in_without_a_session_id_is_a_refusal():
    service = Service(doors=[ok(b'{"data": {"sessionId": ""}}')])

    with pytest.raises(AuthenticationError, match="check login and password"):
        await with_session(service, session())(READ)


async def test_login_and_password_may_go_along_each_time():
    service = Service()
    send = with_session(service, session(credential="login"))

    await all_of(send(READ), send(WRITE))

    assert service.sign_ins == 0
    for request in service.seen:
        assert sent(request)["login"] == "leia@5pm.invalid"
        assert sent(request)["password"] == PASSWORD
    assert PASSWORD not in service.seen[1].target


async def test_secrets_of_a_write_may_be_in_the_query():
    service = Service()

    await with_session(service, session(in_query=True))(WRITE)

    assert service.seen[-1].target.endswith("?sessionId=s1")


async def test_an_error_that_repeats_the_session_is_cleaned_and_data_is_not():
    error, data = Reply(400, {}, b"bad sessionId=s1"), ok(b'{"id": "s1"}')
    service = Service([error, data])
    send = with_session(service, session())

    assert "s1" not in str(refusal(READ, await send(READ), 200))
    assert (await send(READ)).body == data.body


async def test_leaving_signs_out_with_the_session_and_never_fails():
    for answer in (ok(), Reply(500), APIConnectionError("gone", READ)):
        service = Service([ok(), answer])
        held = session()
        await with_session(service, held)(READ)

        await held.leave(service)
        await held.leave(service)

        assert service.seen[-1].path.endswith("/signOut")
        assert service.sessions() == ["s1", "s1"]


async def test_who_never_signed_in_does_not_sign_out():
    service = Service()

    await session().leave(service)

    assert service.seen == []


def test_a_session_outlives_its_event_loop():
    service = Service()
    held = session()
    send = with_session(service, held)

    for _ in range(2):
        asyncio.run(all_of(*(send(READ) for _ in range(5))))
        held.forget({"sessionId": f"s{service.sign_ins}"})

    assert service.sign_ins == 2


def test_nothing_shows_the_password():
    assert PASSWORD not in repr(session())
    assert PASSWORD not in repr(Account("l", PASSWORD))


@pytest.mark.parametrize(("login", "password"), [("", "p"), ("l", "")])
def test_login_and_password_are_needed(login, password):
    with pytest.raises(ConfigurationError, match="FIVEPM_PASSWORD"):
        Account(login, password)


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_a_get_has_them_in_its_query():
    assert with_credentials(Request("GET", "/a"), {"sessionId": "s&1"}).target == "/a?sessionId=s%261"
    assert with_credentials(Request("GET", "/a?b=1"), {"sessionId": "s"}).target == "/a?b=1&sessionId=s"


def test_a_post_has_them_in_its_body():
    request = with_credentials(Request("POST", "/a", FORM, b"id=7"), {"sessionId": "s 1"})

    assert (request.target, request.body) == ("/a", b"sessionId=s%201&id=7")


def test_an_empty_post_becomes_a_form():
    request = with_credentials(Request("POST", "/a"), {"login": "l", "password": "p"})

    assert (request.body, dict(request.headers)) == (b"login=l&password=p", FORM)


def test_a_post_has_them_in_its_query_if_asked():
    request = with_credentials(Request("POST", "/a?x=1", FORM, b"id=7"), {"sessionId": "s"}, in_query=True)

    assert (request.target, request.body) == ("/a?x=1&sessionId=s", b"id=7")


async def test_a_stream_gets_them_before_it():
    request = with_credentials(Request("POST", "/a", FORM, Blocks(b"id=", b"7")), {"sessionId": "s"})

    assert isinstance(request.body, Joined)
    assert await bytes_of(request.body) == b"sessionId=s&id=7"
    assert request.body.size == 16


async def test_a_multipart_body_gets_a_part():
    headers = {"content-type": "multipart/form-data; boundary=b"}
    request = with_credentials(Request("POST", "/a", headers, Blocks(b"--b--\r\n")), {"sessionId": "s"})

    assert await bytes_of(request.body) == (
        b'--b\r\nContent-Disposition: form-data; name="sessionId"\r\n\r\ns\r\n--b--\r\n'
    )


def test_a_multipart_body_without_boundary_is_a_mistake():
    with pytest.raises(ValueError, match="boundary"):
        with_credentials(
            Request("POST", "/a", {"Content-Type": "multipart/form-data"}, b""), {"sessionId": "s"}
        )
