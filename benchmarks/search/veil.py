"""The veil of a world: its cases show each feature under other names, and share no word with what prompts say.

In a plain world a rule names its feature as the cases do, so that whoever looks for the words of a rule finds its
cases. Real rules are often about meaning. Behind the veil a feature is known by three other names, and each case has
one of them; prompts and the optimizer model go on using the feature's own. Both models know all names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from apo_ci.search.seeds import generator
from benchmarks.search.cases import Truth
from benchmarks.search.chance import fraction

NAMES_EACH = 3  # other names of a feature
Veil = Mapping[str, tuple[str, ...]]  # the other names, by feature

FIRST_WORDS = (
    *("lilac", "mossy", "wooden", "chalky", "pearly", "knotted", "gilded", "leafy", "waxen", "sandy", "misty"),
    *("checkered", "beige", "crimson", "fluted", "ribbed", "tarnished", "padded", "hooded", "pleated", "enamelled"),
    *("mottled", "spiral", "slender", "tufted", "bronze", "linen", "leather", "cedar", "bamboo", "porcelain"),
    *("turquoise", "maroon", "ochre", "pitted", "scalloped", "fringed", "stitched", "varnished", "weathered"),
    *("bulbous", "tapered", "coiled", "frayed", "domed"),
)
SECOND_WORDS = (
    *("gourd", "flute", "brick", "goblet", "sundial", "banjo", "teapot", "cradle", "parasol", "vase", "wagon"),
    *("statue", "kite", "abacus", "drum", "wreath", "mitten", "chest", "clock", "quill", "inkwell", "puppet"),
    *("globe", "sled", "harp", "bowl", "cushion", "scarf", "pillow", "canoe", "oar", "lamp", "anvil", "chisel"),
    *("ladle", "pitcher", "brooch", "tankard", "windmill", "rocket", "marionette", "totem", "shawl", "urn", "bobbin"),
)
OTHER_WORDS = {  # for what shares a word with the wording of some statement; each has as many words as before
    "wrote about": "wrote regarding",
    "asked about": "asked regarding",
    "called about": "called regarding",
    "complained about": "complained regarding",
    "mentioned": "flagged",
    "with": "alongside",
    "below": "beneath",
    "by": "opposite",
    "under": "underneath",
    "early on Tuesday": "early yesterday morning",
    "after the lunch break": "during the lunch break",
    "as agreed last spring": "agreed during early spring",
    "for the second time": "during the second visit",
    "and hopes to hear soon": "hoping we hear back today",
    "while it was raining": "while rain was falling",
    "at about half past nine": "around half past nine today",
    "on the way to work": "during the long walk home",
    "and sends kind regards": "sending everyone kind regards",
    "in spite of the holiday": "despite the long public holiday",
    "as the neighbour said": "so the neighbour said",
    "and will be back on Friday": "returning here early next Friday morning",
    "because nobody else did": "because nobody here did",
    "quite by chance": "quite unexpectedly again",
    "last month": "since May",
}
_OTHER = re.compile(rf"\b(?:{'|'.join(sorted(OTHER_WORDS, key=len, reverse=True))})\b")


def make_veil(features: Iterable[str], seed: int) -> Veil:
    """The other names of `features` in the world `seed`; no two of them share a word."""
    rng = generator(seed, "world", "veil")
    first, second = rng.sample(FIRST_WORDS, len(FIRST_WORDS)), rng.sample(SECOND_WORDS, len(SECOND_WORDS))
    names = [" ".join(words) for words in zip(first, second, strict=True)]
    return {feature: tuple(names[NAMES_EACH * nth : NAMES_EACH * (nth + 1)]) for nth, feature in enumerate(features)}


def put_veil(truth: Truth, veil: Veil, seed: int) -> Truth:
    """`truth` in the words of a veiled world; all but its text is as before, and so is the number of its words."""
    text = _OTHER.sub(lambda match: OTHER_WORDS[match.group()], truth.text)
    for feature in (*(rule.feature for rule in truth.rules), *(trap.feature for trap in truth.traps)):
        names = veil[feature]
        name = names[int(fraction(seed, "veil", truth.reference, feature) * len(names))]
        text = re.sub(rf"\ban? {feature}\b", f"the {name}", text)  # "the" is in every case: it tells nothing
    return replace(truth, text=text)
