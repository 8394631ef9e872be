"""The words of the simulated world: made-up messages of six kinds, their labels, and what they may mention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """A kind of message; each label has the cue words that suggest it."""

    noun: str
    plural: str
    cues: Mapping[str, tuple[str, ...]]


THEMES = (
    Theme(
        "message",
        "messages",
        {
            "billing": ("invoice", "refund", "surcharge", "instalment"),
            "shipping": ("courier", "parcel", "pallet", "doorstep"),
            "technical": ("firmware", "router", "antenna", "reboot"),
            "membership": ("renewal", "badge", "voucher", "newsletter"),
        },
    ),
    Theme(
        "report",
        "reports",
        {
            "hazard": ("fumes", "sparks", "spillage", "siren"),
            "maintenance": ("bearing", "grease", "valve", "lathe"),
            "logistics": ("forklift", "crate", "trailer", "dockyard"),
            "personnel": ("roster", "overtime", "apprentice", "payslip"),
        },
    ),
    Theme(
        "note",
        "notes",
        {
            "clinical": ("dosage", "bandage", "pulse", "syringe"),
            "dietary": ("broth", "oats", "salad", "porridge"),
            "visiting": ("cousin", "flowers", "lobby", "waiting-room"),
            "homecare": ("stairs", "ramp", "walker", "bathtub"),
        },
    ),
    Theme(
        "request",
        "requests",
        {
            "grant": ("stipend", "textbook", "workshop", "microscope"),
            "refusal": ("yacht", "banquet", "jewels", "limousine"),
            "escalation": ("lawsuit", "embassy", "subpoena", "tribunal"),
            "filing": ("receipt", "bookkeeping", "protocol", "photocopy"),
        },
    ),
    Theme(
        "ticket",
        "tickets",
        {
            "hardware": ("keyboard", "charger", "screen", "headset"),
            "network": ("wifi", "tunnel", "gateway", "bandwidth"),
            "identity": ("password", "token", "keycard", "lockout"),
            "software": ("macro", "plugin", "installer", "spreadsheet"),
        },
    ),
    Theme(
        "letter",
        "letters",
        {
            "heritage": ("fresco", "chapel", "belfry", "monument"),
            "traffic": ("junction", "tram", "cyclist", "roundabout"),
            "gardens": ("hedge", "pond", "orchard", "lawn"),
            "noise": ("concert", "drill", "barking", "fireworks"),
        },
    ),
)

ADJECTIVES = (
    *("amber", "crooked", "hollow", "braided", "frosted", "copper", "velvet", "speckled", "folded", "oval"),
    *("marble", "wicker", "paisley", "silver", "rusted", "striped", "lacquered", "dented", "canvas", "quilted"),
    *("ivory", "scarlet", "woven", "jagged", "glazed", "muted", "brittle", "polished", "faded", "tin"),
)
THINGS = (
    *("seal", "ribbon", "lantern", "stencil", "compass", "whistle", "basket", "pennant", "thimble", "locket"),
    *("saddle", "bucket", "pendant", "ladder", "anchor", "candle", "kettle", "mirror", "hammer", "feather"),
    *("barrel", "button", "trumpet", "tassel", "hinge", "satchel", "tripod", "easel", "spool", "lever"),
)

NAMES = (
    *("Orla", "Tobin", "Maren", "Vasco", "Ilse", "Kofi", "Petra", "Anouk", "Radek", "Suri"),
    *("Bento", "Freya", "Milos", "Tamsin", "Joaquin", "Edda", "Nils", "Yara", "Corin", "Leoni"),
)
PLACES = (
    *("Harrow Lane", "the east wing", "Quay Street", "the old mill", "Lindholm", "the upper floor", "Tarn Bridge"),
    *("the north yard", "Saltmarsh", "the corner shop", "Ferry Road", "the depot", "Oakfield", "the annex"),
)
DID = ("wrote about", "asked about", "called about", "mentioned", "raised", "complained about", "described")
BESIDE = ("beside", "with", "near", "behind", "below", "against", "by", "under")
FILLERS = (
    *("early on Tuesday", "after the lunch break", "as agreed last spring", "for the second time", "before closing"),
    *("and hopes to hear soon", "while it was raining", "at about half past nine", "on the way to work", "once again"),
    *("and sends kind regards", "since the weekend", "in spite of the holiday", "as the neighbour said", "all week"),
    *("without much detail", "and will be back on Friday", "because nobody else did", "quite by chance", "last month"),
)


def with_article(phrase: str) -> str:
    """`phrase` after its indefinite article."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"
