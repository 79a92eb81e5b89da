"""The vendor's space becomes a Space."""

from datetime import UTC, datetime

from coredata_async.message import Reply
from coredata_async.resources.spaces import SPACES, Space, SpaceWhere
from coredata_async.wire.calls import Page, list_page
from coredata_async.wire.convert import structure
from tests import vendor


def test_the_vendors_page_of_spaces() -> None:
    call = list_page(SPACES.path, SPACES.model, SpaceWhere(), limit=1, offset=1)

    assert call.request.target == "/api/v2/spaces/?limit=1&offset=1"
    assert call.answer(Reply(200, body=vendor.SPACES.encode())) == Page(
        items=(
            Space(
                id="fdafd53a-d4a0-11ee-afc8-cbda05af010e",
                snapshot_id="fdafddc8-d4a0-11ee-afc8-5ba20d934ce2",
                type="Space",
                title="Space title",
                path="/domain/spaces/Space folder title/Space title",
                resource_uri="/api/v2/spaces/fdafd53a-d4a0-11ee-afc8-cbda05af010e/",
                created=datetime(2024, 2, 26, 12, 17, 21, tzinfo=UTC),
                created_by="Administrator Administrator",
                modified=datetime(2024, 2, 26, 12, 17, 21, tzinfo=UTC),
                modified_by="Administrator Administrator",
                version="0.1",
            ),
        ),
        total=6,
        offset=1,
        limit=1,
        has_next=True,
        next="/api/v2/spaces/?limit=1&offset=2",
        previous="/api/v2/spaces/?limit=1&offset=0",
    )


def test_a_hidden_space_of_2016() -> None:
    space = structure({"id": "a", "is_hidden": True, "status": "space_status:active:"}, Space)

    assert (space.is_hidden, space.status) == (True, "space_status:active:")
