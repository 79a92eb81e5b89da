"""Service `projectsgroups` (facts 3.7)."""

import attrs

from coredata_async.sandbox.fivepm import objects
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.arguments import Arguments
from coredata_async.sandbox.fivepm.cascade import remove as cascade
from coredata_async.sandbox.fivepm.fields import GROUP
from coredata_async.sandbox.fivepm.rendering import Listed, SingleView
from coredata_async.sandbox.fivepm.responses import Response


def add(account: Account, asked: Arguments) -> SingleView:
    """Create a group."""
    return account.viewer.single(GROUP, objects.add(account, GROUP, asked))


def update(account: Account, asked: Arguments) -> SingleView:
    """Rename a group."""
    if account.dialect.misprints:
        # The page prints `group[id]` with `projectsgroups[name]` (facts 8, slip 6); `group[name]` takes
        # precedence.
        both = {**asked.array("projectsgroups"), **asked.array(GROUP.name)}
        asked = attrs.evolve(asked, arguments={**asked.arguments, GROUP.name: both})
    _, after = objects.change(account, GROUP, asked)
    return account.viewer.single(GROUP, after)


def remove(account: Account, asked: Arguments) -> Response:
    """Remove a group; its projects stay, without one."""
    cascade(account.state, "group", str(objects.find_requested(account, GROUP, asked)["id"]))
    return {"status": True}


def get_by_id(account: Account, asked: Arguments) -> SingleView:
    """Show a group."""
    return account.viewer.single(GROUP, objects.find_requested(account, GROUP, asked))


def get_all(account: Account, asked: Arguments) -> Listed:
    """List every group."""
    every = account.state.groups.values()
    return account.viewer.page((account.viewer.item(GROUP, one) for one in every), len(every))
