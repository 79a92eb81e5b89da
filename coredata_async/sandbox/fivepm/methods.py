"""The 36 methods as one table (facts 3), and the processing of one request of them."""

from collections.abc import Awaitable, Callable, Iterable

from attrs import frozen

from coredata_async.sandbox.answer import NOT_FOUND as NOT_SERVED
from coredata_async.sandbox.answer import Answer, empty
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.fivepm import (
    activity,
    arguments,
    authentication,
    files,
    groups,
    metainfo,
    php,
    projects,
    responses,
    tasks,
    users,
)
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.arguments import Arguments
from coredata_async.sandbox.fivepm.errors import NOT_FOUND, Refusal
from coredata_async.sandbox.fivepm.responses import Response
from coredata_async.sandbox.fivepm.values import text
from coredata_async.sandbox.route import Route
from coredata_async.sandbox.service import Service

ROOT = "/api/v2/service"
_OPEN = frozenset(("signIn", "signOut"))
_EITHER = frozenset(("removeFile", "downloadFile"))
"""Printed with both verbs (facts 8.3, 8.4): the dialect decides which of them work."""
_MISPRINTED = frozenset(("getById", "getAll", "getList"))
"""Printed with GET and `/post/` for projects (facts 8.1)."""


@frozen
class Method:
    """One row: the verb is in the path, too."""

    verb: str
    service: str
    name: str
    work: Callable[[Account, Arguments], Response]

    @property
    def operation(self) -> str:
        """Name of the operation in faults."""
        return f"5pm.{self.service}.{self.name}"


METHODS = (
    Method("get", "authentication", "signIn", authentication.sign_in),
    Method("get", "authentication", "signOut", authentication.sign_out),
    Method("get", "authentication", "getAuthorizedUser", authentication.get_authorized_user),
    Method("get", "metainfo", "getStatuses", metainfo.get_statuses),
    Method("get", "metainfo", "getPriorities", metainfo.get_priorities),
    Method("post", "projects", "add", projects.add),
    Method("post", "projects", "update", projects.update),
    Method("post", "projects", "remove", projects.remove),
    Method("get", "projects", "getById", projects.get_by_id),
    Method("get", "projects", "getAll", projects.get_all),
    Method("get", "projects", "getList", projects.get_list),
    Method("post", "tasks", "add", tasks.add),
    Method("post", "tasks", "update", tasks.update),
    Method("post", "tasks", "remove", tasks.remove),
    Method("get", "tasks", "getById", tasks.get_by_id),
    Method("get", "tasks", "getList", tasks.get_list),
    Method("post", "users", "add", users.add),
    Method("post", "users", "update", users.update),
    Method("post", "users", "remove", users.remove),
    Method("get", "users", "getById", users.get_by_id),
    Method("get", "users", "getByEmail", users.get_by_email),
    Method("get", "users", "getAll", users.get_all),
    Method("post", "activity", "add", activity.add),
    Method("post", "activity", "update", activity.update),
    Method("post", "activity", "remove", activity.remove),
    Method("get", "activity", "getById", activity.get_by_id),
    Method("get", "activity", "getList", activity.get_list),
    Method("post", "activity", "attachFiles", files.attach_files),
    Method("get", "activity", "getFilesList", files.get_files_list),
    Method("post", "activity", "removeFile", files.remove_file),
    Method("post", "activity", "downloadFile", files.download_file),
    Method("post", "projectsgroups", "add", groups.add),
    Method("post", "projectsgroups", "update", groups.update),
    Method("post", "projectsgroups", "remove", groups.remove),
    Method("get", "projectsgroups", "getById", groups.get_by_id),
    Method("get", "projectsgroups", "getAll", groups.get_all),
)


def routes(account: Account) -> Iterable[Route]:
    """Yield the routes of an account; authentication happens per call, because credentials are arguments."""
    for method in METHODS:
        for verb, segment in _verbs(method):
            path = f"{ROOT}/{segment}/{method.service}/{method.name}"
            handler = _handler(account, method, segment)
            yield Route(verb.upper(), path, method.operation, handler, auth="none")


def _verbs(method: Method) -> Iterable[tuple[str, str]]:
    """Yield each verb with the segment of the path that repeats it, also where the page misprints it."""
    yield method.verb, method.verb
    if method.name in _EITHER:
        # "[POST]" stands above an example with `/get/`, so a reader may send either there.
        yield "get", "get"
        yield "post", "get"
    if method.service == "projects" and method.name in _MISPRINTED:
        yield "get", "post"


def _handler(account: Account, method: Method, segment: str) -> Callable[[Service, Call], Awaitable[Answer]]:
    async def handler(service: Service, call: Call) -> Answer:
        dialect = account.dialect
        if method.name in _EITHER and dialect.file_verb not in ("both", segment):
            return empty(dialect.wrong_verb)
        if method.name in _MISPRINTED and segment != method.verb and not dialect.misprints:
            return NOT_SERVED
        form = responses.form(dialect, call.query.get("retType", ""))
        try:
            query, body = await arguments.read(call, misprints=dialect.misprints)
            account.state.calls.append(arguments.log_entry(call, query, body))
            given = php.merge(query, body)
            form = responses.form(dialect, text(given, "retType"))
            said = await _handle(account, method, call, given)
        except Refusal as refusal:
            return responses.failure(refusal, dialect, form)
        return responses.success(said, dialect, form, call.effect)

    return handler


async def _handle(account: Account, method: Method, call: Call, given: php.Array) -> Response:
    user = "" if method.name in _OPEN else authentication.admit(account, given)
    if method.verb == "post" and method.name != "downloadFile":
        await call.commit()
    try:
        return method.work(account, Arguments(operation=call.operation, arguments=given, user=user))
    except Refusal as refusal:
        looked_up = method.name in ("getById", "getByEmail")
        if looked_up and refusal.status == NOT_FOUND and account.dialect.missing == "empty":
            return {}
        raise
