"""Shorter prompts: asked of a chat model, made by rule for a small one."""

from __future__ import annotations

from apo_ci.search.operators.shortening import Shortening
from tests.unit.search.operators.turns import candidate, chat, completion, growth, long_prompt, parts, propose
from tests.unit.search.worlds import prompt


def test_a_shorter_text_becomes_a_draft_that_tells_how_much_shorter() -> None:
    writer, model = chat(lambda request: parts("Label reviews. Ignore delivery. Read irony rightly."))
    drafts = propose(Shortening(writer), growth(candidate(long_prompt()), slots=1))
    assert [(draft.operator, draft.note) for draft in drafts] == [("shorten", "32 words became 9")]
    assert drafts[0].prompt.placeholders == {"review"}
    assert len(model.requests) == 1


def test_a_reply_that_is_no_shorter_is_no_draft() -> None:
    writer, _ = chat(lambda request: parts(" ".join(["word"] * 40)))
    assert propose(Shortening(writer), growth(candidate(long_prompt()))) == ()


def test_a_prompt_of_a_few_words_is_not_shortened() -> None:
    writer, model = chat(lambda request: parts("Hm"))
    assert propose(Shortening(writer), growth(candidate(prompt()))) == ()
    assert model.requests == []


def test_each_draft_is_a_question_of_its_own() -> None:
    writer, model = chat(lambda request: parts("Short."))
    propose(Shortening(writer), growth(candidate(long_prompt()), slots=3, calls=2))
    assert len({request.replicate for request in model.requests}) == 2


def test_a_small_model_is_not_asked_and_a_sentence_goes() -> None:
    writer, model = completion(lambda request: "x")
    drafts = propose(Shortening(writer), growth(candidate(long_prompt()), slots=6, calls=6))
    texts = {draft.prompt.parts[0].text for draft in drafts}
    assert len(texts) > 1
    assert all(text.startswith("You label product reviews") and text.count(".") == 3 for text in texts)
    assert model.requests == []
