"""Every fuzzing target, with its seeds and some thousand random inputs; see `tests.fuzz` for longer runs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import SEEDS, words
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_words_are_read_or_refused(name: str) -> None:
    for data in (b"", *SEEDS[name], *words(name)):
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_mixed_seeds_are_read_or_refused(name: str) -> None:
    pieces = st.sampled_from(SEEDS[name]) | st.sampled_from(words(name)) | st.binary(max_size=20)
    examples = 30 if name.startswith("journal") else 200

    @settings(max_examples=examples, deadline=None)
    @given(st.lists(pieces, max_size=6))
    def check(parts: list[bytes]) -> None:
        TARGETS[name](b"".join(parts))

    check()
