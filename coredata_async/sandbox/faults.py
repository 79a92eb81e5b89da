"""What goes wrong, scripted by a test: which operation, which time, and how.

Operations: `spaces.list .get .projects`, `projects.list .get .create .update .delete .files .tasks .folders`,
`files.list .get .create .register .update .delete .content .replace`,
`tasks.list .get .create .update .delete`, `folders.list .get .create`,
`contacts.list .get .create .projects .files .tasks`, `users.list .get .me .recent`,
`comments.list .get .create`, `value_lists.list .get`, `dynatypes.list .get`, `blobs.reserve`,
`storage.put .get`, and `*` for all of them.
"""

import threading
from collections.abc import Mapping
from typing import Literal

from attrs import define, field

from coredata_async.sandbox import effect as effects
from coredata_async.sandbox.answer import Answer
from coredata_async.sandbox.effect import Effect

_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form></form></body></html>\n"


@define(eq=False)
class Fault:
    """One scripted mishap and how often it came to pass."""

    kind: str
    operation: str
    effect: Effect
    times: int | None = 1
    after: int = 0
    fired: int = 0
    _seen: int = 0

    def due(self, operation: str) -> bool:
        """Count a request, and tell whether it is this fault's turn."""
        if self.operation not in (operation, "*"):
            return False
        self._seen += 1
        return self._seen > self.after and (self.times is None or self.fired < self.times)


@define(eq=False)
class Lag:
    """How long a new File stays out of the lists, as on a service that indexes later (facts 6, trap 19)."""

    seconds: float
    requests: int
    kind: str = "listing_lag"
    operation: str = "files.list"
    fired: int = 0
    """In how many lists something was missing."""

    def hides(self, *, age: float, lists: int) -> bool:
        """Tell whether a File of this age, in seconds and in lists answered since, is not listed yet."""
        return age < self.seconds or lists < self.requests


@define(eq=False)
class Faults:
    """The script. Safe to change from another thread than the server's.

    Faults of one kind queue up: the first that is due strikes, the next waits for a later request.
    Faults of different kinds strike together. Every method takes `times` (None: always) and
    `after` (let that many matching requests pass first) and returns the `Fault`, whose `fired` counts.
    """

    lag: Lag | None = None
    _script: list[Fault] = field(factory=list[Fault])
    _lock: threading.Lock = field(factory=threading.Lock)

    def strike(self, operation: str) -> Effect:
        """Take what is due for one request."""
        if not self._script:
            return effects.NONE
        struck: dict[str, Effect] = {}
        with self._lock:
            for fault in self._script:
                if fault.due(operation) and fault.kind not in struck:
                    fault.fired += 1
                    struck[fault.kind] = fault.effect
        joined = effects.NONE
        for effect in struck.values():
            joined = joined.joined(effect)
        return joined

    def scripted(self) -> list[Fault | Lag]:
        """Return every fault with its count."""
        return [*self._script, *([self.lag] if self.lag else [])]

    def clear(self) -> None:
        """Forget the script; requests under way keep what struck them."""
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
        times: int | None = 1,
        after: int = 0,
    ) -> Fault:
        """Answer with this status instead of doing the work; `retry_after` in seconds or as an HTTP date.

        With `done` the work is done all the same, as behind a gateway that lost patience.
        """
        said = {"Content-Type": content_type, **(headers or {})}
        if retry_after is not None:
            said["Retry-After"] = str(retry_after)
        answer = Answer(code, said, body.encode() if isinstance(body, str) else body)
        return self._add("status", op, Effect(answer=answer, done=done), times, after)

    def html(self, op: str, *, times: int | None = 1, after: int = 0) -> Fault:
        """Answer 200 with a web page instead of doing the work, as a sign-in page or a proxy would."""
        page = Answer(200, {"Content-Type": "text/html; charset=utf-8"}, _PAGE)
        return self._add("html", op, Effect(answer=page), times, after)

    def delay(self, op: str, seconds: float, *, times: int | None = 1, after: int = 0) -> Fault:
        """Wait before doing anything."""
        return self._add("delay", op, Effect(delay=seconds), times, after)

    def reset_before(self, op: str, *, times: int | None = 1, after: int = 0) -> Fault:
        """Reset the connection (TCP RST) before any work."""
        return self._add("reset_before", op, Effect(reset_before=True), times, after)

    def reset_after(self, op: str, *, times: int | None = 1, after: int = 0) -> Fault:
        """Do the work, then reset the connection: the lost answer."""
        return self._add("reset_after", op, Effect(reset_after=True), times, after)

    def commit_late(self, op: str, seconds: float, *, times: int | None = 1, after: int = 0) -> Fault:
        """Read the request, reset the connection, and make the change only `seconds` later."""
        return self._add("commit_late", op, Effect(commit_late=seconds), times, after)

    def truncate(self, op: str, at: int, *, times: int | None = 1, after: int = 0) -> Fault:
        """End the connection when byte `at` of the answer's body is reached."""
        return self._add("truncate", op, Effect(truncate=at), times, after)

    def cut_upload(self, op: str, at: int, *, times: int | None = 1, after: int = 0) -> Fault:
        """Reset the connection after `at` bytes of the body (of the form's `content`) were read."""
        return self._add("cut_upload", op, Effect(cut_upload=at), times, after)

    def stall(self, op: str, at: int = 0, *, times: int | None = 1, after: int = 0) -> Fault:
        """Stop reading (no body: sending) at byte `at`, and keep the connection open."""
        return self._add("stall", op, Effect(stall=at), times, after)

    def slow(self, op: str, bytes_per_second: int, *, times: int | None = 1, after: int = 0) -> Fault:
        """Read and send at this pace."""
        return self._add("slow", op, Effect(rate=bytes_per_second), times, after)

    def corrupt(self, op: str, at: int = 0, *, times: int | None = 1, after: int = 0) -> Fault:
        """Flip the byte at this offset: what is stored (or, without a body, sent) is not what it was."""
        return self._add("corrupt", op, Effect(corrupt=at), times, after)

    def expire(self, op: str = "storage.put", *, times: int | None = 1, after: int = 0) -> Fault:
        """Treat the signed URL as expired."""
        return self._add("expire", op, Effect(expired=True), times, after)

    def wrong_digest(self, op: str, *, times: int | None = 1, after: int = 0) -> Fault:
        """Report another MD5 than the true one: in the ETag, the field `digest`, or the digest header."""
        return self._add("wrong_digest", op, Effect(wrong_digest=True), times, after)

    def hide(self, op: str, *fields: str, null: bool = False, times: int | None = 1, after: int = 0) -> Fault:
        """Leave fields out of the documents answered, or show them as null, as old samples do (facts 4.2)."""
        effect = Effect(nulled=fields) if null else Effect(hidden=fields)
        return self._add("hide", op, effect, times, after)

    def lying_next(
        self,
        op: str,
        mode: Literal["always", "never", "same"] = "always",
        *,
        times: int | None = 1,
        after: int = 0,
    ) -> Fault:
        """Let `meta.next` lie: always there, never there, or naming the page it is on (facts 3.3)."""
        return self._add("lying_next", op, Effect(lying_next=mode), times, after)

    def broken_json(self, op: str, *, times: int | None = 1, after: int = 0) -> Fault:
        """Do the work and answer with half of the JSON document, complete as HTTP."""
        return self._add("broken_json", op, Effect(broken_json=True), times, after)

    def listing_lag(self, *, seconds: float = 0.0, requests: int = 0) -> Lag:
        """Keep a new File out of every list for so long, or for so many lists; until cleared.

        A write with `?sync=true` waits for the index: its File is listed at once (facts 2.11).
        """
        self.lag = Lag(seconds, requests)
        return self.lag

    def _add(self, kind: str, op: str, effect: Effect, times: int | None, after: int) -> Fault:
        fault = Fault(kind, op, effect, times, after)
        with self._lock:
            self._script.append(fault)
        return fault
