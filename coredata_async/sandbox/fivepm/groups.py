"""The service `projectsgroups` (facts 3.7)."""

import attrs

from coredata_async.sandbox.fivepm import objects
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.arguments import Asked
from coredata_async.sandbox.fivepm.cascade import remove as cascade
from coredata_async.sandbox.fivepm.fields import GROUP
from coredata_async.sandbox.fivepm.shown import Listed, Single
from coredata_async.sandbox.fivepm.speech import Said


def add(account: Account, asked: Asked) -> Single:
    """Make a group."""
    return account.viewer.single(GROUP, objects.added(account, GROUP, asked))


def update(account: Account, asked: Asked) -> Single:
    """Rename a group."""
    if account.dialect.misprints:
        # The page prints `group[id]` with `projectsgroups[name]` (facts 8, slip 6); `group[name]` wins.
        both = {**asked.array("projectsgroups"), **asked.array(GROUP.name)}
        asked = attrs.evolve(asked, arguments={**asked.arguments, GROUP.name: both})
    _, after = objects.changed(account, GROUP, asked)
    return account.viewer.single(GROUP, after)


def remove(account: Account, asked: Asked) -> Said:
    """Remove a group; its projects stay, without one."""
    cascade(account.state, "group", str(objects.wanted(account, GROUP, asked)["id"]))
    return {"status": True}


def get_by_id(account: Account, asked: Asked) -> Single:
    """Show a group."""
    return account.viewer.single(GROUP, objects.wanted(account, GROUP, asked))


def get_all(account: Account, asked: Asked) -> Listed:
    """List every group."""
    every = account.state.groups.values()
    return account.viewer.page((account.viewer.item(GROUP, one) for one in every), len(every))
