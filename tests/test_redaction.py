import pytest

from coredata_async.redaction import without_queries


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
