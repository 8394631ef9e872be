"""The reinforcement learning baseline of arXiv 2305.03495 (section 3.3): phrase edits chosen by a learned policy.

As in the paper, after GrIPS (arXiv 2203.07281) and TEMPERA (arXiv 2211.11890): the prompt is cut into phrases, and a
successor differs from its parent by one operation on a phrase: add, delete, swap or paraphrase. Added is a phrase that
was deleted on the way from the start to the parent, as in GrIPS. Successor count, beam and selection are ProTeGi's.

What the paper leaves open: the policy. Here it is a softmax over (operation, place), the place being the first, middle
or last third of the prompt's phrases, learned by policy gradient in the course of the run. The reward is a successor's
dev estimate less its parent's on the same cases. A phrase is paraphrased by the optimizer model, which sees where it
stands in the prompt; GrIPS has a model of its own for that. Stretches of fewer words than a phrase has, such as
`Review:` before a placeholder, are left alone, and the last phrase of a stretch is not deleted. Which prompts go on is
decided by selection alone.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.operators.drafting import lot, redrafted
from apo_ci.search.operators.rewriting import in_order
from apo_ci.search.optimizers.phrases import SHORTEST, Phrases, phrases_of
from apo_ci.search.optimizers.policy import Action, Decision, Policy
from apo_ci.search.optimizers.strategy import Round
from apo_ci.search.pulls import Pulls
from apo_ci.search.seeds import generator
from apo_ci.search.state import SearchState

OPERATIONS = ("add", "delete", "swap", "paraphrase")
PLACES = ("opening", "middle", "closing")

Spot = tuple[int, int]  # a part, and a phrase of it


@dataclass(frozen=True, slots=True)
class Edit:
    """The texts that an operation changes, by part, and what can be put back after it."""

    texts: Mapping[int, Phrases]
    deleted: tuple[str, ...]


class PhraseEdits:
    """Changes one phrase of a parent at a time, and learns which changes pay."""

    def __init__(self, state: SearchState):
        self._state = state
        self._writer = state.proposers.writer
        self._policy = Policy()
        self._decisions: dict[str, Decision] = {}  # by the source of the prompt that came of it
        self._deleted: dict[str, tuple[str, ...]] = {}  # phrases that can be put back, likewise

    def requests(self, parent: Candidate, successors: int) -> int:
        """As in `Expander`: one for each phrase that is paraphrased."""
        return successors

    async def expand(self, turn: Round, parents: Sequence[Candidate], successors: int) -> list[Sequence[Draft]]:
        """As in `Expander`."""
        return await in_order(self._expand(turn, parent, successors) for parent in parents)

    def learn(self, arms: Sequence[Candidate], pulls: Pulls) -> None:
        """As in `Expander`: a step of the policy for what has met dev cases."""
        experiences = []
        for arm in arms:
            parent = self._state.roster.parent_of(arm)
            upto = 0 if parent is None else min(pulls.count(arm), pulls.count(parent))
            if parent is not None and upto:
                reward = pulls.utility(arm, upto) - pulls.utility(parent, upto)
                experiences.append((self._decisions[arm.prompt.source], reward))
        self._policy.learn(experiences)

    def chances(self, prompt: Prompt) -> dict[Action, float]:
        """How likely each operation is now on `prompt`."""
        return self._policy.probabilities(self._possible(prompt))

    async def _expand(self, turn: Round, parent: Candidate, successors: int) -> Sequence[Draft]:
        rng = generator(self._state.settings.seed, "grow", turn.number, parent.id)
        possible = self._possible(parent.prompt)
        if not possible:
            return []
        decisions = [self._policy.draw(possible, rng) for _ in range(successors)]
        seeds = [lot(rng) for _ in decisions]
        edits = await in_order(
            self._edit(parent.prompt, decision.action, generator(seed, "phrase"))
            for decision, seed in zip(decisions, seeds, strict=True)
        )
        drafts = [
            self._draft(parent, decision, edit)
            for decision, edit in zip(decisions, edits, strict=True)
            if edit is not None
        ]
        return [draft for draft in drafts if draft is not None]

    def _draft(self, parent: Candidate, decision: Decision, edit: Edit) -> Draft | None:
        note = f"{decision.action[0]} in the {decision.action[1]}"
        texts = {part: phrases.text for part, phrases in edit.texts.items()}
        draft = redrafted(Draft(parent.prompt, parent, "phrase", note=note), texts)
        if draft is not None:
            self._decisions.setdefault(draft.prompt.source, decision)
            self._deleted.setdefault(draft.prompt.source, edit.deleted)
        return draft

    def _possible(self, prompt: Prompt) -> list[Action]:
        deleted = self._deleted.get(prompt.source, ())
        return [
            (operation, place)
            for operation in OPERATIONS
            for place in PLACES
            if _spots(_cut(prompt), operation, place, can_add=bool(deleted))
        ]

    async def _edit(self, prompt: Prompt, action: Action, rng: random.Random) -> Edit | None:
        """What `action` makes of `prompt`, at a random place of its kind; `None` when a paraphrase fails."""
        texts, deleted = _cut(prompt), self._deleted.get(prompt.source, ())
        part, position = rng.choice(_spots(texts, *action, can_add=bool(deleted)))
        phrases = texts[part]
        match action[0]:
            case "add":
                nth = rng.randrange(len(deleted))
                added = phrases.with_phrase(position + rng.randrange(2), deleted[nth])
                return Edit({part: added}, (*deleted[:nth], *deleted[nth + 1 :]))
            case "delete":
                return Edit({part: phrases.without(position)}, (*deleted, phrases.phrases[position]))
            case "swap":
                others = [spot for spot in _all_spots(texts) if spot != (part, position)]
                return Edit(_swapped(texts, (part, position), rng.choice(others)), deleted)
            case _:
                phrase = await self._writer.rephrase(prompt, part, phrases.span(position), lot(rng))
                return Edit({part: phrases.replaced(position, phrase)}, deleted) if phrase else None


def _cut(prompt: Prompt) -> dict[int, Phrases]:
    """The instructions among the prompt's parts, in phrases; a part such as `Review:` only names what follows."""
    words = {index: len(part.text.split()) for index, part in enumerate(prompt.parts)}
    longest = max(words.values(), default=0)
    return {
        index: phrases_of(prompt.parts[index].text)
        for index, number in words.items()
        if number >= min(SHORTEST, longest)
    }


def _all_spots(texts: Mapping[int, Phrases]) -> list[Spot]:
    return [(part, position) for part, phrases in texts.items() for position in range(len(phrases.phrases))]


def _spots(texts: Mapping[int, Phrases], operation: str, place: str, *, can_add: bool) -> list[Spot]:
    """Where an operation can be done in one third of a prompt; to add is to add before or after a spot."""
    spots = _all_spots(texts)
    if (operation == "swap" and len(spots) < 2) or (operation == "add" and not can_add):
        return []
    return [
        (part, position)
        for nth, (part, position) in enumerate(spots)
        if PLACES[int((nth + 0.5) / len(spots) * len(PLACES))] == place
        and (operation != "delete" or len(texts[part].phrases) > 1)
    ]


def _swapped(texts: Mapping[int, Phrases], one: Spot, other: Spot) -> dict[int, Phrases]:
    first, second = texts[one[0]].phrases[one[1]], texts[other[0]].phrases[other[1]]
    changed = {one[0]: texts[one[0]].replaced(one[1], second)}
    changed[other[0]] = changed.get(other[0], texts[other[0]]).replaced(other[1], first)
    return changed
