"""What got in at the entry gate, put together: the changes of several edits of one parent in one prompt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from apo_ci.inputs.prompts import Prompt
from apo_ci.search.operators.drafting import rewritten
from apo_ci.search.optimizers.composing import composed, with_examples
from apo_ci.search.optimizers.entry import Change, Verdict
from apo_ci.search.writing.sentences import merged

SAME_CASES = 0.5  # of all cases that two hunks are about in common: they say the same


def chosen(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The changes that got in; of those of different edits that speak of the same cases, the one that did best."""
    kept: list[Verdict] = []
    for verdict in sorted((each for each in verdicts if each.is_in), key=lambda each: -each.gain):
        if not any(says_the_same(verdict.change, other.change) for other in kept):
            kept.append(verdict)
    return kept


def combine(parent: Prompt, kept: Sequence[Verdict]) -> Prompt:
    """`parent` with all changes that were chosen."""
    bare = parent.bare or parent
    result = bare
    for edit in {each.change.applicant.candidate.id: each.change.applicant.candidate for each in kept}.values():
        numbers = [each.change.hunk.number for each in kept if each.change.applicant.candidate is edit]
        version = composed(bare, edit.prompt.bare or edit.prompt, numbers)
        result = result if version is None else three_way(bare, result, version)
    return with_examples(result, parent) or parent


def three_way(base: Prompt, first: Prompt, second: Prompt) -> Prompt:
    """`first` with what `second` changed of `base`, sentence by sentence; `first` where that is no prompt."""
    if first == base:
        return second
    if not len(base.parts) == len(first.parts) == len(second.parts):
        return first
    triples = enumerate(zip(base.parts, first.parts, second.parts, strict=True))
    texts = {index: merged(one.text, two.text, three.text) for index, (one, two, three) in triples}
    return rewritten(first, texts) or first


def says_the_same(one: Change, other: Change) -> bool:
    """Whether two changes of different edits are about the same cases."""
    mine, theirs = {case.id for case in one.subject}, {case.id for case in other.subject}
    apart = one.applicant.candidate is not other.applicant.candidate
    in_one_place = bool(one.hunk.removed) and one.hunk.removed == other.hunk.removed
    return apart and (in_one_place or len(mine & theirs) > SAME_CASES * len(mine | theirs))
