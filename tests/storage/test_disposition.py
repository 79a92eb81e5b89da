"""File names in Content-Disposition headers, in all legal forms and some illegal ones."""

import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async import ConfigurationError
from coredata_async.storage.disposition import filename_from, format_disposition

NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40).filter(str.strip)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("", None),
        ("attachment", None),
        ("attachment; filename=", None),
        ('attachment; filename=""', None),
        ('attachment; filename="  "', None),
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename=a.pdf; x=y", "a.pdf"),
        ("ATTACHMENT; FileName = a.pdf ;x=y", "a.pdf"),
        ("filename=a.pdf", "a.pdf"),
        ("inline;filename=a.pdf", "a.pdf"),
        ('attachment; filename="a; b.pdf"', "a; b.pdf"),
        ('attachment; filename="say \\"hi\\".pdf"', 'say "hi".pdf'),
        ('attachment; filename="a\\\\b.pdf"', "a\\b.pdf"),
        ('attachment; x="\\"; filename=no.txt"; filename=yes.txt', "yes.txt"),
        ('attachment; creation-filename="no.txt"; filename="yes.txt"', "yes.txt"),
        ("attachment; xfilename*=UTF-8''no; filename=\"yes.txt\"", "yes.txt"),
        ("attachment; filename=first.txt; filename=second.txt", "first.txt"),
        ("attachment; filename=100%25.txt", "100%25.txt"),
        ('attachment; filename="unfinished.txt', "unfinished.txt"),
        ('attachment; filename="unfinished\\', "unfinished"),
        (";;; filename=a.txt;;", "a.txt"),
    ],
)
def test_plain_names(header, name):
    assert filename_from(header) == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename*=utf-8''%C3%A1%20b.pdf", "á b.pdf"),
        ("attachment; filename=\"plain.pdf\"; filename*=UTF-8''%C3%A1.pdf", "á.pdf"),
        ("attachment; filename*=UTF-8''%C3%A1.pdf; filename=\"plain.pdf\"", "á.pdf"),
        ("attachment; filename*=UTF-8'en'%E2%82%AC%20rates.pdf", "€ rates.pdf"),
        ("attachment; filename*=iso-8859-1''caf%E9.txt", "café.txt"),
        ("attachment; filename*=windows-1252''%80.txt", "€.txt"),
        ("attachment; filename*=\"UTF-8''na%20me.pdf\"", "na me.pdf"),
        ("attachment; filename*=UTF-8''it's.pdf", "it's.pdf"),
        ("attachment; filename*=UTF-8''%FF; filename=a.txt", "a.txt"),
        ("attachment; filename*=UTF-8''; filename=a.txt", "a.txt"),
        ("attachment; filename*=nonsense''b.txt; filename=a.txt", "a.txt"),
        ("attachment; filename*=unicode_escape''%5Cq; filename=a.txt", "a.txt"),
        ("attachment; filename*=b.txt; filename=a.txt", "a.txt"),
        ("attachment; filename*=UTF-8''%zz", "%zz"),
    ],
)
def test_encoded_names(header, name):
    assert filename_from(header) == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename*0="a b"; filename*1=".txt"', "a b.txt"),
        ("attachment; filename*1=.txt; filename*0=a", "a.txt"),
        ("attachment; filename*0*=UTF-8'en'%E2%82; filename*1*=%AC; filename*2=.txt", "€.txt"),
        ("attachment; filename*0=a; filename*2=c", "a"),
        ("attachment; filename*1=b; filename=a", "a"),
        ("attachment; filename*0=a; filename=b", "a"),
        ("attachment; filename*0=a; filename*=UTF-8''b", "b"),
    ],
)
def test_names_in_pieces(header, name):
    assert filename_from(header) == name


def test_raw_bytes_in_a_plain_name_are_utf_8_or_else_latin_1():
    utf8 = 'attachment; filename="café.txt"'.encode().decode("utf-8", "surrogateescape")
    latin = 'attachment; filename="café.txt"'.encode("latin-1").decode("utf-8", "surrogateescape")

    assert filename_from(utf8) == filename_from(latin) == "café.txt"


@given(NAMES)
def test_every_encoded_name_comes_back(name):
    assert filename_from(f"attachment; filename=x; filename*=UTF-8''{quote(name, safe='')}") == name


@given(NAMES)
def test_every_quoted_name_comes_back(name):
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')

    assert filename_from(f'attachment; filename="{quoted}"; size=3') == name


@given(st.text(st.characters(), max_size=60) | st.text("filename*012'\"\\;=% aé\udcff", max_size=60))
def test_no_header_raises_and_every_name_can_be_encoded(header):
    name = filename_from(header)

    assert name is None or (name.strip() and name.encode())


@pytest.mark.parametrize("piece", ['"', '\\"', '";', 'a="', "filename*0=", "; ", '"\\', "a;b=c\"'"])
def test_a_long_header_takes_no_time(piece):
    began = time.perf_counter()

    filename_from("attachment; " + piece * (64_000 // len(piece)))

    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("a b;c=d.pdf", 'attachment; filename="a b;c=d.pdf"'),
        (None, "attachment"),
        ("\r\n", "attachment"),
        ("a\r\nSet-Cookie: x.pdf", 'attachment; filename="aSet-Cookie: x.pdf"'),
        ("../../etc/passwd", 'attachment; filename=".._.._etc_passwd"'),
        ('say "hi".txt', "attachment; filename=\"say _hi_.txt\"; filename*=UTF-8''say%20%22hi%22.txt"),
        ("100%41.txt", "attachment; filename=\"100_41.txt\"; filename*=UTF-8''100%2541.txt"),
        ("Ársreikn.pdf", "attachment; filename=\"Arsreikn.pdf\"; filename*=UTF-8''%C3%81rsreikn.pdf"),
        ("þ.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%BE.txt"),
        ("a\u202etxt.exe", 'attachment; filename="atxt.exe"'),
        ("a\ud800.txt", 'attachment; filename="a.txt"'),
    ],
)
def test_a_name_is_written_for_old_and_new_clients(name, expected):
    assert format_disposition("attachment", name) == expected


@given(st.text())
def test_a_written_header_is_printable_ascii_and_read_back(name):
    header = format_disposition("inline", name)

    assert header.isascii()
    assert header.isprintable()
    again = filename_from(header)
    assert format_disposition("inline", again) == header


def test_another_disposition_is_refused():
    with pytest.raises(ConfigurationError, match="'attachment' or 'inline'"):
        format_disposition("form-data", "a")
