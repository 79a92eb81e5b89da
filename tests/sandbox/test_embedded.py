"""Tests of the sandbox together with its client."""

import pytest

pytest.importorskip("coredata_async.client")

from coredata_async import sandbox
from coredata_async.sandbox import Sandbox


async def test_its_client_is_signed_in_for_both_versions():
    async with Sandbox() as box:
        box.api_key_v3 = "another"
        async with box.client() as client:
            up = await client.files.upload(b"hello", parent=box.project, filename="a.txt")

        assert await box.content(up.file_id) == b"hello"
        assert all(
            "authorization" not in one.headers for one in box.state.requests if "/laika/" in one.target
        )


async def test_options_of_its_client_have_the_last_word():
    async with Sandbox() as box, box.client(api_user="somebody") as client:
        assert "somebody" in repr(client)
        assert box.api_key not in repr(client) + repr(box)


def test_the_package_names_what_there_is_and_nothing_else():
    assert {name: getattr(sandbox, name).__name__ for name in dir(sandbox)} == {
        name: name for name in dir(sandbox)
    }
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = sandbox.Nonsense
