"""The change from one prompt to another as hunks finer than lines, each of which can be left out.

A hunk is a sentence, a list item or a line that was added, removed or reworded. Text that moved is one hunk, taken away
there and put in here. All demonstrations together are one hunk: they were drawn as a set, balanced and ordered, the
effect of a single one is below what the dev cases can show, and the demonstrations operator tries fewer by itself.
Placeholders and protected text stand between the regions that are compared, so no choice of hunks touches them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from apo_ci.errors import InputError
from apo_ci.inputs.prompts import Prompt

MOST_HUNKS = 12  # a change of more pieces is taken in larger ones: each piece costs evaluations
LIKE = 0.5  # share of common words from which a sentence counts as a rewording of another
MOVED = 0.8  # the same for a sentence that turns up elsewhere
_BREAK = re.compile(r"(?<=[.!?])\s+(?=[^\s\w]*(?![a-z])\w)|(?<=[。！？])|\s*\n\s*")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Hunk:
    """One piece of a change: `removed` is what the start said there, `added` what the other prompt says instead.

    `examples` is the number of demonstrations that it adds.
    """

    number: int
    removed: str
    added: str
    examples: int = 0


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence or line with its positions in the two texts; `None` where a text does not have it."""

    text: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class _Step:
    """What stands in the place of what; `kept` text stands in both."""

    removed: tuple[_Unit, ...]
    added: tuple[_Unit, ...]
    kept: bool = False


@dataclass(frozen=True, slots=True)
class _Region:
    """A stretch of text in both prompts: what stands for what, and in each the blanks before, between, after units."""

    steps: tuple[_Step, ...]
    blanks_before: tuple[str, ...]
    blanks_after: tuple[str, ...]

    def text(self, undone: Collection[int]) -> str:
        """The stretch, with the steps at these positions left out."""
        units = [
            unit
            for position, step in enumerate(self.steps)
            for unit in (step.removed if position in undone else step.added)
        ]
        if not units:
            return "".join(self.blanks_before if any(step.added for step in self.steps) else self.blanks_after)
        blanks = [self._blank(one, two) for one, two in pairwise(units)]
        text = "".join(unit.text + blank for unit, blank in zip(units, [*blanks, ""], strict=True))
        first = self.blanks_before if units[0].after is None else self.blanks_after
        last = self.blanks_before if units[-1].after is None else self.blanks_after
        return f"{first[0]}{text}{last[-1]}"

    def _blank(self, one: _Unit, two: _Unit) -> str:
        """What stood between two units where they were neighbours, or else before the second one."""
        if one.after is not None and two.after == one.after + 1:
            return self.blanks_after[two.after]
        if one.before is not None and two.before == one.before + 1:
            return self.blanks_before[two.before]
        blank = self.blanks_before[two.before or 0] if two.after is None else self.blanks_after[two.after]
        rest = self.blanks_before[one.before + 1] if one.after is None and one.before is not None else ""
        return blank or rest or " "


@dataclass(frozen=True, slots=True)
class _Change:
    """Fixed text and regions in turn, and which steps (region, position) make up each hunk."""

    fixed: tuple[str, ...]
    regions: tuple[_Region, ...]
    groups: tuple[tuple[tuple[int, int], ...], ...]

    def body(self, kept: Collection[int]) -> str:
        """The body with the hunks of these numbers."""
        undone = {step for number, group in enumerate(self.groups) if number not in kept for step in group}
        texts = [
            region.text({position for owner, position in undone if owner == index})
            for index, region in enumerate(self.regions)
        ]
        return "".join(fixed + text for fixed, text in zip(self.fixed, [*texts, ""], strict=True))

    def step(self, at: tuple[int, int]) -> _Step:
        """The step of a region."""
        return self.regions[at[0]].steps[at[1]]


def split(start: Prompt, winner: Prompt) -> tuple[Hunk, ...]:
    """The change from `start` to `winner`; empty where they are the same file.

    One hunk for all of it where it cannot be taken apart, such as when the front matter changed too.
    """
    if start.source == winner.source:
        return ()
    change = _change(start, winner)
    if change is None:
        return (Hunk(0, start.body, winner.body),)
    hunks = [_hunk(number, [change.step(at) for at in group]) for number, group in enumerate(change.groups)]
    if winner.demonstrations:
        hunks.append(Hunk(len(hunks), "", "", len(winner.demonstrations)))
    return tuple(hunks) or (Hunk(0, start.body, winner.body),)


def compose(start: Prompt, winner: Prompt, kept: Collection[int]) -> Prompt:
    """`start` with the hunks of these numbers: all of them make `winner`, none make `start`, byte for byte.

    Raises `InputError` where the rest would not be a prompt of the same structure.
    """
    hunks = split(start, winner)
    if all(hunk.number in kept for hunk in hunks):
        return winner
    change = _change(start, winner)
    if change is None or not any(hunk.number in kept for hunk in hunks):
        return start
    prompt = start.with_body(change.body(kept))
    if not (prompt.same_structure(start) or prompt.same_structure(winner)):
        raise InputError("The change cannot be taken apart there.", path=start.path)
    examples = any(hunk.examples for hunk in hunks if hunk.number in kept)
    return prompt.with_demonstrations(winner.demonstrations) if examples else prompt


def _change(start: Prompt, winner: Prompt) -> _Change | None:
    bare = winner.bare or winner
    if start.header != bare.header or start.path != bare.path or start.demonstrations:
        return None
    fixed, texts = _regions(start, bare)
    regions = tuple(_region(before, after) for before, after in texts)
    places = [
        (index, position)
        for index, region in enumerate(regions)
        for position, step in enumerate(region.steps)
        if not step.kept
    ]
    groups = _moves([(place, regions[place[0]].steps[place[1]]) for place in places])
    change = _Change(fixed, regions, ())
    most = MOST_HUNKS - bool(winner.demonstrations)
    return _Change(fixed, regions, tuple(map(tuple, _coarser(change, groups, most))))


def _regions(start: Prompt, bare: Prompt) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """The text that both share, and between it the stretches that may differ: the parts, or else the whole body."""
    ours, theirs = _stretches(start), _stretches(bare)
    if ours[0] == theirs[0]:
        return ours[0], list(zip(ours[1], theirs[1], strict=True))
    return ("", ""), [(start.body, bare.body)]


def _stretches(prompt: Prompt) -> tuple[tuple[str, ...], list[str]]:
    """What is not to be edited, and between it the editable text with the blanks around it."""
    edges = [0, *(edge for part in prompt.parts for edge in (part.start, part.end)), len(prompt.body)]
    pieces = [prompt.body[first:last] for first, last in pairwise(edges)]
    fixed, texts = [""], [""]
    for position, piece in enumerate(pieces):
        core = piece.strip() if position % 2 == 0 else ""
        if core:
            before, _, after = piece.partition(core)
            texts[-1] += before
            fixed.append(core)
            texts.append(after)
        else:
            texts[-1] += piece
    return (*fixed, ""), texts


def _region(before: str, after: str) -> _Region:
    ours, blanks_before = _units(before)
    theirs, blanks_after = _units(after)
    steps: list[_Step] = []
    for tag, i, j, k, m in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag == "equal":
            same = tuple(_Unit(ours[i + step], i + step, k + step) for step in range(j - i))
            steps.append(_Step(same, same, kept=True))
        else:
            removed = [_Unit(ours[at], at, None) for at in range(i, j)]
            added = [_Unit(theirs[at], None, at) for at in range(k, m)]
            steps += _paired(removed, added)
    return _Region(tuple(steps), blanks_before, blanks_after)


def _units(text: str) -> tuple[list[str], tuple[str, ...]]:
    """Sentences and lines, and the blanks before, between and after them."""
    core = text.strip()
    if not core:
        return [], (text, "")
    lead, _, trail = text.partition(core)
    breaks = (match.span() for match in _BREAK.finditer(core) if 0 < match.end() < len(core))
    cuts = [(0, 0), *breaks, (len(core), len(core))]
    units = [core[one[1] : two[0]] for one, two in pairwise(cuts)]
    return units, (lead, *(core[first:last] for first, last in cuts[1:-1]), trail)


def _paired(removed: Sequence[_Unit], added: Sequence[_Unit]) -> Iterator[_Step]:
    """Rewordings side by side; of what is not alike, the first addition stands for all that was removed there."""
    pairs = [(_likeness(old.text, new.text), i, j) for i, old in enumerate(removed) for j, new in enumerate(added)]
    best, i, j = max(pairs, key=lambda pair: (pair[0], -pair[1], -pair[2]), default=(0.0, 0, 0))
    if best >= LIKE:
        yield from _paired(removed[:i], added[:j])
        yield _Step((removed[i],), (added[j],))
        yield from _paired(removed[i + 1 :], added[j + 1 :])
    elif removed and added:
        yield _Step(tuple(removed), (added[0],))
        yield from (_Step((), (unit,)) for unit in added[1:])
    else:
        yield from (_Step((unit,), ()) for unit in removed)
        yield from (_Step((), (unit,)) for unit in added)


def _likeness(one: str, two: str) -> float:
    """The share of their words that two texts have in common (Dice's coefficient)."""
    ours, theirs = (Counter(_WORD.findall(text.casefold())) for text in (one, two))
    total = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / total if total else float(one == two)


def _moves(steps: Sequence[tuple[tuple[int, int], _Step]]) -> list[list[tuple[int, int]]]:
    """One group for each step, but one for both where text was taken away in one place and put in at another."""
    groups: dict[tuple[int, int], list[tuple[int, int]]] = {place: [place] for place, _ in steps}
    gone = [(place, step) for place, step in steps if not step.added]
    for place, step in steps:
        if step.removed or len(groups.get(place, ())) != 1:
            continue
        origin = next((other for other in gone if _likeness(_text(other[1].removed), _text(step.added)) >= MOVED), None)
        if origin is not None:
            gone.remove(origin)
            groups[place] += groups.pop(origin[0])
    return [sorted(group) for group in groups.values()]


def _coarser(change: _Change, groups: list[list[tuple[int, int]]], most: int) -> list[list[tuple[int, int]]]:
    """At most `most` groups, neighbours joined where together they are shortest."""
    while len(groups) > most:
        sizes = [sum(len(_text(change.step(at).removed + change.step(at).added)) for at in group) for group in groups]
        first = min(range(len(groups) - 1), key=lambda at: sizes[at] + sizes[at + 1])
        groups = [*groups[:first], groups[first] + groups[first + 1], *groups[first + 2 :]]
    return groups


def _hunk(number: int, steps: Sequence[_Step]) -> Hunk:
    removed = _text([unit for step in steps for unit in step.removed])
    return Hunk(number, removed, _text([unit for step in steps for unit in step.added]))


def _text(units: Sequence[_Unit]) -> str:
    return "\n".join(unit.text for unit in units)
