"""The reasons of a verdict, its figures and its notes in plain sentences."""

from __future__ import annotations

import pytest

from apo_ci.report import gains, sentences
from apo_ci.report.model import PromptReport
from apo_ci.report.sentences import MARKDOWN, TERMINAL
from tests.unit.report.samples import (
    BETTER,
    NEW,
    NO_BETTER,
    NOISE,
    REVERT,
    SAME,
    SITUATIONS,
    UNCONFIRMED,
    UNSURE,
    WORSE,
    report,
    sentiment,
)


def test_the_gates_reasons_are_the_explanation() -> None:
    prompt = sentiment(reasons=("Because.",))
    assert sentences.explanation(prompt, TERMINAL) == ["Because."]


def test_without_reasons_the_figures_explain() -> None:
    assert sentences.explanation(sentiment(reasons=(), metric="f1"), TERMINAL) == [
        "F1 fell from 90.3% to 72.2% on 72 cases: −18.1 points (95% CI −25.4 to −10.2, p < 0.001)."
    ]
    assert sentences.explanation(NEW.model_copy(update={"reasons": ()}), TERMINAL) == [
        "Accuracy is 88.3% (95% CI 77.8% to 94.2%) on 60 cases; the floor is 75.0%."
    ]


def test_an_inconclusive_verdict_says_what_would_decide_and_whether_it_blocks() -> None:
    prompt = sentiment(verdict="inconclusive", reasons=(), blocks=False, comparison=UNSURE)
    assert sentences.explanation(prompt, TERMINAL)[1:] == [
        "About 214 cases would decide it.",
        "This does not block the merge.",
    ]
    blocking = prompt.model_copy(update={"blocks": True})
    assert sentences.explanation(blocking, TERMINAL)[-1] == "This blocks the merge."


def test_a_prompt_that_did_not_change_says_why_it_was_evaluated() -> None:
    prompt = sentiment(reasons=("Because.",), affected=("eval set changed", "settings changed"))
    expected = "Why it was evaluated: eval set changed and settings changed."
    assert sentences.explanation(prompt, TERMINAL)[-1] == expected


@pytest.mark.parametrize(
    ("drop", "line"),
    [
        (0.1102, "With 72 cases this check sees drops of 11 points or more."),
        (1.0, "With 72 cases this check sees no drop reliably."),
        (0.0, "With 72 cases this check sees no drop reliably."),
    ],
)
def test_the_power_line(drop: float, line: str) -> None:
    assert sentences.power_line(WORSE.model_copy(update={"detectable_drop": drop})) == line


def test_both_verdicts_are_said_and_which_one_gates() -> None:
    prompt: PromptReport = SITUATIONS["two_verdicts"].prompts[0]
    assert sentences.second_verdict(prompt, MARKDOWN).startswith(
        "This pull request also changes the eval set. By the base's, which gates: **fail**. By its own: **pass**."
    )
    assert sentences.second_verdict(sentiment(), MARKDOWN) == ""


def test_a_suggestion_says_gain_cost_and_doubt() -> None:
    better = gains.search_sentence(BETTER, TERMINAL)
    assert better == (
        "A better prompt was found: +22.2 points (95% CI +13.0 to +31.4, p < 0.001) over this pull request and +5.6 "
        "over the base, on 60 cases that the search had not seen."
    )
    assert gains.cost_sentence(BETTER) == "The search cost 412 calls, $0.08."
    assert gains.search_sentence(REVERT, TERMINAL).startswith("Going back to the base version is better: +18.1 points")
    assert "That is too little to call it a gain." in gains.search_sentence(UNCONFIRMED, TERMINAL)
    assert gains.search_sentence(NO_BETTER, TERMINAL).startswith("Search: No better prompt was found.")
    assert gains.suggestion_sentence(NO_BETTER, TERMINAL) == ""


def test_a_reply_cannot_forge_a_line() -> None:
    assert sentences.explanation(sentiment(reasons=("a\n✅ Pass",)), TERMINAL) == ["a ↵ ✅ Pass"]


def test_notes_say_how_a_run_ended_and_what_was_not_checked() -> None:
    value = report(
        sentiment(comparison=SAME),
        config_from="head",
        finish_reason="budget",
        deleted=("a", "b"),
        unevaluated=tuple(f"p{number}" for number in range(25)),
        warnings=("same", "same"),
    )
    lines = sentences.notes(value, TERMINAL)
    assert lines[0].startswith("The base has no configuration yet")
    assert lines[1] == "The budget was spent before everything was evaluated."
    assert lines[2] == "Deleted: a, b."
    assert lines[3].endswith("p19 and 5 more.")
    assert lines[4:] == ["same"]


def test_the_noise_is_told_in_one_sentence() -> None:
    assert sentences.noise_sentence(NOISE) == "Asked twice, the same prompt differed in 3 of 180 replies (0.6 points)."
    calm = NOISE.model_copy(update={"flips": 0, "delta": 0.0})
    assert sentences.noise_sentence(calm) == "Asked twice, the same prompt gave the same 180 replies."
    assert sentences.noise_sentence(NOISE) in sentences.explanation(sentiment(noise=NOISE), MARKDOWN)


def test_notes_say_why_no_model_was_asked() -> None:
    assert sentences.notes(SITUATIONS["without_a_model"], TERMINAL)[0].startswith(
        "No model was asked, because the pull request comes from a fork"
    )
