"""The label scorer: which of the allowed labels a reply gives, or that it gives none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from apo_ci.errors import InputError
from apo_ci.evaluation.score import CORRECT, UNPARSED, Score, target_text, unusable
from apo_ci.inputs.datasets import Case

REMEMBERED = 4_096  # short replies repeat: what they meant is kept
SHORT = 256  # characters

CUE = (
    r"(?:answer|label|class|classification|category|sentiment|verdict|prediction|decision|conclusion|"
    r"result|output|response|intent|topic|judge?ment)[^\w:=：]*(?:\bis\b|[:=：])[\W_]*"
)
CUED = re.compile(rf"\b{CUE}$")
LEAD_IN = re.compile(rf"[\W_]*(?:(?:\w+[^\w:=：]+){{0,3}}{CUE})?")  # «Label: », "- **Final answer:** ", {"label": "
NEGATION = re.compile(r"(?:\bnot|n't|\bnever|\bneither|\bnor|\bnon|\brather than)[\s-]+(?:an?\s+|the\s+)?[\"'“”«*`]*$")
ALTERNATIVE = re.compile(r"[\W_]*(?:\b(?:and|or|vs)\b[\W_]*)*")
SEPARATED_ONLY = re.compile(r"[^\w/|&+]*")  # "Yes, no doubt about it" is no second answer, "Yes/No" is one
ENDS = re.compile(r"\s*(?:$|[^\w\s])")
EMPHASIS = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")  # Markdown's _Yes_, but not the one in billing_dispute
LOOK_BACK = 80  # characters before a label that may change what it means
SPACE = re.compile(r"\s+")
JOINT = re.compile(r"(?<=[^\W_])(?:\s+|[-_])(?=[^\W_])")


class LabelReader:
    """Reads a label out of free text, and refuses to guess.

    In this order: the label that the reply begins with (quotes, Markdown and a lead-in such as `Answer:` aside);
    the one that follows a cue such as "the answer is"; the only one that occurs as a whole word. A label next
    to another one ("Yes and No", "Yes/No") or after a negation ("not positive") is no answer. Within a label a
    space, a hyphen and an underscore are the same, unless two labels differ in nothing else.
    """

    def __init__(self, labels: Sequence[str], *, case_sensitive: bool = False):
        self._case_sensitive = case_sensitive
        self._joints = True
        self._joints = len({self._key(label) for label in labels}) == len(labels)
        self._labels = {self._key(label): label for label in labels if label.strip()}
        self._emphasis = not any(label.startswith("_") or label.endswith("_") for label in self._labels)
        self._mention = _mention_pattern(sorted(self._labels, key=len, reverse=True), joints=self._joints)
        self._known: dict[str, str] = {}

    def spell(self, target: str) -> str | None:
        """The label that `target` is, as the eval set writes it; `None` when it is none of them."""
        return self._labels.get(self._key(target))

    def read(self, reply: str) -> str:
        """The label that `reply` gives, as the eval set writes it, or `UNPARSED`."""
        known = self._known.get(reply)
        if known is None:
            known = self._read(self._fold(reply))
            if len(reply) <= SHORT and len(self._known) < REMEMBERED:
                self._known[reply] = known
        return known

    def _fold(self, text: str) -> str:
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text).replace("’", "'")
        return text if self._case_sensitive else text.casefold()

    def _key(self, label: str) -> str:
        folded = " ".join(self._fold(label).split())
        return JOINT.sub(" ", folded) if self._joints else folded

    def _read(self, text: str) -> str:
        if "_" in text and self._emphasis:
            text = EMPHASIS.sub(" ", text)
        mentions = self._mentions(text)
        first = next(mentions, None)
        if first is None:
            return UNPARSED
        if LEAD_IN.fullmatch(text, max(0, first.start() - LOOK_BACK), first.start()):
            return UNPARSED if self._is_contradicted(first, next(mentions, None), text) else self._label(first)
        return self._choose([first, *mentions], text)

    def _mentions(self, text: str) -> Iterator[re.Match[str]]:
        for mention in self._mention.finditer(text):
            after = text[mention.end() : mention.end() + 1]
            if not (after and unicodedata.category(after).startswith("M")):  # a vowel sign continues the word
                yield mention

    def _label(self, mention: re.Match[str]) -> str:
        return self._labels[self._key(mention.group())]

    def _choose(self, mentions: list[re.Match[str]], text: str) -> str:
        given: set[str] = set()
        cued: set[str] = set()
        for mention, following in zip(mentions, [*mentions[1:], None], strict=True):
            before = text[max(0, mention.start() - LOOK_BACK) : mention.start()].lower()
            if NEGATION.search(before):
                continue
            given.add(self._label(mention))
            if CUED.search(before):
                cued.add(UNPARSED if self._is_contradicted(mention, following, text) else self._label(mention))
        chosen = cued or given
        return chosen.pop() if len(chosen) == 1 else UNPARSED

    def _is_contradicted(self, mention: re.Match[str], following: re.Match[str] | None, text: str) -> bool:
        """Whether the `following` mention is another answer in the same breath."""
        if following is None or self._label(following) == self._label(mention):
            return False
        if not ALTERNATIVE.fullmatch(text, mention.end(), following.start()):
            return False
        if SEPARATED_ONLY.fullmatch(text, mention.end(), following.start()):
            return ENDS.match(text, following.end()) is not None
        return True


def _mention_pattern(labels: Sequence[str], *, joints: bool) -> re.Pattern[str]:
    """Finds `labels`, the longest first, as whole words; hyphens and apostrophes join words."""
    words = [_label_pattern(label, joints) for label in labels if _is_wordlike(label[0])]
    signs = [_label_pattern(label, joints) for label in labels if not _is_wordlike(label[0])]
    # One look behind for all words: with one for each label a long reply takes a hundred times as long.
    groups = [rf"(?<!\w)(?<!\w[-'])(?:{'|'.join(words)})"] if words else []
    return re.compile("|".join([*groups, *signs]))


def _label_pattern(label: str, joints: bool) -> str:
    parts = (JOINT if joints else SPACE).split(label)
    between = r"(?:\s+|[-_])" if joints else r"\s+"
    after = r"(?!\w)(?![-']\w)" if _is_wordlike(label[-1]) else ""
    return between.join(re.escape(part) for part in parts) + after


def _is_wordlike(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character).startswith("M")


class Label:
    """One when the reply gives the target's label; `LabelReader` says how it is read."""

    def __init__(self, labels: Sequence[str], *, case_sensitive: bool = False):
        if UNPARSED in (label.casefold() for label in labels):
            raise InputError(
                f"The label `{UNPARSED}` is taken: replies without a label count as it.", cure="Rename it."
            )
        self.labels = tuple(labels)
        self._reader = LabelReader(labels, case_sensitive=case_sensitive)
        self._targets: dict[str, str] = {}
        self._scores: dict[tuple[str, str], Score] = {}

    def score(self, case: Case, reply: str) -> Score:
        """Predicts the label, or `unparsed`."""
        pair = (self._target(case), self._reader.read(reply))
        score = self._scores.get(pair)
        if score is None:
            score = self._scores[pair] = _label_score(*pair)
        return score

    def _target(self, case: Case) -> str:
        text = target_text(case.target)
        target = self._targets.get(text)
        if target is None:
            target = self._reader.spell(text)
            if target is None:
                raise unusable(
                    case, f"the target {text[:80]!r} is none of the labels.", f"Labels: {', '.join(self.labels)}."
                )
            self._targets[text] = target
        return target


def _label_score(target: str, predicted: str) -> Score:
    if predicted == target:
        return Score(1.0, CORRECT, predicted)
    if predicted == UNPARSED:
        return Score(0.0, f"no single label in the reply; the target is {target}", UNPARSED)
    return Score(0.0, f"answered {predicted}, the target is {target}", predicted)
