"""From the texts that a writer gave to a draft, for all that rewrite a prompt."""

from __future__ import annotations

import random
from dataclasses import replace

from apo_ci.errors import ApoError
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Draft
from apo_ci.search.gradients import failures
from apo_ci.search.operators.proposer import Growth
from apo_ci.search.writing.writer import Texts


def requests(growth: Growth) -> int:
    """How many requests of one draft each this turn allows for."""
    return max(0, min(growth.slots, growth.calls))


def sample(growth: Growth) -> int:
    """A number that tells one request of this growth from the others."""
    return lot(growth.rng)


def lot(rng: random.Random) -> int:
    """A number that tells one request from its repetitions, the same in every run with a seed."""
    return rng.randrange(2**31)


def rewritten(prompt: Prompt, texts: Texts) -> Prompt | None:
    """`prompt` with other texts; `None` where nothing changes, or a text cannot stand in it."""
    changed = {index: text for index, text in texts.items() if text.strip() != prompt.parts[index].text}
    if not changed:
        return None
    try:
        return prompt.with_parts(changed)
    except ApoError:
        return None


def redrafted(draft: Draft, texts: Texts) -> Draft | None:
    """`draft` with other texts of its prompt's parts; `None` as for `rewritten`."""
    prompt = rewritten(draft.prompt, texts)
    return None if prompt is None else replace(draft, prompt=prompt)


def failed_cases(growth: Growth, most: int) -> tuple[Case, ...]:
    """Cases of the minibatch that the parent fails, `most` at most."""
    return tuple(outcome.case for outcome in failures(growth.minibatch, growth.threshold)[:most])


def word_count(prompt: Prompt) -> int:
    """The words of the text that may change, without demonstrations."""
    return sum(len(part.text.split()) for part in prompt.parts)
