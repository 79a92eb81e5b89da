"""Service `projects` (facts 3.3)."""

from coredata_async.sandbox.fivepm import filters, objects
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.arguments import Arguments
from coredata_async.sandbox.fivepm.cascade import remove as cascade
from coredata_async.sandbox.fivepm.fields import PROJECT
from coredata_async.sandbox.fivepm.notices import notify
from coredata_async.sandbox.fivepm.pages import page
from coredata_async.sandbox.fivepm.rendering import Listed, SingleView
from coredata_async.sandbox.fivepm.responses import Response
from coredata_async.sandbox.fivepm.values import flag


def add(account: Account, asked: Arguments) -> SingleView:
    """Create a project."""
    made = objects.add(account, PROJECT, asked)
    notify(account, PROJECT, asked, made)
    return account.viewer.single(PROJECT, made)


def update(account: Account, asked: Arguments) -> SingleView:
    """Change a project."""
    _, after = objects.change(account, PROJECT, asked)
    notify(account, PROJECT, asked, after)
    return account.viewer.single(PROJECT, after)


def remove(account: Account, asked: Arguments) -> Response:
    """Remove a project with all its tasks, activities and files."""
    cascade(account.state, "project", str(objects.find_requested(account, PROJECT, asked)["id"]))
    return {"status": True}


def get_by_id(account: Account, asked: Arguments) -> SingleView:
    """Show a project, with its team."""
    return account.viewer.single(PROJECT, objects.find_requested(account, PROJECT, asked))


def get_all(account: Account, asked: Arguments) -> Listed:
    """List every project, without teams."""
    every = account.state.projects.values()
    return account.viewer.page((account.viewer.item(PROJECT, one, team=False) for one in every), len(every))


def get_list(account: Account, asked: Arguments) -> Listed:
    """List projects page by page, with teams if `loadTeam` is set."""
    state, team = account.state, flag(asked.arguments, "loadTeam")
    every = filters.filter_records(state, state.projects.values(), filters.PROJECTS, asked.array("filter"))
    shown = page(every, asked.arguments, account.dialect)
    return account.viewer.page((account.viewer.item(PROJECT, one, team=team) for one in shown), len(every))
