"""Packed answers: in pieces, to the end, and not without one."""

import gzip
import tracemalloc
import zlib

import pytest

from coredata_async.transport.lean import unpacking as module
from coredata_async.transport.lean.faults import BrokenError, CutShortError
from coredata_async.transport.lean.unpacking import PIECE, unpacked, unpacking

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


@pytest.mark.parametrize(("data", "coding"), PACKED.values(), ids=PACKED.keys())
def test_what_was_packed_comes_out_however_it_is_cut(data: bytes, coding: str) -> None:
    assert unpacked(data, coding) == TEXT
    engine = unpacking(coding)
    assert engine is not None

    pieces = [piece for byte in data for piece in engine.feed(bytes([byte]))]
    engine.end()

    assert b"".join(pieces) == TEXT


@pytest.mark.parametrize(("data", "coding"), PACKED.values(), ids=PACKED.keys())
def test_what_has_no_end_is_cut_short(data: bytes, coding: str) -> None:
    with pytest.raises(CutShortError):
        unpacked(data[:-1], coding)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_is_not_packed_is_broken(coding: str) -> None:
    with pytest.raises(BrokenError):
        unpacked(b"\xff plain text", coding)


@pytest.mark.parametrize("coding", ["identity", "br", "gzip, deflate", ""])
def test_what_was_not_asked_for_stays(coding: str) -> None:
    assert unpacked(b"abc", coding) == b"abc"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_nothing_is_nothing(coding: str) -> None:
    assert unpacked(b"", coding) == b""


def test_a_bomb_goes_off_in_pieces_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(bytes(32 * PIECE))
    engine = unpacking("gzip")
    assert engine is not None
    tracemalloc.start()
    sizes = {len(piece) for piece in engine.feed(bomb)}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert max(sizes) <= PIECE
    assert peak < 8 * PIECE
    monkeypatch.setattr(module, "LIMIT", 4 * PIECE)
    with pytest.raises(BrokenError, match="far too much"):
        unpacked(bomb, "gzip")
