"""Whether a prompt that scores higher does what is asked for at all.

Two ways to a higher score that help nobody: one answer for every case, which suits a test set where that answer is
frequent, and replies that name several answers, which suits a scorer that looks for the target anywhere in them.
Neither takes a request to find out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.score import Scorer, target_text
from apo_ci.evaluation.significance import mcnemar

FEWEST = 6  # outcomes; fewer can be the same by luck
MOST = 400  # outcomes that are scored against another target

Key = tuple[str, int, int]


def objection(start: Evaluation, winner: Evaluation, scorer: Scorer, confidence: float) -> str:
    """Why `winner` is not to be offered, whatever it scores; empty when nothing speaks against it."""
    before, after = _scored(start), _scored(winner)
    both = [key for key in after if key in before]
    if len(both) < FEWEST:
        return ""
    before, after = {key: before[key] for key in both}, {key: after[key] for key in both}
    if _ignores_the_case(before, after):
        return f"it gives the same answer to all {len(both):,} of them, whatever they say"
    if _hedges(before, after, scorer, confidence):
        return "its replies would be right for other targets too: they give several answers instead of one"
    return ""


def _scored(evaluation: Evaluation) -> dict[Key, Outcome]:
    return {
        (outcome.case.id, outcome.case.line, outcome.replicate): outcome
        for outcome in evaluation.outcomes
        if outcome.score is not None
    }


def _ignores_the_case(before: Mapping[Key, Outcome], after: Mapping[Key, Outcome]) -> bool:
    """Whether all answers are the same where targets differ, or where the start's answers do."""
    targets = {target_text(outcome.case.target) for outcome in after.values()}
    return len(_answers(after)) == 1 and (len(targets) > 1 or len(_answers(before)) > 1)


def _answers(outcomes: Mapping[Key, Outcome]) -> set[str]:
    return {_answer(outcome) for outcome in outcomes.values()}


def _answer(outcome: Outcome) -> str:
    predicted = None if outcome.score is None else outcome.score.predicted
    return " ".join((predicted or outcome.reply or "").casefold().split())


def _hedges(before: Mapping[Key, Outcome], after: Mapping[Key, Outcome], scorer: Scorer, confidence: float) -> bool:
    """Whether less of the winner's score is owed to the case's own target than of the start's, by a sign test.

    What another case's target would have scored as well is owed to no target. A reply with one answer loses nothing by
    that; what a scorer pays whatever the target is, such as valid JSON, is left out on both sides.
    """
    others = _other_targets(after)
    keys = [key for key in after if key in others][:MOST]
    changes = [_own(after[key], others[key], scorer) - _own(before[key], others[key], scorer) for key in keys]
    worse, better = sum(change < 0 for change in changes), sum(change > 0 for change in changes)
    return worse > better and mcnemar(worse, better) < 1 - confidence


def _other_targets(outcomes: Mapping[Key, Outcome]) -> dict[Key, object]:
    """For each outcome the next different target among the cases; nothing where all are the same."""
    by_text = {target_text(outcome.case.target): outcome.case.target for outcome in outcomes.values()}
    texts = list(by_text)
    following = dict(zip(texts, [*texts[1:], *texts[:1]], strict=True))
    if len(texts) < 2:
        return {}
    return {key: by_text[following[target_text(outcome.case.target)]] for key, outcome in outcomes.items()}


def _own(outcome: Outcome, other: object, scorer: Scorer) -> float:
    """The score that the reply earns with the case's own target alone."""
    if outcome.score is None or outcome.reply is None or not outcome.score.value:
        return 0.0
    return max(0.0, outcome.score.value - scorer.score(replace(outcome.case, target=other), outcome.reply).value)
