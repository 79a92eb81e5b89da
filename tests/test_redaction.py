"""Printed text of a server contains no secret, in any form that the server may write."""

import html
import json
import time
from base64 import b32encode, b64encode, urlsafe_b64encode
from textwrap import wrap
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.message import Request
from coredata_async.redaction import EXCERPT, NO_SECRETS, Redactor, without_queries
from coredata_async.secret import Secret

KEY = "S3CRET/key+0123=abc"
REDACTOR = Redactor((Secret(KEY),))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see /api/v2/files/?username=u&api_key=k now", "see /api/v2/files/?… now"),
        ('<a href="https://a.is/?next=/api/&k=v">in</a>', '<a href="https://a.is/?…">in</a>'),
        ('{"u":"https:\\/\\/a.is\\/b?Signature=x\\u0026Expires=1"}', '{"u":"https:\\/\\/a.is\\/b?…"}'),
        ("which one? this=that", "which one? this=that"),
        ("really???", "really???"),
        ("??a=b", "??…"),
    ],
)
def test_queries_are_cut_and_questions_stay(text: str, shown: str) -> None:
    assert without_queries(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"https://a.is/b\u003fX\u003d1\u0026Signature\u003dx end", r"https://a.is/b\u003f… end"),
        ("https://a.is/b%3FX%3D1%26Signature%3Dx end", "https://a.is/b%3F… end"),
        ("https://a.is/b&#63;X&#61;1&amp;Signature&#61;x end", "https://a.is/b&#63;… end"),
        ("https%253A%252F%252Fa.is%252Fb%253FX%253D1 end", "https%253A%252F%252Fa.is%252Fb%253F… end"),
        ("X-Amz-Signature=x&X-Amz-Expires=60", "X-Amz-Signature=***&X-Amz-Expires=60"),
        ("sig=a%2Fb&se=2024", "sig=***&se=2024"),
        ("X-Goog-Signature=x, AWSAccessKeyId=y", "X-Goog-Signature=***, AWSAccessKeyId=***"),
        ("<SignatureProvided>x=</SignatureProvided>", "<SignatureProvided>***</SignatureProvided>"),
        ('{"signature": "x", "size": 1}', '{"signature": "***", "size": 1}'),
        ("Authorization: apikey a:b end", "Authorization: *** end"),
        ("proxy-authorization: Basic YTpi", "proxy-authorization: ***"),
        ("http://joe:pw@proxy:3128/", "http://***@proxy:3128/"),
        ("invalid signature: check the clock", "invalid signature: check the clock"),
        ("mail joe@acme.is; 50% = half & half", "mail joe@acme.is; 50% = half & half"),
    ],
)
def test_what_looks_like_a_credential_is_masked_however_it_is_escaped(text: str, shown: str) -> None:
    assert NO_SECRETS(text) == shown
    assert NO_SECRETS(shown) == shown


FORMS = [
    str,
    json.dumps,
    html.escape,
    quote,
    quote_plus,
    lambda key: quote(quote(key, safe=""), safe=""),
    lambda key: json.dumps(json.dumps({"key": key})),
    lambda key: key.replace("/", "\\/"),
    lambda key: "".join(f"\\u{ord(letter):04X}" for letter in key),
    lambda key: "".join(f"&#{ord(letter)};" for letter in key),
    lambda key: "".join(f"%{ord(letter):02x}" for letter in key),
    lambda key: key.encode().hex(),
    lambda key: b64encode(f"user:{key}".encode()).decode(),
    lambda key: b64encode(f"a user:{key}!".encode()).decode(),
    lambda key: urlsafe_b64encode(f"us:{key}".encode()).decode(),
    *(
        lambda key, user=user: b64encode(b64encode(f"{user}:{key}".encode())).decode()
        for user in ("", "u", "us", "use")
    ),
    *(
        lambda key, user=user: b32encode(f"{user}:{key}".encode()).decode()
        for user in ("", "u", "us", "use", "user")
    ),
    lambda key: key.encode("utf-16-le").hex(),
    lambda key: key.encode("utf-16-be").hex(),
    str.lower,
    lambda key: f"{key[:9]}\r\n {key[9:]}",
    lambda key: json.dumps(f"{key[:9]}\n{key[9:]}"),
    lambda key: f"{key[:9]}<br/>{key[9:]}",
    "\u200b".join,
    lambda key: f"{key[:9]}=\n{key[9:]}",
    lambda key: key.encode().hex(" "),
    lambda key: "\n".join(wrap(b64encode(f"user:{key}".encode()).decode(), 12)),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("around", ["{}", "key {} is wrong", '{{"key": "{}"}}', "<pre>{}</pre>", "x{}x"])
def test_a_key_is_masked_in_every_form(form, around: str) -> None:
    shown = REDACTOR(around.format(form(KEY)))

    assert "***" in shown
    for part in (form(KEY), KEY, KEY[:8], form(KEY)[5:-5]):
        assert part not in shown


@given(st.text(), st.text(), st.sampled_from(FORMS))
def test_whatever_stands_around_a_key_it_is_masked(before: str, after: str, form) -> None:
    assert form(KEY) not in REDACTOR(before + form(KEY) + after)


@given(st.text(), st.integers(0, 50))
def test_a_limit_gives_the_beginning_of_the_whole(text: str, limit: int) -> None:
    assert REDACTOR(text, limit)[: min(limit, 4)] == REDACTOR(text)[: min(limit, 4)]


@given(st.text(st.sampled_from("abc =&?%")))
def test_a_text_that_is_masked_again_stays_as_it_is(text: str) -> None:
    assert NO_SECRETS(NO_SECRETS(text)) == NO_SECRETS(text)


@pytest.mark.parametrize("position", range(EXCERPT - len(KEY) - 2, EXCERPT + 2))
def test_an_excerpt_does_not_end_within_a_key(position: int) -> None:
    body = (b"a" * position + b" " + KEY.encode()) + b" " * 9000

    shown = REDACTOR.excerpt(body)

    assert KEY[:3] not in shown
    assert len(shown) <= EXCERPT + 3


def test_the_values_in_a_signed_url_are_secrets_of_its_reply() -> None:
    url = "https://a.is/b?AWSAccessKeyId=AKIA&Expires=1700000000&Signature=a%2Fb%3D&x=something-unheard-of"
    redactor = Redactor(signed=Request("PUT", url))

    assert redactor("a/b= of AKIA until 1700000000: a%2Fb%3D") == "*** of *** until 1700000000: ***"
    assert redactor("something-unheard-of") == "***"


SIGNATURE = "a/b-signature_of/17-letters"


@pytest.mark.parametrize(
    "form",
    [
        str,
        str.upper,
        lambda text: text.encode().hex(),
        lambda text: b64encode(f"ab{text}c".encode()).decode(),
    ],
)
@pytest.mark.parametrize("written", [SIGNATURE, quote(SIGNATURE, safe="")])
@pytest.mark.parametrize("limit", [None, 200])
def test_a_text_without_escapes_hides_no_form_of_a_value_in_a_signed_url(
    form, written: str, limit: int | None
) -> None:
    redactor = Redactor(
        (Secret(KEY),), Request("PUT", f"https://a.is/b?Expires=1700000000&Signature={written}")
    )

    shown = redactor(f"id.{form(SIGNATURE)}", limit)

    assert "***" in shown
    assert form(SIGNATURE)[4:-4] not in shown


def test_decoded_json_is_masked_in_names_and_values_at_any_depth() -> None:
    tree = {KEY: [{"a": f"x {KEY}", "n": 1, "Signature": "x"}], "b": [None, True, 2.5]}
    masked = {"***": [{"a": "x ***", "n": 1, "Signature": "***"}], "b": [None, True, 2.5]}

    assert REDACTOR.tree(tree) == masked


def test_what_is_nested_too_deep_to_be_printed_is_cut() -> None:
    tree: object = KEY
    for _ in range(900):
        tree = [tree]

    assert repr(REDACTOR.tree(tree)).count("[") == 40


def test_a_secret_too_short_to_be_one_does_not_garble_the_text() -> None:
    assert Redactor((Secret("a"),))("a banana") == "a banana"


def test_the_repr_of_a_redactor_shows_no_secret() -> None:
    assert KEY not in repr(Redactor((Secret(KEY),), Request("PUT", f"https://a.is/?k={KEY}")))


def test_a_line_has_no_control_characters() -> None:
    assert REDACTOR.line(f"a\n{KEY}\x1b") == r"a\n***\x1b"


def test_what_follows_a_secret_that_ends_a_line_stays_on_its_own_line() -> None:
    assert REDACTOR(f"a\n{KEY}\nb {KEY[:8]}\n {KEY[8:]} c") == "a\n***\nb *** c"


@pytest.mark.parametrize(
    ("start", "filler"),
    [
        ("//", ":"),
        ("cookie:", " "),
        ("authorization=", "\t"),
        ("", "//:"),
        ("", "cookie "),
        ("signature", " "),
        ('sig"', " "),
        ("", "?a"),
        ("&", "amp;"),
        ("<br", " "),
    ],
)
@pytest.mark.parametrize("end", ["", "'", "\n<"])
def test_a_text_made_to_be_slow_is_searched_in_linear_time(start: str, filler: str, end: str) -> None:
    text = start + filler * (100_000 // len(filler)) + end
    began = time.process_time()

    REDACTOR(text)

    assert time.process_time() - began < 5  # quadratic time would be a minute
