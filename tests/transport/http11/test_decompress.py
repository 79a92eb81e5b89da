"""Decompression of responses: in pieces, to the end, and an error without one."""

import gzip
import time
import tracemalloc
import zlib

import pytest

from coredata_async.transport.http11 import decompress as limits
from coredata_async.transport.http11.decompress import PIECE, decompress, decompressor
from coredata_async.transport.http11.errors import BrokenError, CutShortError, TooLargeError

TEXT = b"0123456789" * 1000


def raw_deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


PACKED = {
    "gzip": (gzip.compress(TEXT), "gzip"),
    "two members": (gzip.compress(TEXT[:5000]) + gzip.compress(TEXT[5000:]), "GZIP "),
    "deflate": (zlib.compress(TEXT), "deflate"),
    "deflate without its head": (raw_deflate(TEXT), "deflate"),
}


@pytest.mark.parametrize("more", range(0, 260, 3))
def test_a_body_that_ends_right_after_a_full_piece_is_whole(more: int) -> None:
    data = bytes(PIECE + more)
    engine = decompressor("deflate")
    assert engine is not None

    assert b"".join(engine.feed(raw_deflate(data))) == data
    engine.end()


@pytest.mark.parametrize(("data", "coding"), PACKED.values(), ids=PACKED.keys())
async def test_what_was_packed_comes_out_however_it_is_cut(data: bytes, coding: str) -> None:
    assert await decompress(data, coding, 200) == TEXT
    engine = decompressor(coding)
    assert engine is not None

    pieces = [piece for byte in data for piece in engine.feed(bytes([byte]))]
    engine.end()

    assert b"".join(pieces) == TEXT


@pytest.mark.parametrize(("data", "coding"), PACKED.values(), ids=PACKED.keys())
async def test_what_has_no_end_is_cut_short(data: bytes, coding: str) -> None:
    with pytest.raises(CutShortError):
        await decompress(data[:-1], coding, 200)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_what_is_not_packed_is_broken(coding: str) -> None:
    with pytest.raises(BrokenError):
        await decompress(b"\xff plain text", coding, 200)


@pytest.mark.parametrize("coding", ["identity", "br", "gzip, deflate", ""])
async def test_what_was_not_asked_for_stays(coding: str) -> None:
    assert await decompress(b"abc", coding, 200) == b"abc"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_nothing_is_nothing(coding: str) -> None:
    assert await decompress(b"", coding, 200) == b""
    engine = decompressor(coding)
    assert engine is not None
    assert list(engine.feed(b"")) == []
    engine.end()


@pytest.mark.parametrize("junk", [b"\0" * 16, b"\r\n", b"\x1f", b"\x1f\0", b"x" * 100_000])
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
async def test_what_follows_the_last_member_is_ignored(junk: bytes, size: int) -> None:
    data = gzip.compress(TEXT) + junk
    engine = decompressor("gzip")
    assert engine is not None

    pieces = [piece for at in range(0, len(data), size) for piece in engine.feed(data[at : at + size])]
    engine.end()

    assert b"".join(pieces) == TEXT
    assert await decompress(data, "gzip", 200) == TEXT


@pytest.mark.parametrize(
    "data", [b"<html>not packed", gzip.compress(b"<html>not packed")[:-4]], ids=["plain", "cut short"]
)
async def test_of_an_error_there_is_what_can_be_unpacked(data: bytes) -> None:
    assert await decompress(data, "gzip", 502) == b"<html>not packed"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_goes_off_in_pieces(coding: str) -> None:
    bomb = gzip.compress(bytes(32 * PIECE)) if coding == "gzip" else zlib.compress(bytes(32 * PIECE))
    engine = decompressor(coding)
    assert engine is not None
    tracemalloc.start()
    sizes = {len(piece) for piece in engine.feed(bomb)}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert max(sizes) <= PIECE
    assert peak < 8 * PIECE


async def test_and_not_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY", 4 * PIECE)

    assert len(await decompress(gzip.compress(bytes(4 * PIECE)), "gzip", 200)) == 4 * PIECE
    with pytest.raises(TooLargeError, match="more than 4 MiB"):
        await decompress(gzip.compress(bytes(32 * PIECE)), "gzip", 200)
    assert len(await decompress(gzip.compress(bytes(32 * PIECE)), "gzip", 500)) == limits.ERROR


async def test_members_without_content_are_given_up() -> None:
    empty = gzip.compress(b"")

    assert await decompress(empty * 100 + gzip.compress(TEXT), "gzip", 200) == TEXT
    with pytest.raises(BrokenError, match="cannot be decompressed"):
        await decompress(empty * 2000 + gzip.compress(TEXT), "gzip", 200)


def test_the_time_for_many_tiny_members_is_linear() -> None:
    engine = decompressor("gzip")
    assert engine is not None
    count = 100_000  # in one block: 2 MB, of which each member's rest would be copied
    began = time.process_time()

    size = sum(map(len, engine.feed(gzip.compress(b"x") * count)))

    assert size == count
    assert time.process_time() - began < 5
