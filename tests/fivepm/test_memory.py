"""Tests that files pass through in constant memory."""

import tracemalloc

import pytest

from coredata_async.fivepm import Attachment
from coredata_async.fivepm.files import ENCODERS, FileEncoding, attachments, default_file_names, with_files
from coredata_async.message import Request

MIB = 1 << 20


@pytest.mark.parametrize("encoding", ["base64", "multipart"])
async def test_a_file_is_encoded_in_constant_memory(tmp_path, encoding):
    path = tmp_path / "big"
    path.write_bytes(bytes(range(256)) * (96 * MIB // 256))
    request = Request("POST", "/a", {}, b"activityId=1", repeatable=False)
    how = FileEncoding(ENCODERS[encoding], default_file_names)
    tracemalloc.start()
    try:
        async with with_files(request, attachments([Attachment(source=path)]), how) as full:
            count = 0
            async for block in full.body.chunks():
                count += len(block)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert count == full.body.size
    assert peak < 24 * MIB
