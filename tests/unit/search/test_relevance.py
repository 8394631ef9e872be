"""Cases that a text speaks of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.inputs.datasets import Case
from apo_ci.search.relevance import Relevance
from apo_ci.search.words import distinct_words, whole_words

FILLER = "the parcel came on a day in spring and somebody wrote"
TOPICS = ("cracked hinge", "missing invoice", "purple socks", "late refund", "broken zipper", "frozen screen")


def cases(number: int = 60) -> tuple[Case, ...]:
    """Cases of six topics in turn."""
    return tuple(Case(str(at), {"text": f"{FILLER} of a {TOPICS[at % 6]}"}, "x") for at in range(number))


RELEVANCE = Relevance(cases())


def about(text: str, most: int = 100) -> list[str]:
    return [str(case.inputs["text"]).rsplit(" a ", 1)[1] for case in RELEVANCE.about(text, most)]


def test_a_text_speaks_of_the_cases_that_share_its_rare_words() -> None:
    assert about("Complaints about a cracked hinge are hardware.") == ["cracked hinge"] * 10


def test_words_that_most_cases_have_speak_of_none() -> None:
    assert about("Somebody wrote that the parcel came on a day in spring.") == []


def test_one_word_that_could_be_there_by_chance_is_not_enough() -> None:
    assert about("It is about the hinge.") == []


def test_cases_that_share_more_come_first() -> None:
    close = Relevance((*cases(), Case("near", {"text": "hinge of the invoice"}, "x")))
    shared = [case.id for case in close.about("cracked hinge, missing invoice", 100)]
    assert shared[-1] == "near" or "near" not in shared


def test_equals_come_in_the_order_of_the_file() -> None:
    found = [int(case.id) for case in RELEVANCE.about("cracked hinge or missing invoice", 100)]
    assert found == sorted(found)
    assert len(found) == 20


@given(st.text(max_size=80), st.integers(0, 5))
def test_never_more_cases_than_asked_for(text: str, most: int) -> None:
    assert len(RELEVANCE.about(f"cracked hinge {text}", most)) <= most


def test_without_cases_nothing_is_spoken_of() -> None:
    assert Relevance(()).about("cracked hinge", 5) == []


def test_all_inputs_of_a_case_count_at_any_type() -> None:
    odd = Case("odd", {"title": "a walnut", "tags": ["gazebo", {"of": "marble"}]}, "x")
    relevance = Relevance((odd, *cases()))
    assert relevance.about("The marble gazebo.", 5) == [odd]


def test_texts_about_the_same_are_alike() -> None:
    assert RELEVANCE.alike("A cracked hinge is hardware.", "Say hardware where the hinge is cracked!")
    assert not RELEVANCE.alike("A cracked hinge is hardware.", "A missing invoice is hardware.")


def test_texts_about_no_case_are_alike_where_most_words_are() -> None:
    assert RELEVANCE.alike("Be brief, please.", "Please be brief.")
    assert not RELEVANCE.alike("Be brief, please.", "Give reasons first.")


@pytest.mark.parametrize(
    ("topics", "text"),
    [
        (
            ("电池漏液了", "屏幕碎裂了", "发票不见了", "退款太慢了", "拉链坏掉了", "键盘失灵"),
            "凡是提到屏幕碎裂的都算硬件。",
        ),
        (("बैटरी फूली", "स्क्रीन टूटी", "रसीद गायब", "वापसी विलंबित", "ज़िप खराब", "तार ढीला"), "स्क्रीन टूटी हो तो हार्डवेयर।"),
        (("แบตเตอรี่รั่ว", "หน้าจอแตก", "ใบเสร็จหาย", "คืนเงินช้า", "ซิปเสีย", "สายไฟหลวม"), "ถ้าหน้าจอแตกให้ตอบฮาร์ดแวร์"),
        (
            ("течёт батарея", "разбит экран", "пропал чек", "медленный возврат", "сломана молния", "порван шнур"),
            "Разбит ЭКРАН: железо.",
        ),
    ],
)
def test_scripts_other_than_latin_have_words_too(topics: tuple[str, ...], text: str) -> None:
    every = tuple(Case(str(at), {"text": topics[at % 6]}, "x") for at in range(60))
    assert {case.inputs["text"] for case in Relevance(every).about(text, 50)} == {topics[1]}


def test_where_no_blanks_stand_pairs_of_characters_are_the_words() -> None:
    assert distinct_words("屏幕碎 HDMI线") == {"屏幕", "幕碎", "hdmi", "线"}


def test_accents_do_not_divide_a_word() -> None:
    assert distinct_words("हिन्दी שָׁלוֹם Cafe\u0301") == {"हिन्दी", "שָׁלוֹם", "café"}


def test_a_phrase_is_found_as_a_whole_word_only() -> None:
    assert whole_words(" No ").search("say no!")
    assert not whole_words("No").search("nothing is known")


def test_a_phrase_is_found_amid_text_without_blanks() -> None:
    assert whole_words("正面").search("应该回答正面才对")
