"""Texts are cut to what GitHub takes, and say so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apo_ci.publish.limits import CUT, cut

pieces = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("é日😀\ud800")), min_size=1, max_size=9)
texts = st.builds(lambda piece, times, end: piece * times + end, pieces, st.integers(0, 100), pieces)


@given(texts, st.integers(150, 500))
def test_a_cut_text_is_valid_utf_8_of_the_allowed_length_and_says_that_it_was_cut(text: str, limit: int) -> None:
    shown = cut(text, limit)
    octets = shown.encode()  # strict: no half of a surrogate pair
    assert len(octets) <= limit
    whole = text.encode("utf-8", "replace")
    if len(whole) <= limit:
        assert octets == whole
    else:
        head, _, rest = shown.partition("\n\n")
        assert CUT in head
        assert whole.startswith(rest.encode())
        assert len(octets) > limit - 4


@given(texts, st.integers(-10, 200))
def test_no_limit_is_ever_passed(text: str, limit: int) -> None:
    assert len(cut(text, limit).encode()) <= max(limit, 0)
