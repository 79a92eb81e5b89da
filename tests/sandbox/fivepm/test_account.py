"""Tests of authentication: who is accepted, for how long, and the masking of secrets."""

import pytest


async def test_a_session_is_good_for_half_an_hour_however_much_it_is_used(pm, clock):
    token = await pm.signed_in()
    clock.now += 1799

    first = await pm.get("users/getAll", signed=False, sessionId=token)
    clock.now += 1
    second = await pm.get("users/getAll", signed=False, sessionId=token)

    assert (first.status, second.status) == (200, 401)
    assert pm.account.sessions.opened == 1


async def test_a_sliding_session_lives_on_by_use(pm, clock):
    pm.speaks(sliding=True)
    token = await pm.signed_in()

    for _ in range(3):
        clock.now += 1000
        assert (await pm.get("users/getAll", signed=False, sessionId=token)).status == 200


async def test_sessions_end_on_command_and_by_signing_out(pm):
    token, other = await pm.signed_in(), await pm.signed_in()

    out = await pm.get("authentication/signOut", signed=False, sessionId=other)
    assert out.data == {"signOutState": "1"}
    assert (await pm.get("users/getAll", signed=False, sessionId=other)).status == 401

    pm.account.expire_sessions()
    assert (await pm.get("users/getAll", signed=False, sessionId=token)).status == 401


async def test_login_and_password_may_be_refused_per_call(pm):
    pm.speaks(per_call=False)

    assert (await pm.get("users/getAll")).status == 401
    assert await pm.signed_in()


@pytest.mark.parametrize("wrong", [{"password": "x"}, {"login": "x"}, {"password": ""}])
async def test_a_wrong_login_opens_nothing(pm, wrong):
    assert (await pm.get("authentication/signIn", **wrong)).status == 401


async def test_the_authorized_user_is_who_signed_in(pm):
    got = await pm.get("authentication/getAuthorizedUser", login="rey@5pm.invalid")

    assert (got.data["firstName"], "password" in got.data) == ("Rey", False)


async def test_no_log_keeps_a_credential(pm, box):
    token = await pm.signed_in()
    await pm.get("users/getAll", signed=False, sessionId=token)
    await pm.post("users/add", {"user[password]": pm.account.password})

    logged = repr(box.state.requests) + repr(pm.state.calls) + repr(pm.account)

    assert token not in logged
    assert pm.account.password not in logged
    assert "sessionId=***" in box.state.requests[-2].target
