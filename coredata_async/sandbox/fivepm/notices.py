"""E-mails that notify flags would have sent (facts 11)."""

from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.arguments import Arguments
from coredata_async.sandbox.fivepm.fields import CLIENT, Noun, Record
from coredata_async.sandbox.fivepm.state import Email, State
from coredata_async.sandbox.fivepm.values import accept_fields

_FLAGS = ("notifyProjectTeam", "notifyTaskTeam", "notifyClient")


def notify(account: Account, noun: Noun, asked: Arguments, record: Record) -> None:
    """Send an e-mail for each flag in this request; a stored flag sends nothing."""
    given = accept_fields(noun, asked.array(noun.name))
    for flag in _FLAGS:
        if given.get(flag):
            to = _addresses(account.state, flag, noun, record, asked.user)
            account.state.emails.append(Email(flag=flag, noun=noun.name, id=str(record["id"]), to=to))


def _addresses(state: State, flag: str, noun: Noun, record: Record, sender: str) -> tuple[str, ...]:
    task = record if noun.name == "task" else state.tasks.get(str(record.get("taskId")), {})
    project_id = task.get("projectId") or record.get("projectId")
    project = record if noun.name == "project" else state.projects.get(str(project_id), {})
    team = (task if flag == "notifyTaskTeam" else project).get("team")
    people = [state.users[one] for one in team if one in state.users] if isinstance(team, tuple) else []
    # Clients are assigned to projects, and are notified by their own flag only (facts 5).
    clients = flag == "notifyClient"
    return tuple(
        str(one["email"])
        for one in people
        if one["id"] != sender and (one["securityLevel"] == CLIENT) == clients
    )
