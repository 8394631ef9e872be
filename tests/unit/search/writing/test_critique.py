"""What the baselines ask of an optimizer model: a criticism with the next version, and a phrase in other words."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from apo_ci.config import Budget
from apo_ci.evaluation.evaluate import Outcome, TaskModel
from apo_ci.evaluation.score import Score
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import parse_prompt
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Request
from apo_ci.search.gradients import FailureGroup
from apo_ci.search.writing.chat import ChatWriter
from apo_ci.search.writing.completion import CompletionWriter
from apo_ci.search.writing.wording import marked
from tests.unit.search.worlds import ScribeWorld

PROMPT = parse_prompt(
    "system:\nYou label reviews. Be strict.\r\n{# apo: keep #}Say Yes or No.{# apo: end #}\nuser:\n{{ review }}",
    "p.prompt.md",
)
GROUP = FailureGroup("x", (Outcome(Case("1", {"review": "Fine {{ 7 }}"}, "Yes"), 0, "No", Score(0.0, "no", "No")),))
NOTHING = FailureGroup("x", ())
MODEL = TaskModel("scribe")


def scribe(answer: Callable[[Request], str]) -> ScribeWorld:
    return ScribeWorld(answer, Ledger(Budget()))


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps({"criticism": " Too vague. ", "parts": [{"id": 1, "text": "Judge."}]}),
        '<criticism> Too vague.</criticism>\n<part id="1">Judge.</part>',
    ],
)
async def test_criticism_and_new_texts_come_in_one_reply(reply: str) -> None:
    model = scribe(lambda request: reply)
    assert await ChatWriter(model, MODEL).critique(PROMPT, 0.25, GROUP, 0) == ("Too vague.", {0: "Judge."})
    assert len(model.requests) == 1


@pytest.mark.parametrize("reply", ["", "Sorry.", '{"criticism": 3, "parts": 4}', '{"parts": [{"id": 9, "text": "x"}]}'])
async def test_a_reply_of_no_use_is_nothing(reply: str) -> None:
    assert await ChatWriter(scribe(lambda request: reply), MODEL).critique(PROMPT, 0.25, GROUP, 0) == ("", {})


async def test_the_agent_sees_its_score_and_its_errors_as_data() -> None:
    model = scribe(lambda request: "")
    await ChatWriter(model, MODEL).critique(PROMPT, 0.25, GROUP, 0)
    text = model.requests[0].messages[1].content
    assert "scored 0.25 on new cases" in text
    assert "Fine {{ 7 }}\nRight answer: Yes\nThe model's answer: No" in text.split("<<<data ")[2]


async def test_without_errors_none_are_announced() -> None:
    model = scribe(lambda request: "")
    await ChatWriter(model, MODEL).critique(PROMPT, 1.0, NOTHING, 0)
    assert "wrongly" not in model.requests[0].messages[1].content.split("Criticise")[0]
    assert model.requests[0].messages[1].content.count("<<<data ") == 1


async def test_a_small_model_gives_a_note_that_is_put_after_the_instruction() -> None:
    model = scribe(lambda request: "Anger means No.")
    criticism, texts = await CompletionWriter(model, MODEL, 0).critique(PROMPT, 0.25, GROUP, 0)
    assert (criticism, texts) == ("Anger means No.", {0: "You label reviews. Be strict. Anger means No."})
    assert len(model.requests) == 1
    assert await CompletionWriter(model, MODEL, 0).critique(PROMPT, 1.0, NOTHING, 0) == ("", {})


def test_a_phrase_is_shown_where_it_stands() -> None:
    assert marked(PROMPT, 0, 19, 29) == (
        '[system]\nYou label reviews. <part id="1">Be strict.</part>\r\n'
        "{# apo: keep #}Say Yes or No.{# apo: end #}\n[user]\n{{ review }}"
    )


def test_a_phrase_is_shown_without_demonstrations() -> None:
    shown = PROMPT.with_demonstrations([({"review": "Good."}, "Yes")])
    assert marked(shown, 0, 19, 29) == marked(PROMPT, 0, 19, 29)


@pytest.mark.parametrize(
    "reply", ['{"parts": [{"id": 1, "text": "Show no mercy."}]}', '<part id="1">Show no mercy.</part>']
)
async def test_a_phrase_comes_back_in_other_words(reply: str) -> None:
    model = scribe(lambda request: reply)
    assert await ChatWriter(model, MODEL).rephrase(PROMPT, 0, (19, 29), 0) == "Show no mercy."
    assert "You label reviews." in model.requests[0].messages[1].content


async def test_a_phrase_without_a_usable_reply_is_none() -> None:
    assert await ChatWriter(scribe(lambda request: "no"), MODEL).rephrase(PROMPT, 0, (19, 29), 0) is None


async def test_a_small_model_sees_the_phrase_alone() -> None:
    model = scribe(lambda request: "Show no mercy.")
    assert await CompletionWriter(model, MODEL, 0).rephrase(PROMPT, 0, (19, 29), 0) == "Show no mercy."
    assert model.requests[0].messages[-1].content.endswith("Instruction: Be strict.\nIn other words:")
