"""Faults scripted by a test: operation, schedule, and effect on one request.

Operations: `spaces.list .get .projects`, `projects.list .get .create .update .delete .files .tasks .folders`,
`files.list .get .create .register .update .delete .content .replace`, `tasks.list .get .create .update
.delete`, `folders.list .get .create`, `contacts.list .get .create .projects .files .tasks`, `users.list .get
.me .recent`, `comments.list .get .create`, `value_lists.list .get`, `dynatypes.list .get`, `blobs.reserve`,
`storage.put .get`, those of 5pm under the service's own names (`5pm.projects.add`,
`5pm.authentication.signIn`, `5pm.activity.attachFiles` …), and `*` for all of them.

Over HTTP: `POST /sandbox/faults`, see `control.py`.
"""

import threading
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Literal, TypedDict, Unpack

import attrs
from attrs import define, field, frozen

from coredata_async.sandbox.answer import Answer

_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form></form></body></html>\n"
FALSE_MD5 = "0" * 32
"""MD5 that `wrong_digest` reports."""


@frozen(kw_only=True)
class Effect:
    """Effects of all faults on one request; a field at its default has none."""

    delay: float = 0.0
    """Seconds to wait before anything else."""
    answer: Answer | None = None
    """Response sent instead of running the handler; with `done`, after running it."""
    done: bool = False
    """True to run the handler and discard its response."""
    reset_before: bool = False
    reset_after: bool = False
    commit_late: float | None = None
    """Break off at the moment of the change, and make the change this many seconds later."""
    cut_upload: int | None = None
    """Break off after this many bytes of the request's body."""
    truncate: int | None = None
    """End the connection after this many bytes of the answer's body."""
    stall: int | None = None
    """Stop at this byte: of the request's body if there is one, else of the response's."""
    rate: int | None = None
    """Bytes per second, in both directions."""
    corrupt: int | None = None
    """Flip the byte at this offset: of the request's body if there is one, else of the response's."""
    expired: bool = False
    wrong_digest: bool = False
    hidden: tuple[str, ...] = ()
    """Fields omitted from documents."""
    nulled: tuple[str, ...] = ()
    """Fields shown as null."""
    lying_next: str | None = None
    hidden_objects: tuple[str, ...] = ()
    """Ids or titles of objects omitted from lists."""
    ignores_offset: bool = False
    broken_json: bool = False

    def merge(self, other: "Effect") -> "Effect":
        """Return both effects combined; the other takes precedence."""
        changes = attrs.asdict(other, recurse=False, filter=lambda rule, value: bool(value != rule.default))
        return attrs.evolve(self, **changes)


NONE = Effect()


class When(TypedDict, total=False):
    """Schedule of a fault; by default, it applies to the first matching request only."""

    times: int | None
    """Maximum number of times; None: unlimited."""
    after: int
    """Number of matching requests that pass first."""
    every: int | None
    """Of the remaining requests, each n-th:

    `every=3` applies to the 3rd, the 6th … (`times=None` to continue).
    """


@define(eq=False)
class Fault:
    """Scripted fault, and the number of times that it fired."""

    kind: str
    operation: str
    effect: Effect
    times: int | None = 1
    after: int = 0
    every: int | None = None
    fired: int = field(default=0, init=False)
    _seen: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        # A value sent over HTTP may have any type: comparing raises now for a value that is not a number.
        if (self.times or 0) < 0 or self.after < 0 or (self.every is not None and self.every < 1):
            raise ValueError("times and after must be 0 or more, and every 1 or more")

    def due(self, operation: str) -> bool:
        """Count a request, and return whether the fault applies to it."""
        if self.operation not in (operation, "*"):
            return False
        self._seen += 1
        turn = self._seen - self.after
        if turn < 1 or (self.times is not None and self.fired >= self.times):
            return False
        return self.every is None or turn % self.every == 0


@define(eq=False)
class Lag:
    """Time for which a new File is missing from lists, as if it were indexed later."""

    seconds: float
    requests: int
    kind: str = "listing_lag"
    operation: str = "files.list"
    fired: int = 0
    """Number of lists from which a File was missing."""

    def hides(self, *, age: float, lists: int) -> bool:
        """Return whether a File of this age, in seconds and in lists answered since, is not listed yet."""
        return age < self.seconds or lists < self.requests


@define(eq=False)
class Faults:
    """Script of faults. Safe to change from another thread than the server's.

    Faults of one kind form a queue: the first that is due applies, the next waits for a later request.
    Faults of different kinds apply together. Every method takes `times` (None: always), `after` (let
    that many matching requests pass first) and `every` (apply to each n-th of the rest, always the same
    ones) and returns the `Fault`, whose `fired` counts. An operation that the sandbox does not have is a
    `ValueError`, because the fault would never apply.
    """

    known: frozenset[str] = frozenset()
    """Operations of the sandbox; a fault for any other is refused. Empty: every name is accepted."""
    lag: Lag | None = None
    _script: list[Fault] = field(factory=list[Fault])
    _lock: threading.Lock = field(factory=threading.Lock)

    def trigger(self, operation: str) -> Effect:
        """Return the effects that are due for one request."""
        if not self._script:
            return NONE
        due: dict[str, Effect] = {}
        with self._lock:
            for fault in self._script:
                if fault.due(operation) and fault.kind not in due:
                    fault.fired += 1
                    due[fault.kind] = fault.effect
        joined = NONE
        for effect in due.values():
            joined = joined.merge(effect)
        return joined

    def list_all(self) -> list[Fault | Lag]:
        """Return every fault with its count."""
        return [*self._script, *([self.lag] if self.lag else [])]

    def clear(self) -> None:
        """Remove all faults; requests in flight keep their effects."""
        with self._lock:
            self._script.clear()
            self.lag = None

    def status(
        self,
        op: str,
        code: int,
        *,
        retry_after: float | str | None = None,
        body: bytes | str = b"",
        content_type: str = "text/html; charset=utf-8",
        headers: Mapping[str, str] | None = None,
        done: bool = False,
        **when: Unpack[When],
    ) -> Fault:
        """Send this status instead of running the handler; `retry_after` in seconds or as an HTTP date.

        With `done` the handler runs nevertheless, as behind a gateway with a timeout.
        """
        all_headers = {"Content-Type": content_type, **(headers or {})}
        if retry_after is not None:
            all_headers["Retry-After"] = str(retry_after)
        answer = Answer(code, all_headers, body.encode() if isinstance(body, str) else body)
        return self._add("status", op, Effect(answer=answer, done=done), **when)

    def html(self, op: str, **when: Unpack[When]) -> Fault:
        """Send 200 with a web page instead of running the handler, as a sign-in page or a proxy would."""
        page = Answer(200, {"Content-Type": "text/html; charset=utf-8"}, _PAGE)
        return self._add("html", op, Effect(answer=page), **when)

    def delay(self, op: str, seconds: float, **when: Unpack[When]) -> Fault:
        """Wait before doing anything."""
        return self._add("delay", op, Effect(delay=seconds), **when)

    def reset_before(self, op: str, **when: Unpack[When]) -> Fault:
        """Reset the connection (TCP RST) before any work."""
        return self._add("reset_before", op, Effect(reset_before=True), **when)

    def reset_after(self, op: str, **when: Unpack[When]) -> Fault:
        """Run the handler, then reset the connection: a lost response."""
        return self._add("reset_after", op, Effect(reset_after=True), **when)

    def commit_late(self, op: str, seconds: float, **when: Unpack[When]) -> Fault:
        """Read the request, reset the connection, and make the change only `seconds` later."""
        return self._add("commit_late", op, Effect(commit_late=seconds), **when)

    def truncate(self, op: str, at: int, **when: Unpack[When]) -> Fault:
        """End the connection at byte `at` of the response's body."""
        return self._add("truncate", op, Effect(truncate=at), **when)

    def cut_upload(self, op: str, at: int, **when: Unpack[When]) -> Fault:
        """Reset the connection after `at` bytes of the body (of the form's `content`) were read."""
        return self._add("cut_upload", op, Effect(cut_upload=at), **when)

    def stall(self, op: str, at: int = 0, **when: Unpack[When]) -> Fault:
        """Stop reading (without a body: sending) at byte `at`, and keep the connection open."""
        return self._add("stall", op, Effect(stall=at), **when)

    def slow(self, op: str, bytes_per_second: int, **when: Unpack[When]) -> Fault:
        """Read and send at this rate."""
        return self._add("slow", op, Effect(rate=bytes_per_second), **when)

    def corrupt(self, op: str, at: int = 0, **when: Unpack[When]) -> Fault:
        """Flip the byte at this offset of the stored bytes or, without a body, of the sent bytes."""
        return self._add("corrupt", op, Effect(corrupt=at), **when)

    def expire(self, op: str = "storage.put", **when: Unpack[When]) -> Fault:
        """Treat the signed URL as expired."""
        return self._add("expire", op, Effect(expired=True), **when)

    def wrong_digest(self, op: str, **when: Unpack[When]) -> Fault:
        """Report a wrong MD5: in the ETag, the field `digest`, or the digest header."""
        return self._add("wrong_digest", op, Effect(wrong_digest=True), **when)

    def hide(self, op: str, *fields: str, null: bool = False, **when: Unpack[When]) -> Fault:
        """Omit fields from the documents, or show them as null, as old samples do."""
        effect = Effect(nulled=fields) if null else Effect(hidden=fields)
        return self._add("hide", op, effect, **when)

    def lying_next(
        self,
        op: str,
        mode: Literal["always", "never", "same"] = "always",
        **when: Unpack[When],
    ) -> Fault:
        """Make `meta.next` wrong: always present, never present, or the page itself."""
        return self._add("lying_next", op, Effect(lying_next=mode), **when)

    def hide_objects(self, op: str, *names: str, **when: Unpack[When]) -> Fault:
        """Omit objects with these ids or titles from a list after the page is cut, as permissions may."""
        return self._add("hide_objects", op, Effect(hidden_objects=names), **when)

    def ignore_offset(self, op: str, **when: Unpack[When]) -> Fault:
        """Ignore the offset of a list: send the first page."""
        return self._add("ignore_offset", op, Effect(ignores_offset=True), **when)

    def broken_json(self, op: str, **when: Unpack[When]) -> Fault:
        """Run the handler and send half of the JSON document, complete as HTTP."""
        return self._add("broken_json", op, Effect(broken_json=True), **when)

    def listing_lag(self, *, seconds: float = 0.0, requests: int = 0) -> Lag:
        """Omit a new File from every list for this time, or for this number of lists; until cleared.

        A write with `?sync=true` waits for the index: its File is listed at once.
        """
        self.lag = Lag(seconds, requests)
        return self.lag

    def _add(self, kind: str, op: str, effect: Effect, **when: Unpack[When]) -> Fault:
        if op != "*" and self.known and op not in self.known:
            near = get_close_matches(op, self.known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(self.known))}"
            raise ValueError(f"faults.{kind}: operation {op!r} does not exist; {hint}")
        fault = Fault(kind, op, effect, **when)
        with self._lock:
            self._script.append(fault)
        return fault
