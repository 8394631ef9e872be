"""Words of a text, whatever its script."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

# Scripts without blanks between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Vowel signs and accents, which `\w` leaves out though they stand within words: Latin, Hebrew, Arabic, Indic.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
_RUN = re.compile(rf"[{_UNSPACED}]+|(?:[{_MARKS}]|[^\W{_UNSPACED}])+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")


def distinct_words(text: str) -> frozenset[str]:
    """The words of `text` in lower case; where no blanks stand between words, pairs of characters instead.

    Such pairs are what search engines index texts in Chinese or Japanese by.
    """
    runs = _RUN.findall(unicodedata.normalize("NFKC", text).casefold())
    return frozenset(word for run in runs for word in (_pairs(run) if _IS_UNSPACED.match(run) else (run,)))


def whole_words(phrase: str) -> re.Pattern[str]:
    """Finds `phrase` in any case where it is no part of a longer word, as far as its script shows where words end."""
    phrase = phrase.strip()
    before = "" if _IS_UNSPACED.match(phrase[:1]) else r"(?<!\w)"
    after = "" if _IS_UNSPACED.match(phrase[-1:]) else r"(?!\w)"
    return re.compile(before + re.escape(phrase) + after, re.IGNORECASE)


def _pairs(run: str) -> tuple[str, ...]:
    return tuple(one + two for one, two in pairwise(run)) or (run,)
