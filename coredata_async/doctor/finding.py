"""Questions and answers of the doctor, as values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Generic, TypeVar

from attrs import frozen

from coredata_async.errors import CoreDataError

T = TypeVar("T")


class Level(StrEnum):
    """Consequence of an answer for an upload."""

    OK = "ok"
    """As it should be."""
    NOTE = "note"
    """Good to know; uploads cope with it."""
    RISK = "risk"
    """Something will fail, take long, or remain unresolved."""
    UNKNOWN = "unknown"
    """It could not be found out."""


@frozen
class Answer:
    """Answer to a question."""

    level: Level
    answer: str
    """Answer in a few words."""
    detail: str = ""
    """Consequence for uploads."""


@frozen(kw_only=True)
class Finding:
    """A question about this server, and its answer. Contains neither a key nor a signed URL."""

    name: str
    question: str
    answer: str
    detail: str
    level: Level


@frozen
class Question(Generic[T]):
    """One thing to find out."""

    name: str
    text: str
    ask: Callable[[T], Awaitable[Answer]]
    vital: bool = False
    """True if a risk here makes all further questions impossible."""


def ok(answer: str, detail: str = "") -> Answer:
    """Return an answer of level OK."""
    return Answer(Level.OK, answer, detail)


def note(answer: str, detail: str = "") -> Answer:
    """Return an answer of level NOTE."""
    return Answer(Level.NOTE, answer, detail)


def risk(answer: str, detail: str = "") -> Answer:
    """Return an answer of level RISK."""
    return Answer(Level.RISK, answer, detail)


def unknown(answer: str, detail: str = "") -> Answer:
    """Return an answer of level UNKNOWN."""
    return Answer(Level.UNKNOWN, answer, detail)


async def ask(question: Question[T], to: T) -> Finding:
    """Ask one question. A failure to ask is an answer, too, unless the question is vital.

    Raises:
        CoreDataError: If a vital question could not be asked.
    """
    try:
        found = await question.ask(to)
    except (CoreDataError, ValueError) as exc:  # a server may send anything, even invalid JSON
        if question.vital:
            raise
        found = unknown("not known", f"It could not be asked: {exc}")
    return Finding(
        name=question.name,
        question=question.text,
        answer=found.answer,
        detail=found.detail,
        level=found.level,
    )
