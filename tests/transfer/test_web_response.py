"""Downloads for web requests: status, headers and bytes, for any support of conditions by the storage."""

import gzip
from datetime import UTC, datetime

import pytest

from coredata_async import ConfigurationError, CoreDataError, NotFoundError
from tests.rig import md5, some_bytes
from tests.transfer.scripted import FILE, chunked, response

DATA = some_bytes(300_000)
ETAG = f'"{md5(DATA)}"'
TEXT = b"0123456789"
MODIFIED = "Sat, 28 Nov 2026 10:00:00 GMT"


@pytest.fixture
async def file(client, box):
    return (await client.files.upload(DATA, parent=box.project, filename="Ársreikn.bin")).file_id


async def answer(client, file, **options):
    """Status, headers and body, as a web service passes them on."""
    async with client.files.download(file, **options) as body:
        return body.response_status, body.response_headers(), b"".join([block async for block in body])


async def test_the_whole_has_all_headers(client, file):
    status, headers, body = await answer(client, file)

    assert (status, body) == (200, DATA)
    assert headers.pop("Last-Modified").endswith(" GMT")
    assert headers == {
        "Content-Type": "application/octet-stream",
        "Content-Length": "300000",
        "Content-Disposition": "attachment; filename=\"Arsreikn.bin\"; filename*=UTF-8''%C3%81rsreikn.bin",
        "Accept-Ranges": "bytes",
        "ETag": ETAG,
    }


async def test_a_download_has_etag_and_date(client, file):
    async with client.files.download(file) as body:
        assert body.etag == ETAG
        assert body.last_modified is not None
        assert abs((datetime.now(UTC) - body.last_modified).total_seconds()) < 3600
        inline = body.response_headers(disposition="inline", filename="x.txt")

    assert inline["Content-Disposition"] == 'inline; filename="x.txt"'


async def test_without_etag_and_date_there_is_none(scripted):
    scripted.say(response(200, TEXT))

    async with scripted.client.files.download(FILE, verify=False) as body:
        assert (body.etag, body.last_modified) == (None, None)
        assert await body.read() == TEXT


@pytest.mark.parametrize(
    ("header", "expected", "content_range"),
    [
        ("bytes=0-99", DATA[:100], "bytes 0-99/300000"),
        ("bytes=-500", DATA[-500:], "bytes 299500-299999/300000"),
        ("bytes=299990-", DATA[299_990:], "bytes 299990-299999/300000"),
        ("bytes=299990-999999999", DATA[299_990:], "bytes 299990-299999/300000"),
        ("bytes=-999999999", DATA, "bytes 0-299999/300000"),
        ("bytes=0-", DATA, "bytes 0-299999/300000"),
    ],
)
async def test_one_range_is_a_206(client, file, header, expected, content_range):
    status, headers, body = await answer(client, file, range=header)

    assert (status, body) == (206, expected)
    assert headers["Content-Range"] == content_range
    assert headers["Content-Length"] == str(len(expected))
    assert headers["ETag"] == ETAG


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "bytes=9-7", "lines=1-2", "", "bytes=a-b"])
async def test_several_ranges_or_a_malformed_one_get_the_whole(client, file, header):
    status, headers, body = await answer(client, file, range=header)

    assert (status, body) == (200, DATA)
    assert "Content-Range" not in headers


@pytest.mark.parametrize("header", ["bytes=300000-", "bytes=300000-300001", "bytes=-0"])
async def test_a_range_beyond_the_end_is_a_416_and_no_error(client, file, header):
    status, headers, body = await answer(client, file, range=header)

    assert (status, body) == (416, b"")
    assert headers == {
        "Content-Range": "bytes */300000",
        "Content-Length": "0",
        "Accept-Ranges": "bytes",
    }


async def test_an_empty_file_has_no_ranges(client, box):
    file = (await client.files.upload(b"", parent=box.project, filename="empty")).file_id

    assert (await answer(client, file))[0] == 200
    status, headers, body = await answer(client, file, range="bytes=0-")
    assert (status, headers["Content-Range"], body) == (416, "bytes */0", b"")


@pytest.mark.parametrize("tags", [ETAG, f"W/{ETAG}", f'"x", {ETAG}', "*"])
async def test_what_the_client_has_is_a_304(client, file, tags):
    status, headers, body = await answer(client, file, if_none_match=tags, range="bytes=0-1")

    assert (status, body) == (304, b"")
    assert headers["ETag"] == ETAG
    assert set(headers) == {"ETag", "Last-Modified"}


async def test_another_tag_gets_the_content(client, file):
    assert (await answer(client, file, if_none_match='"x"'))[0] == 200


@pytest.mark.parametrize(("condition", "status"), [(ETAG, 206), ('"x"', 200), (f"W/{ETAG}", 200), ("?", 200)])
async def test_if_range_decides_between_part_and_whole(client, file, condition, status):
    found = await answer(client, file, range="bytes=10-19", if_range=condition)

    assert (found[0], found[2]) == (status, DATA[10:20] if status == 206 else DATA)


async def test_a_missing_file_is_still_an_error(client):
    with pytest.raises(NotFoundError):
        await answer(client, "2bb7fb5e-8ef6-11e6-89e1-87ce876944be", range="bytes=0-1")


def test_offset_and_range_do_not_go_together(client):
    with pytest.raises(ConfigurationError, match="offset and length"):
        client.files.download("a", offset=1, range="bytes=0-1")


async def test_a_part_without_conditions_has_its_headers_too(client, file):
    status, headers, _ = await answer(client, file, offset=10, length=5)

    assert (status, headers["Content-Range"]) == (206, "bytes 10-14/300000")


@pytest.mark.parametrize("header", ["bytes=300000-", None])
async def test_what_a_condition_left_out_is_not_saved_as_an_empty_file(client, file, tmp_path, header):
    tags = None if header else ETAG
    async with client.files.download(file, range=header, if_none_match=tags) as body:
        with pytest.raises(CoreDataError, match="no content to save"):
            await body.save(tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


async def test_a_part_is_saved(client, file, tmp_path):
    async with client.files.download(file, range="bytes=-5") as body:
        await body.save(tmp_path / "out", resume=True)

    assert (tmp_path / "out").read_bytes() == DATA[-5:]


async def test_a_storage_that_ignores_ranges_is_cut_here(scripted):
    scripted.say(response(200, TEXT, ETag='"a"'))

    for header, expected in (("bytes=2-3", b"23"), ("bytes=-3", b"789"), ("bytes=4-", b"456789")):
        status, headers, body = await answer(scripted.client, FILE, range=header)
        assert (status, body, headers["Content-Length"]) == (206, expected, str(len(expected)))

    assert (await answer(scripted.client, FILE, range="bytes=10-"))[0] == 416


async def test_a_storage_that_ignores_if_none_match_gets_a_304_all_the_same(scripted):
    scripted.say(response(200, TEXT, ETag='W/"a"'))

    assert (await answer(scripted.client, FILE, if_none_match='"a"'))[0] == 304


async def test_if_none_match_comes_before_a_range_beyond_the_end(scripted):
    scripted.say(response(416, Content_Range="bytes */10"), response(200, TEXT, ETag='"a"'))

    known = await answer(scripted.client, FILE, if_none_match='"a"', range="bytes=10-")
    other = await answer(scripted.client, FILE, if_none_match='"b"', range="bytes=10-")

    assert (known[0], other[0]) == (304, 416)


async def test_a_304_of_the_storage_is_passed_on(scripted):
    scripted.say(response(304, ETag='"a"', Last_Modified=MODIFIED))

    status, headers, body = await answer(scripted.client, FILE, if_none_match='"a"', range="bytes=0-1")

    assert (status, headers, body) == (304, {"ETag": '"a"', "Last-Modified": MODIFIED}, b"")
    assert scripted.asked[0].header("If-None-Match") == '"a"'


async def test_a_storage_that_ignores_if_range_is_asked_for_the_whole(scripted):
    scripted.say(
        response(206, b"23", ETag='"b"', Content_Range="bytes 2-3/10"), response(200, TEXT, ETag='"b"')
    )

    status, _, body = await answer(scripted.client, FILE, range="bytes=2-3", if_range='"a"')

    assert (status, body) == (200, TEXT)
    assert scripted.ranges == ["bytes=2-3", None]


@pytest.mark.parametrize(
    "wrong",
    [
        response(206, b"01", ETag='"a"', Content_Range="bytes 0-1/10"),
        response(206, b"01", ETag='"a"'),
        response(206, b"23", ETag='"a"', Content_Type="multipart/byteranges; boundary=b"),
        response(206, b"23", ETag='"a"', Content_Encoding="gzip", Content_Range="bytes 2-3/10"),
        response(416, ETag='"a"', Content_Range="bytes */10"),
    ],
)
async def test_a_wrong_answer_to_a_range_is_replaced_by_the_whole_and_cut(scripted, wrong):
    scripted.say(wrong, response(200, TEXT, ETag='"a"'))

    status, headers, body = await answer(scripted.client, FILE, range="bytes=2-3")

    assert (status, headers["Content-Range"], body) == (206, "bytes 2-3/10", b"23")


async def test_a_shorter_range_is_continued_and_a_longer_one_cut(scripted):
    scripted.say(
        response(206, b"23", ETag='"a"', Content_Range="bytes 2-3/10"),
        response(206, b"456789", ETag='"a"', Content_Range="bytes 4-9/10"),
    )

    status, headers, body = await answer(scripted.client, FILE, range="bytes=2-5")

    assert (status, headers["Content-Range"], body) == (206, "bytes 2-5/10", b"2345")


async def test_a_range_of_a_file_of_unknown_size(scripted):
    scripted.say(response(206, b"23", ETag='"a"', Content_Range="bytes 2-3/*"))

    status, headers, body = await answer(scripted.client, FILE, range="bytes=2-9")

    assert (status, headers["Content-Range"], body) == (206, "bytes 2-3/*", b"23")


async def test_a_suffix_of_a_file_of_unknown_size_is_the_whole(scripted):
    scripted.say(response(206, b"89", Content_Range="bytes 8-9/*"), chunked(200, TEXT))

    status, headers, body = await answer(scripted.client, FILE, range="bytes=-2", verify=False)

    assert (status, body) == (200, TEXT)
    assert "Content-Length" not in headers


async def test_content_that_a_proxy_compressed_is_whole_of_unknown_length_and_weakly_tagged(scripted):
    scripted.say(response(200, gzip.compress(TEXT), ETag='"a"', Content_Encoding="gzip"))

    status, headers, body = await answer(scripted.client, FILE, range="bytes=2-3")

    assert (status, body, headers["ETag"]) == (200, TEXT, 'W/"a"')
    assert headers["Accept-Ranges"] == "none"
    assert not {"Content-Length", "Content-Range", "Content-Encoding"} & set(headers)


async def test_a_416_that_states_no_size_gets_that_of_the_file(scripted):
    scripted.file = {"size": 10}
    scripted.say(response(416))

    status, headers, _ = await answer(scripted.client, FILE, range="bytes=10-")

    assert (status, headers["Content-Range"]) == (416, "bytes */10")


async def test_a_service_that_gives_the_bytes_itself_is_cut_here(scripted):
    scripted.api = response(200, TEXT, Content_Type="text/plain")

    status, headers, body = await answer(scripted.client, FILE, range="bytes=2-3")

    assert (status, headers["Content-Range"], body) == (206, "bytes 2-3/10", b"23")


@pytest.mark.parametrize("kind", ["", "nonsense", "text/plain\x01", "text/Ã¶", "/;" * 30_000 + "\x01"])
async def test_a_header_of_the_storage_that_is_not_clean_is_not_passed_on(scripted, kind):
    scripted.say(response(200, TEXT, Content_Type=kind, ETag='"Ã¶"', Last_Modified="yesterday"))

    _, headers, _ = await answer(scripted.client, FILE, verify=False)

    assert headers["Content-Type"] == "application/octet-stream"
    assert not {"ETag", "Last-Modified"} & set(headers)


@pytest.mark.parametrize("content_range", [None, "bytes 9-0/5", "nonsense"])
async def test_what_the_client_knows_is_not_modified_whatever_range_the_storage_sends(
    scripted, content_range
):
    headers = {} if content_range is None else {"Content_Range": content_range}
    scripted.say(response(206, TEXT, **headers))

    status, _, body = await answer(scripted.client, FILE, if_none_match="*")

    assert (status, body) == (304, b"")


async def test_wrong_bytes_never_look_complete(client, box, file):
    box.faults.corrupt("storage.get", 10)
    got = []

    async def receive():
        async with client.files.download(file) as body:
            async for block in body:
                got.append(block)  # noqa: PERF401  # one by one, because it ends early

    with pytest.raises(CoreDataError, match="MD5"):
        await receive()

    assert len(b"".join(got)) < len(DATA)


@pytest.mark.parametrize("transport", ["auto", "aiohttp"])
async def test_leaving_early_frees_the_connection(box, file, transport):
    async with box.client(transport=transport) as client:
        for _ in range(3):
            async with client.files.download(file, range="bytes=0-200000") as body:
                async for _block in body:
                    break

        assert (await answer(client, file, range="bytes=0-1"))[2] == DATA[:2]
