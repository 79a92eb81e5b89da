"""Effects of faults on a finished response."""

import json
from collections.abc import Iterable
from typing import cast

import attrs

from coredata_async.sandbox import listing
from coredata_async.sandbox.answer import Answer
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.faults.effect import FALSE_MD5, Effect


def apply_faults(call: Call, answer: Answer) -> Answer:
    """Return the response with the effects of the faults; most effects act elsewhere and do not change it."""
    effect = call.effect
    changes = effect.wrong_digest or effect.hidden or effect.nulled or effect.hidden_objects
    wants = changes or effect.lying_next or effect.broken_json
    if not wants or not isinstance(answer.body, bytes) or not _is_json(answer):
        return answer
    value = cast("dict[str, object]", json.loads(answer.body))
    if effect.hidden_objects and "objects" in value:
        value["objects"] = [each for each in _documents(value) if not _is_hidden(effect, each)]
    for document in _documents(value):
        _disguise(effect, document)
    if effect.lying_next and "meta" in value:
        _mislead(call, effect.lying_next, cast("dict[str, object]", value["meta"]))
    body = json.dumps(value).encode()
    return attrs.evolve(answer, body=body[: len(body) // 2] if effect.broken_json else body)


def _is_json(answer: Answer) -> bool:
    return answer.headers.get("Content-Type") == "application/json" and bool(answer.body)


def _documents(value: dict[str, object]) -> Iterable[dict[str, object]]:
    """Return the documents of a list, or the single document."""
    return cast("list[dict[str, object]]", value.get("objects", [value]))


def _is_hidden(effect: Effect, document: dict[str, object]) -> bool:
    return document.get("id") in effect.hidden_objects or document.get("title") in effect.hidden_objects


def _disguise(effect: Effect, document: dict[str, object]) -> None:
    if effect.wrong_digest and "digest" in document:
        document["digest"] = FALSE_MD5
    for name in effect.hidden:
        document.pop(name, None)
    for name in effect.nulled:
        document[name] = None


def _mislead(call: Call, mode: str, meta: dict[str, object]) -> None:
    limit, offset = cast("int", meta["limit"]), cast("int", meta["offset"])
    following = {"always": offset + limit, "same": offset}.get(mode)
    meta["next"] = listing.at(call.path, call.query, limit, following)
