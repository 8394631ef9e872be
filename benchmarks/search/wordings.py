"""How statements are worded: patterns with choices, so that every statement can be said in many ways.

In a pattern `[a|b|c]` is a choice (choices nest) and `{name}` a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

from benchmarks.search.hidden import Hidden
from benchmarks.search.statement import Kind, Statement
from benchmarks.search.vocabulary import with_article

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_BLANKS = re.compile(r" {2,}")
_MENTIONS = "[mentions|names|refers to|speaks of|brings up|contains|talks about]"
_MENTION = "[mention|name|refer to|speak of|bring up|contain|talk about]"

PATTERNS: Mapping[Kind, tuple[str, ...]] = {
    "task": (
        "[Classify|Categorise|Label] the {noun} [below|that follows|given below|at the end|].",
        "[Decide|Determine|Work out|Say|Identify] [which|what] [category|class|group] the {noun} [below|that follows|]"
        " [belongs to|falls under|falls into|is in].",
        "[Assign|Find] the [right|correct|fitting|best] [category|class|group] for the {noun} [below|that follows|].",
        "[Your task|Your job|The task|The goal] is to [classify|categorise|label] the {noun} [below|that follows|].",
        "[You are given|You receive|You see] {a_noun}, [classify|categorise|label] it.",
    ),
    "format": (
        "[Answer|Reply|Respond] with [exactly|only|just] one of [these words|the following|these]: {or_labels}.",
        "[Answer|Reply|Respond] with [one word only|a single word|just one word]: {or_labels}.",
        "[Give|Write|Output|Return] [only|just] one word, {or_labels}, and nothing else.",
        "Your [answer|reply|output|response] [must be|has to be|is] [exactly one word|a single word]: {or_labels}.",
    ),
    "labels": (
        "The [possible|available|allowed|] [labels|categories|classes|options] are {and_labels}.",
        "There are {number} [labels|categories|classes|options]: {and_labels}.",
        "[Each|Every] {noun} [belongs to|falls into] one of the [categories|groups|classes] {and_labels}.",
    ),
    "steps": (
        "[Think|Work|Reason] step by step, [then|and then|and finally] [end|close|finish] with a line that gives the"
        " [final|] answer.",
        "[First|To begin with,] [reason|think] in [small|short] steps, and put the [final|] answer on the last line.",
        "[Go|Work] through the {noun} in steps [and|, then] [end|close|finish] with the [final answer|answer] on a line"
        " of its own.",
    ),
    "order": (
        "[If|When|Where] several rules [apply|fit|match], the one [listed|given|stated] first [decides|wins|counts].",
        "[Earlier rules take|The earlier rule takes] precedence over [later ones|those after it|the rest].",
        "[Apply|Check] the rules in [this|the given|the listed] order and [stop|stay] at the first that fits.",
    ),
    "rule": (
        f"[If|When|Whenever|Where] [a|the] {{noun}} {_MENTIONS} {{a_feature}}, [answer|choose|pick|use|the answer is|"
        "it is|it counts as] {label}.",
        f"[Any|Every|A|Each] {{noun}} [that {_MENTIONS}|with|containing|naming|about] {{a_feature}} [is|counts as|"
        "belongs to|falls under|goes to] {label}.",
        f"[Treat|Count|Regard|Take] {{plural}} that {_MENTION} {{a_feature}} as {{label}}.",
        "{a_feature} [means|points to|calls for|always means|signals|implies|indicates] {label}.",
        "{label} is [right|the right choice|correct|what fits] [whenever|when|as soon as|if] {a_feature} [comes up|"
        "is mentioned|appears|is named].",
        f"[Note|Remember|Keep in mind|Be aware] that {{plural}} [that {_MENTION}|with|about] {{a_feature}}"
        " [are|count as|belong to|fall under] {label}"
        "[|, whatever else they say|, even if other words suggest another].",
        "[On|Upon|In case of] a mention of {a_feature}, [go for|settle on|decide on|choose] {label}.",
    ),
    "garbled": (
        "[Pay attention to|Mind|Watch out for|Look out for] {plural} [with|that {mention}] {a_feature}.",
        "{a_feature} [matters|is important|deserves care] in [some|many|certain] {plural}.",
    ),
    "removal": (
        "The rule [about|on] {a_feature} [is misleading|misleads the model|does harm|is wrong] and should be [dropped|"
        "removed|deleted].",
        "What the prompt says about {a_feature} [is misleading|does harm|is wrong] and should be [dropped|removed].",
    ),
}

ADVICE_CORES: Mapping[str, tuple[str, ...]] = {
    "careful": ("read the {noun} carefully", "read every word of the {noun}", "look at the {noun} very closely"),
    "context": ("consider the context of the {noun}", "take the whole context into account", "look at the context"),
    "intent": (
        "think about the intent of the sender",
        "work out what the sender wants",
        "consider the sender's intent",
    ),
    "tone": ("pay attention to the tone", "mind the tone of the {noun}", "take the tone and the mood into account"),
    "expert": ("act as an expert", "work as an expert would", "answer like a seasoned expert"),
    "doubt": ("make the best guess when in doubt", "when in doubt, take the likeliest", "decide even when unsure"),
    "spelling": ("ignore spelling mistakes", "overlook typos and spelling", "pay no attention to spelling"),
    "calm": ("take your time", "take a deep breath first", "stay calm and take your time"),
}
_ADVICE_FRAMES = ("{core}.", "Please {core}.", "Make sure to {core}.", "Always {core}.", "It helps to {core}.")

_SYNONYMS = (
    ("mentions", "names", "refers to", "speaks of", "brings up", "contains"),
    ("mention", "name", "refer to", "speak of", "bring up", "contain"),
    ("answer", "reply", "respond"),
    ("when", "if", "whenever", "where"),
    ("below", "that follows"),
    ("category", "class", "group"),
    ("exactly", "only", "just"),
    ("choose", "pick", "use", "go for"),
    ("means", "signals", "implies", "indicates", "points to"),
    ("read", "look at", "go through"),
    ("consider", "think about", "bear in mind"),
    ("must", "has to"),
)
_SYNONYM_OF = {word: group for group in _SYNONYMS for word in group}
_KNOWN_WORDS = re.compile(rf"\b(?:{'|'.join(_SYNONYM_OF)})\b", re.IGNORECASE)

_MISSING = ("[The prompt|It|The instruction] [does not say|never says|leaves out|fails to mention|omits]",)
REASONS: Mapping[Kind, tuple[str, ...]] = {
    "rule": (
        f"{_MISSING[0]} that {{plural}} [that {_MENTION}|with|about] {{a_feature}} [are|count as|belong to] {{label}}.",
        f"{_MISSING[0]} that {{a_feature}} [means|points to|calls for|signals] {{label}}.",
        "[It is not clear|It stays unclear] from the prompt that {a_feature} [means|points to|calls for] {label}.",
    ),
    "advice": (
        "[The prompt|It|The instruction] [does not tell|does not ask|fails to tell] the model to {core}.",
        "The model should be told to {core}.",
    ),
    "order": (f"{_MISSING[0]} which of several rules [takes precedence|has precedence].",),
}


def expand(pattern: str, rng: Random, values: Mapping[str, str]) -> str:
    """`pattern` with its choices made and its values put in, as a sentence."""
    while (choice := _CHOICE.search(pattern)) is not None:
        pattern = pattern[: choice.start()] + rng.choice(choice.group(1).split("|")) + pattern[choice.end() :]
    text = pattern.format(**values) if "{" in pattern else pattern
    text = _BLANKS.sub(" ", text).replace(" .", ".").replace(" ,", ",").strip()
    return text[0].upper() + text[1:]


def say(statement: Statement, hidden: Hidden, rng: Random) -> str:
    """`statement` in words for a prompt."""
    if statement.kind == "advice":
        return expand(rng.choice(_ADVICE_FRAMES), rng, {"core": _core(statement, hidden, rng)})
    return expand(rng.choice(PATTERNS[statement.kind]), rng, _values(statement, hidden))


def criticise(statement: Statement, hidden: Hidden, rng: Random) -> str:
    """The lack of `statement`, or for a removal its harm, in words for somebody who edits the prompt."""
    if statement.kind == "advice":
        return expand(rng.choice(REASONS["advice"]), rng, {"core": _core(statement, hidden, rng)})
    patterns = REASONS.get(statement.kind) or PATTERNS[statement.kind]
    return expand(rng.choice(patterns), rng, _values(statement, hidden))


def with_other_words(text: str, rng: Random) -> str:
    """`text` with synonyms for some of its words."""

    def other(match: re.Match[str]) -> str:
        word = rng.choice(_SYNONYM_OF[match.group().lower()])
        return word.capitalize() if match.group()[0].isupper() else word

    return _KNOWN_WORDS.sub(other, text)


def listed(words: tuple[str, ...], last: str) -> str:
    """`words` as prose: "a, b or c"."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def _core(statement: Statement, hidden: Hidden, rng: Random) -> str:
    return rng.choice(ADVICE_CORES[statement.subject]).format(**_values(statement, hidden))


def _values(statement: Statement, hidden: Hidden) -> dict[str, str]:
    theme = hidden.theme
    return {
        "noun": theme.noun,
        "a_noun": with_article(theme.noun),
        "plural": theme.plural,
        "label": statement.label,
        "a_feature": with_article(statement.subject) if statement.subject else "",
        "mention": "mention",
        "number": ("two", "three", "four")[len(hidden.labels) - 2],
        "or_labels": listed(hidden.labels, "or"),
        "and_labels": listed(hidden.labels, "and"),
    }
