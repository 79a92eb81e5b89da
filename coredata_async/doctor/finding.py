"""What the doctor asks and answers, as values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Generic, TypeVar

from attrs import frozen

from coredata_async.errors import CoreDataError

T = TypeVar("T")


class Level(StrEnum):
    """What an answer means for an upload."""

    OK = "ok"
    """As one would wish."""
    NOTE = "note"
    """Good to know; it is coped with."""
    RISK = "risk"
    """Something will fail, take long, or end up unresolved."""
    UNKNOWN = "unknown"
    """It could not be found out."""


@frozen
class Answer:
    """What was found out."""

    level: Level
    answer: str
    """In a few words."""
    detail: str = ""
    """What it means for the user of the uploader."""


@frozen(kw_only=True)
class Finding:
    """One question about this server, and its answer. It holds no key and no signed URL."""

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
    """Whether nothing further can be asked if the answer is a risk."""


def ok(answer: str, detail: str = "") -> Answer:
    """As one would wish."""
    return Answer(Level.OK, answer, detail)


def note(answer: str, detail: str = "") -> Answer:
    """Good to know."""
    return Answer(Level.NOTE, answer, detail)


def risk(answer: str, detail: str = "") -> Answer:
    """Something will fail, take long, or end up unresolved."""
    return Answer(Level.RISK, answer, detail)


def unknown(answer: str, detail: str = "") -> Answer:
    """It could not be found out."""
    return Answer(Level.UNKNOWN, answer, detail)


async def ask(question: Question[T], to: T) -> Finding:
    """Ask one question. That it could not be asked is an answer, too, unless it is vital.

    Raises:
        CoreDataError: A vital question could not be asked.
    """
    try:
        found = await question.ask(to)
    except (CoreDataError, ValueError) as exc:  # what a server says may be anything, also no JSON
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
