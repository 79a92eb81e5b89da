"""The bytes of a File in order, each once, taken up again where a connection broke off."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing

from attrs import define, field

from coredata_async.errors import APIConnectionError, ChecksumMismatchError, StorageError
from coredata_async.message import Reply
from coredata_async.storage.bodies import Digest
from coredata_async.transfer.fetch import Fetcher, Wanted
from coredata_async.transfer.ranges import Arrival, Span, arrival


async def closed(reply: Reply) -> None:
    """Let go of a reply's connection."""
    if reply.content is not None:
        await reply.content.aclose()


async def blocks(
    fetcher: Fetcher, wanted: Wanted, reply: Reply, done: int = 0
) -> AsyncGenerator[bytes, None]:
    """The wanted bytes after the first `done`.

    A connection that breaks is taken up again by Range; it may break any number of times, but not
    `Retry.attempts` times in a row without a byte of progress.

    Raises:
        StorageError: It broke too often, or the content changed meanwhile.
    """
    start, failures = arrival(reply), 0
    while True:
        had = done
        try:
            async with aclosing(_part(reply, wanted.span, done)) as part:
                async for block in part:
                    done += len(block)
                    yield block
            if _complete(wanted.span, start, done):
                return
            why = "it ended too early"
        except APIConnectionError as exc:
            why = str(exc)
        failures = 1 if done > had else failures + 1
        wait = fetcher.policy.wait(failures, jitter=fetcher.jitter())
        if wait is None:
            raise StorageError(
                f"the download of File {wanted.file_id} broke off after {done} bytes: {why}",
                stage="get",
                sent=done,
                total=start.total,
            )
        await fetcher.sleep(wait)
        reply = await fetcher.open(wanted, done)
        if arrival(reply).etag != start.etag:
            await closed(reply)
            raise StorageError(
                f"the content of File {wanted.file_id} changed while it was downloaded; start again",
                stage="get",
                sent=done,
            )


@define
class Begun:
    """What has come before: how many bytes, and their digest so far."""

    digest: Digest = field(factory=lambda: hashlib.md5(usedforsecurity=False))
    count: int = 0


async def checked(
    source: AsyncGenerator[bytes, None], expected: str | None, begun: Begun
) -> AsyncGenerator[bytes, None]:
    """The same bytes, with an error at the end if they are not those that were stored."""
    async with aclosing(source):
        async for block in source:
            begun.digest.update(block)  # what arrives at once is little: 0.3 ms at most
            begun.count += len(block)
            yield block
    actual = begun.digest.hexdigest()
    if expected is not None and actual != expected:
        raise ChecksumMismatchError(
            f"the bytes that came are not those that were stored (MD5 {actual}, not {expected}); "
            "download it again",
            stage="get",
            expected=expected,
            actual=actual,
            sent=begun.count,
        )


async def _part(reply: Reply, span: Span, done: int) -> AsyncGenerator[bytes, None]:
    """What one answer holds of the wanted bytes after the first `done`."""
    skip = span.offset + done - arrival(reply).first
    left = None if span.length is None else span.length - done
    try:
        if skip < 0:
            raise StorageError("the storage answered with another range than was asked for", stage="get")
        if reply.content is None:
            raise StorageError("the answer holds no content", stage="get")
        async for block in reply.content:
            fresh = block[skip:] if skip else block
            skip = max(0, skip - len(block))
            if left is not None:
                fresh = fresh[:left]
                left -= len(fresh)
            if fresh:
                yield fresh
            if left == 0:
                return
    finally:
        await closed(reply)


def _complete(span: Span, start: Arrival, done: int) -> bool:
    """Whether that is all; what nobody announced cannot be missed."""
    if start.total is None:
        return span.length is None or done == span.length
    there = max(0, start.total - span.offset)
    return done >= (there if span.length is None else min(there, span.length))
