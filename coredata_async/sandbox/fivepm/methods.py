"""The 36 methods as one table, and the processing of one request of them."""

from collections.abc import Awaitable, Callable, Iterable

from attrs import frozen

from coredata_async.sandbox.answer import NOT_FOUND as NOT_SERVED
from coredata_async.sandbox.answer import Answer, empty
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.fivepm import activity, parsing, responses, services
from coredata_async.sandbox.fivepm.account import Account, admit, get_authorized_user, sign_in, sign_out
from coredata_async.sandbox.fivepm.fields import ACTIVITY, FILE, GROUP, PROJECT, TASK, USER, text
from coredata_async.sandbox.fivepm.parsing import NOT_FOUND, Arguments, Refusal
from coredata_async.sandbox.fivepm.responses import Response
from coredata_async.sandbox.fivepm.services import Work, list_all, remove, show
from coredata_async.sandbox.service import Route, Service

ROOT = "/api/v2/service"
_OPEN = frozenset(("signIn", "signOut"))
_EITHER = frozenset(("removeFile", "downloadFile"))
"""Printed with both verbs: the dialect decides which of them work."""
_MISPRINTED = frozenset(("getById", "getAll", "getList"))
"""Printed with GET and `/post/` for projects."""


@frozen
class Method:
    """One row: the verb is in the path, too."""

    verb: str
    service: str
    name: str
    work: Work

    @property
    def operation(self) -> str:
        """Name of the operation in faults."""
        return f"5pm.{self.service}.{self.name}"


METHODS = (
    Method("get", "authentication", "signIn", sign_in),
    Method("get", "authentication", "signOut", sign_out),
    Method("get", "authentication", "getAuthorizedUser", get_authorized_user),
    Method("get", "metainfo", "getStatuses", services.get_statuses),
    Method("get", "metainfo", "getPriorities", services.get_priorities),
    Method("post", "projects", "add", services.add_project),
    Method("post", "projects", "update", services.update_project),
    Method("post", "projects", "remove", remove(PROJECT)),
    Method("get", "projects", "getById", show(PROJECT)),
    Method("get", "projects", "getAll", list_all(PROJECT)),
    Method("get", "projects", "getList", services.list_projects),
    Method("post", "tasks", "add", services.add_task),
    Method("post", "tasks", "update", services.update_task),
    Method("post", "tasks", "remove", remove(TASK)),
    Method("get", "tasks", "getById", services.show_task),
    Method("get", "tasks", "getList", services.list_tasks),
    Method("post", "users", "add", services.add_user),
    Method("post", "users", "update", services.update_user),
    Method("post", "users", "remove", remove(USER)),
    # The page prints the path of a task for this one.
    Method("get", "users", "getById", show(USER)),
    Method("get", "users", "getByEmail", services.show_user_by_email),
    Method("get", "users", "getAll", list_all(USER)),
    Method("post", "activity", "add", activity.add),
    Method("post", "activity", "update", activity.update),
    Method("post", "activity", "remove", remove(ACTIVITY)),
    Method("get", "activity", "getById", activity.get_by_id),
    Method("get", "activity", "getList", activity.get_list),
    Method("post", "activity", "attachFiles", activity.attach_files),
    Method("get", "activity", "getFilesList", activity.get_files_list),
    Method("post", "activity", "removeFile", remove(FILE)),
    Method("post", "activity", "downloadFile", activity.download_file),
    Method("post", "projectsgroups", "add", services.add_group),
    Method("post", "projectsgroups", "update", services.update_group),
    Method("post", "projectsgroups", "remove", remove(GROUP)),
    Method("get", "projectsgroups", "getById", show(GROUP)),
    Method("get", "projectsgroups", "getAll", list_all(GROUP)),
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
            query, body = await parsing.read(call, misprints=dialect.misprints)
            account.state.calls.append(parsing.log_entry(call, query, body))
            given = parsing.merge(query, body)
            form = responses.form(dialect, text(given, "retType"))
            result = await _handle(account, method, call, given)
        except Refusal as refusal:
            return responses.failure(refusal, dialect, form)
        return responses.success(result, dialect, form, call.effect)

    return handler


async def _handle(account: Account, method: Method, call: Call, given: parsing.Array) -> Response:
    user = "" if method.name in _OPEN else admit(account, given)
    if method.verb == "post" and method.name != "downloadFile":
        await call.commit()
    try:
        return method.work(account, Arguments(operation=call.operation, arguments=given, user=user))
    except Refusal as refusal:
        looked_up = method.name in ("getById", "getByEmail")
        if looked_up and refusal.status == NOT_FOUND and account.dialect.missing == "empty":
            return {}
        raise
