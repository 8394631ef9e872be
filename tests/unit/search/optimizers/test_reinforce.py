"""The phrase edits of the `reinforce` baseline, and that it learns which of them pay."""

from __future__ import annotations

from collections import Counter

from tests.unit.search.optimizers.places import kind, place, search, trials
from tests.unit.search.worlds import START


def test_reinforce_asks_the_optimizer_model_for_paraphrases_of_phrases_alone() -> None:
    where = place("reinforce", None, rounds=2)
    result, _ = search(where)
    assert {kind(request) for request in where.scribe.requests} == {"phrase"}
    tried = [trial for trial in result.history if trial.round]
    assert {trial.candidate.operator for trial in tried} == {"phrase"}
    notes = Counter(trial.candidate.note.split()[0] for trial in tried)
    assert set(notes) >= {"delete", "swap", "paraphrase"}
    assert len(where.scribe.requests) <= notes["paraphrase"]


def test_reinforce_leaves_names_of_fields_alone() -> None:
    result, _ = search(place("reinforce", None, rounds=3))
    assert all(trial.candidate.prompt.body.endswith("\n\nReview: {{ review }}\nLabel:") for trial in result.history)


def test_reinforce_puts_deleted_phrases_back() -> None:
    result, _ = search(place("reinforce", None, rounds=6, beam_width=8))
    by_id = {trial.candidate.id: trial.candidate for trial in result.history}
    added = [each for each in by_id.values() if each.note.startswith("add")]
    assert added
    for each in added:
        lineage = [each]
        while lineage[-1].parent is not None:
            lineage.append(by_id[lineage[-1].parent])
        text, before, *earlier = (one.prompt.parts[0].text.split() for one in lineage)
        back = Counter(text) - Counter(before)
        assert back.total() == len(text) - len(before) > 0
        assert any(back <= Counter(words) for words in earlier)


def test_a_prompt_of_one_phrase_can_be_paraphrased_only() -> None:
    result, _ = search(place("reinforce", None, rounds=1, start=START))
    assert {trial.candidate.note.split()[0] for trial in trials(result)} == {"paraphrase"}


def test_reinforce_comes_to_take_the_operation_that_pays() -> None:
    def shorter_is_better(text: str) -> float:
        return max(0.1, 1 - len(text.rsplit("Review: ", 1)[0]) / 250)

    early: Counter[bool] = Counter()
    late: Counter[bool] = Counter()
    for seed in range(4):
        result, _ = search(place("reinforce", None, shorter_is_better, seed=seed, rounds=4, beam_width=2))
        for trial in trials(result):
            (early if trial.round == 1 else late)[trial.candidate.note.startswith("delete")] += 1
    assert late[True] / late.total() > 1.4 * early[True] / early.total()
