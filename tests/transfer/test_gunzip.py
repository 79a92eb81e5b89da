"""Decompression of gzip in pieces of any size."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.transfer.gunzip import Gunzip


def unpack(data: bytes, size: int) -> bytes:
    gunzip = Gunzip()
    pieces = [piece for at in range(0, len(data), size) for piece in gunzip.feed(data[at : at + size])]
    return b"".join([*pieces, *gunzip.finish()])


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=3), st.integers(1, 40), st.integers(0, 3))
def test_members_come_out_whole_however_they_are_cut(parts, size, padding):
    packed = b"".join(map(gzip.compress, parts)) + b"\0" * padding

    assert unpack(packed, size) == b"".join(parts)


@given(st.binary(max_size=50).filter(lambda data: not data.startswith(b"\x1f\x8b")), st.integers(1, 40))
def test_what_is_not_gzip_passes(data, size):
    assert unpack(data, size) == data


def test_a_megabyte_comes_out_at_a_time():
    packed = zlib.compress(b"\0" * 5_000_000, wbits=31)

    assert max(map(len, Gunzip().feed(packed))) <= 1 << 20


@pytest.mark.parametrize("size", [1, 100])
def test_a_cut_end_is_noticed(size):
    with pytest.raises(ValueError, match="too early"):
        unpack(gzip.compress(b"0123456789")[:-1], size)
