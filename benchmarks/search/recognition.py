"""Statements found again in text, by whatever words they are made in.

A rule is a feature with a label in one sentence; a label after a negation ("not billing", "instead of billing") does
not count. The other kinds have key phrases. What is not recognised means nothing to the models, and only counts as
words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from benchmarks.search.hidden import Hidden
from benchmarks.search.statement import Statement
from benchmarks.search.veil import Veil

SENTENCE = re.compile(r"[^\s\-*•#>].*?(?:[.!?;](?=[\s\"'”*<]|$)|(?=\n)|\Z)", re.MULTILINE)
_NEGATION = re.compile(
    r"(?:\bnot|\bnever|\binstead of|\brather than|\bthan|n't be)\s+(?:(?:as|to|an?|the)\s+)?[\"'`*]*$"
)
_REMOVAL = re.compile(r"mislead|\bharm|\bis wrong|\bdrop|\bremov|\bdelet|\bshould go\b", re.IGNORECASE)
_STEPS = re.compile(r"step[ -]by[ -]step|\bin (?:\w+ )?steps\b", re.IGNORECASE)
_ORDER = re.compile(r"several rules|precedence|rules in (?:this|the) |listed first", re.IGNORECASE)
_REPLY = re.compile(r"\b(?:answer|reply|respond|response|output|give|write|return)\b", re.IGNORECASE)
_NARROW = re.compile(r"\b(?:only|just|nothing else|exactly|single|one word|one of)\b", re.IGNORECASE)
_STRONG_TASK = re.compile(r"\b(?:classif|categori[sz]|label(?= (?:it|the|this|each|every)\b))", re.IGNORECASE)
_WEAK_TASK = re.compile(
    r"\b(?:assign|choose|decide|determine|find|identify|pick|say|select|sort|tell|work out)\b.*"
    r"\b(?:label|category|class|group|type)\b|\b(?:label|category|class|group|type)\b.*\b(?:belongs?|falls?)\b",
    re.IGNORECASE,
)
_ADVICE = {
    "careful": r"\bcareful|\bclosely|\bevery word",
    "context": r"\bcontext",
    "intent": r"\bintent|\bsender wants",
    "tone": r"\btone\b|\bmood\b",
    "expert": r"\bexpert",
    "doubt": r"\bin doubt|\bunsure|\buncertain",
    "spelling": r"\bspelling|\btypos?\b",
    "calm": r"\byour time\b|\bdeep breath",
}
_ADVICES = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _ADVICE.items()}
REMEMBERED = 65_536


@dataclass(frozen=True)
class Recognition:
    """Recognises the statements of one world; `features` has each feature by each of its names."""

    labels: tuple[str, ...]
    features: Mapping[str, str] = field(hash=False)
    label_words: re.Pattern[str]
    feature_words: re.Pattern[str]

    @lru_cache(maxsize=REMEMBERED)  # noqa: B019 (there are few worlds, and they end with the process)
    def statements(self, sentence: str) -> tuple[Statement, ...]:
        """What `sentence` says; empty for what means nothing."""
        features, labels = self.mentioned(sentence), self.affirmed(sentence)
        if features:
            return tuple(self._about(feature, labels, sentence) for feature in features)
        found = [*self._structure(sentence, labels)]
        return tuple(found or (Statement("advice", name) for name, key in _ADVICES.items() if key.search(sentence)))

    def task_at(self, sentence: str) -> int | None:
        """Where in `sentence` the words stand that state the task, if any do."""
        if not any(said.kind == "task" for said in self.statements(sentence)):
            return None
        words = _STRONG_TASK.search(sentence) or _WEAK_TASK.search(sentence)
        return None if words is None else words.start()

    def mentioned(self, text: str) -> tuple[str, ...]:
        """The features that `text` mentions, each once."""
        pairs = (f"{first} {second}".lower() for first, second in self.feature_words.findall(text))
        return tuple(dict.fromkeys(self.features[pair] for pair in pairs if pair in self.features))

    def affirmed(self, text: str) -> tuple[str, ...]:
        """The labels that `text` names without a negation, each once."""
        found = (
            match.group().lower()
            for match in self.label_words.finditer(text)
            if not _NEGATION.search(text[max(0, match.start() - 24) : match.start()].lower())
        )
        return tuple(dict.fromkeys(found))

    @staticmethod
    def _about(feature: str, labels: tuple[str, ...], sentence: str) -> Statement:
        if len(labels) == 1:
            return Statement("rule", feature, labels[0])
        return Statement("removal" if not labels and _REMOVAL.search(sentence) else "garbled", feature)

    def _structure(self, sentence: str, labels: tuple[str, ...]) -> Iterator[Statement]:
        if _STEPS.search(sentence):
            yield Statement("steps")
            return
        if _ORDER.search(sentence):
            yield Statement("order")
            return
        is_format = bool(_REPLY.search(sentence) and _NARROW.search(sentence))
        lists = len(labels) == len(self.labels)
        if _STRONG_TASK.search(sentence) or (not is_format and not lists and _WEAK_TASK.search(sentence)):
            yield Statement("task")
        if is_format:
            yield Statement("format")
        elif lists:
            yield Statement("labels")


def recognition_of(hidden: Hidden, veil: Veil) -> Recognition:
    """The recognition of the statements of `hidden`, whose features have further names in `veil`."""
    features = {name: feature for feature in hidden.features for name in (feature, *veil.get(feature, ()))}
    first, second = zip(*(name.split() for name in features), strict=True)
    return Recognition(
        labels=hidden.labels,
        features=features,
        label_words=re.compile(rf"\b(?:{'|'.join(hidden.labels)})\b", re.IGNORECASE),
        feature_words=re.compile(rf"\b({'|'.join(first)})[\s-]+({'|'.join(second)})(?:e?s)?\b", re.IGNORECASE),
    )
