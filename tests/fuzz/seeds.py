"""Inputs from which a fuzzer begins, and words that it may insert."""

from collections.abc import Mapping
from typing import Final

from attrs import fields

from coredata_async.fivepm import Activity, Project, Task
from coredata_async.resources.registry import ROWS

_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

SEEDS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "http": (
        b"\0\0\x20" + _HEAD + b"Content-Length: 2\r\n\r\n{}",
        b"\0\0\x50" + _HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nETag: a\r\n\r\n",
        b"\1\0\x50HTTP/1.1 100 Continue\r\n\r\n" + _HEAD + b"Content-Length: 9\r\n\r\n",
        b"\0\0\x01HTTP/1.0 204 No Content\nConnection: keep-alive\n\n",
        b"\0\1\x00" + _HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0",
        b"\0\0\x70HTTP/1.1 302 Found\r\nLocation: /laika/b?Signature=x\r\nX-A: b\r\n c\r\n\r\n",
    ),
    "json": (
        b'\0{"meta": {"total_count": 1, "next": null, "limit": 20}, "objects": [{"id": "1", "title": "a"}]}',
        b'\0{"id": "1", "created": "2024-01-01T00:00:00Z", "size": 1e999, "parent": {"id": "2"}}',
        b'\5{"error_message": "no", "errors": {"title": ["required"]}, "code": 7, "traceback": "x"}',
    ),
    "xml": (
        b"\0<result><status>1</status><data><item><id>1</id><title>a</title></item></data></result>",
        b"\0<?xml version='1' encoding='latin-1'?><projects><project><name>\xe9</name></project></projects>",
        b'\0{"status": 0, "error": {"code": 5, "message": "no"}}',
        b"\5<error><message>Invalid session</message></error>",
        b"\0<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"\0true",
    ),
    "content-range": (
        b'bytes 5-9/10\n5\nidentity\n"abc"\nMon, 01 Jan 2024 00:00:00 GMT',
        b"bytes */10\n\ngzip",
        b"bytes 0-0/*",
    ),
    "content-disposition": (
        b"attachment; filename=\"a.pdf\"; filename*=UTF-8''%e2%82%ac.pdf",
        b"attachment; filename*0=a; filename*1*=%20b",
        b'inline; filename="=?utf-8?B?w6k=?="',
    ),
    "journal": (b"\0\0", b"\0\0\0\0\x40\1\0\x20\0\2", b"\0\x15"),
    "journal-rows": (b"\0\0\0\5", b"\x20\1\1\6\x21\2\2\7", b"\0\0\0\2", b"\4\4\4\0"),
}


def words(name: str) -> list[bytes]:
    """Return what the inputs of a target are made of."""
    if name == "json":
        found = {each.name for kind in ROWS.values() for each in fields(kind.model)}
        return [b'"%s":' % each.encode() for each in sorted(found)] + [b"NaN", b"null", b"\\ud800", b"-1e999"]
    if name == "xml":
        found = {each.name for model in (Project, Task, Activity) for each in fields(model)}
        return [b"<%s>" % each.encode() for each in sorted(found)] + [
            b"<error>",
            b"<item>",
            b"<![CDATA[",
            b"&#0;",
        ]
    return sorted({word for seed in SEEDS[name] for word in seed.split() if len(word) < 40})
