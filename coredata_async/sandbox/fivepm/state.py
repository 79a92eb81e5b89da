"""State of this 5pm: every object by its id, every file's bytes, every e-mail and every request."""

import itertools
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from attrs import define, field, frozen

from coredata_async.sandbox.fivepm.fields import DONE, ON_HOLD, OPEN, Noun, Record, Value
from coredata_async.sandbox.fivepm.parsing import ReceivedCall

Records = dict[str, Record]
_LOG = 100_000


@frozen(kw_only=True)
class Email:
    """E-mail that a notify flag would have sent."""

    flag: str
    noun: str
    id: str
    to: tuple[str, ...]
    """Addresses, without that of the user who set the flag."""


def _statuses() -> list[Record]:
    rows = (
        (OPEN, "Open", "open", False),
        (ON_HOLD, "On hold", "onhold", False),
        (DONE, "Done", "done", True),
    )
    return [
        dict(zip(("id", "name", "alias", "is_final"), (str(row[0]), *row[1:]), strict=True)) for row in rows
    ]


def _priorities() -> list[Record]:
    names = ("Low", "Normal", "High", "Urgent")
    return [{"id": str(n), "name": name, "default": n == 2} for n, name in enumerate(names, 1)]  # noqa: PLR2004


@define(eq=False, repr=False)
class State:
    """Objects by kind and id, under the names and in the types of Python; a test may change any of it."""

    clock: Callable[[], float]
    projects: Records = field(factory=Records)
    tasks: Records = field(factory=Records)
    users: Records = field(factory=Records)
    activity: Records = field(factory=Records)
    files: Records = field(factory=Records)
    groups: Records = field(factory=Records)
    statuses: list[Record] = field(factory=_statuses)
    priorities: list[Record] = field(factory=_priorities)
    contents: dict[str, bytes] = field(factory=dict[str, bytes])
    """Bytes of each file."""
    emails: list[Email] = field(factory=list[Email])
    calls: deque[ReceivedCall] = field(factory=lambda: deque[ReceivedCall](maxlen=_LOG))
    _used: Counter[str] = field(factory=Counter[str])

    @property
    def now(self) -> datetime:
        """Account's local time: naive, and cut to the second."""
        return datetime.fromtimestamp(int(self.clock()), UTC).replace(tzinfo=None)

    @property
    def final(self) -> frozenset[str]:
        """Statuses of inactive objects."""
        return frozenset(str(one["id"]) for one in self.statuses if one["is_final"])

    def choices(self, noun: Noun) -> Mapping[str, frozenset[Value]]:
        """Return the valid values of the attributes whose values the account sets: status and priority."""
        rows = {"status": self.statuses, "priority": self.priorities}
        return {
            name: frozenset(int(str(row["id"])) for row in known)
            for name, known in rows.items()
            if name in noun.fields
        }

    def of(self, noun: str) -> Records:
        """Return every object of a kind."""
        kept: Mapping[str, Records] = {
            "project": self.projects,
            "task": self.tasks,
            "user": self.users,
            "activity": self.activity,
            "file": self.files,
            "group": self.groups,
        }
        return kept[noun]

    def add(self, noun: Noun, record: Record) -> Record:
        """Store a new object under the next id; each kind counts from 1, so an id names several objects."""
        kept = self.of(noun.name)
        self._used[noun.name] = number = next(
            n for n in itertools.count(self._used[noun.name] + 1) if str(n) not in kept
        )
        made: Record = {"id": str(number), **record}
        kept[str(number)] = made
        return made

    def change(self, noun: Noun, identifier: str, changes: Record) -> Record:
        """Replace an object by a changed one."""
        kept = self.of(noun.name)
        seen: Record = {"updatedAt": self.now} if "updatedAt" in noun.given else {}
        kept[identifier] = {**kept[identifier], **changes, **seen}
        return kept[identifier]
