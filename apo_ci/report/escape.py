"""The border: text from models, datasets, prompts and errors is made safe for the place where it is put.

Everything passes through `visible` first: control, invisible and bidirectional characters are shown as
`‹U+202E›`, and what the Actions runner would take for a command (`::error::`, `##[group]`) loses its form. On top
of that each function knows one place. Markdown is GitHub's: CommonMark with the GFM extensions, then mentions,
references, commit hashes, emoji names and mathematics, which GitHub finds in text but not in code.
"""

from __future__ import annotations

import html as html_entities
import re
import unicodedata
from functools import lru_cache

from apo_ci.report.redact import Redactor

__all__ = [
    "Markdown",
    "Redactor",
    "block",
    "cell",
    "clip",
    "code",
    "html",
    "is_hidden",
    "mermaid",
    "one_line",
    "prose",
    "sentence",
    "terminal",
    "visible",
    "workflow_data",
    "workflow_property",
]

BREAK = "\u200b"
SHOWN_BREAK = "&#8203;"  # written so that it can be seen in the source
VARIATION_SELECTOR_16 = "\ufe0f"
# Letters and marks that show nothing: fillers, blanks, joiners (Unicode 16, Default_Ignorable_Code_Point, and U+2800).
BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001d159\U000e0000-\U000e0fff]"
)
HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
HARMLESS_SPACES = {" ", "\u3000"}
COMMAND = re.compile(
    r"(?<![\w>)\]:])::(?=[A-Za-z])"  # not the `::` of `std::string`
    r"|::(?=(?:error|warning|notice|debug|group|endgroup|set-output|save-state|set-env|add-path|add-mask"
    r"|add-matcher|remove-matcher|echo|stop-commands)\b)",
    re.IGNORECASE,
)
OLD_COMMAND = re.compile(r"##(?=\w{0,40}\[)")
SYNTAX = re.compile(r"[\\`*_\[\]~|$]|<(?=[A-Za-z/!?])|&(?=[#\w])")
FIRST_SYNTAX = re.compile(r"^(?=[-+=:#>])")  # a list item, a heading or its underline, a quotation
ORDERED_LIST = re.compile(r"^(\d{1,9})(?=[.)])")
HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{7,}")
# What GitHub makes live in text: mentions and mail addresses, issues, addresses and emoji names, GH-1 and the like.
REFERENCE = re.compile(r"@(?=\S)|#(?=\w)|:(?=[\w/+-])|www(?=\.)|\b[A-Za-z]{2,20}-(?=\d)|GHSA-", re.IGNORECASE)


class Markdown(str):
    """Text that is safe in Markdown as it stands; templates escape every other string as prose."""

    __slots__ = ()


def visible(text: str) -> str:
    """`text` with every character that cannot be seen written as `‹U+XXXX›`, line ends and tabs apart.

    Nothing in the result is a workflow command (actions/runner, `ActionCommand.cs`).
    """
    if not text.isascii() or not text.isprintable():
        text = _show_hidden(text)
    return OLD_COMMAND.sub("#‹#›", COMMAND.sub("‹::›", text))


def _show_hidden(text: str) -> str:
    shown = {ord(character): f"‹U+{ord(character):04X}›" for character in set(text) if is_hidden(character)}
    if not shown:
        return text
    if VARIATION_SELECTOR_16 not in text:
        return text.translate(shown)
    pieces = text.split(VARIATION_SELECTOR_16)
    joints = (_joint(piece) for piece in pieces[:-1])
    return "".join(piece.translate(shown) + joint for piece, joint in zip(pieces, [*joints, ""], strict=True))


def _joint(before: str) -> str:
    """A variation selector as shown after `before`: itself where it gives an emoji its colours."""
    coloured = before != "" and unicodedata.category(before[-1]) == "So"
    return VARIATION_SELECTOR_16 if coloured else f"‹U+{ord(VARIATION_SELECTOR_16):04X}›"


@lru_cache(maxsize=4096)
def is_hidden(character: str) -> bool:
    """Whether a reader sees nothing, or something else, where `character` stands; line ends and tabs apart."""
    if character in "\n\t":
        return False
    category = unicodedata.category(character)
    if category == "Zs":
        return character not in HARMLESS_SPACES
    return category in HIDDEN_CATEGORIES or ord(character) & 0xFFFE == 0xFFFE or BLANK.match(character) is not None


def new_hidden_characters(before: str, after: str) -> frozenset[str]:
    """The hidden characters that `after` has and `before` has not."""
    return frozenset(character for character in set(after) - set(before) if is_hidden(character))


def clip(text: str, limit: int) -> str:
    """At most `limit` characters of `text`; an ellipsis stands for what is missing."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def one_line(text: str, limit: int | None = None) -> str:
    """`text` on one line, for a terminal or as the content of Markdown code; `↵` stands for line ends.

    `limit` is the most characters of `text` that are kept, here and below.
    """
    parts = (re.sub(r"[ \t]+", " ", part).strip(" \r") for part in text.split("\n"))
    line = " ↵ ".join(part for part in parts if part)
    return visible(line if limit is None else clip(line, limit))


def prose(text: str, limit: int | None = None) -> Markdown:
    """`text` as plain words on one line of Markdown, also in a table cell: no syntax, link, mention or reference."""
    line = HEXADECIMAL.sub(_break_hexadecimal, one_line(text, limit))
    line = REFERENCE.sub(lambda match: match[0] + BREAK, line)
    line = SYNTAX.sub(r"\\\g<0>", line)
    line = ORDERED_LIST.sub(r"\1\\", FIRST_SYNTAX.sub(r"\\", line))
    return Markdown(line.replace(BREAK, SHOWN_BREAK))


def sentence(text: str, limit: int | None = None) -> Markdown:
    """`text` as `prose`, not in a table; what is between single backticks becomes code, to be copied as it stands."""
    parts = (text if limit is None else clip(text, limit)).split("`")
    has_code = len(parts) > 1 and len(parts) % 2 == 1 and all(part.strip() for part in parts[1::2])
    if not has_code:
        return prose(text, limit)
    return Markdown("".join(code(part) if number % 2 else _between(part) for number, part in enumerate(parts)))


def _between(text: str) -> str:
    """`text` as prose, with a blank at each end that has one."""
    if not text.strip():
        return " " if text else ""
    return f"{' ' * text[0].isspace()}{prose(text)}{' ' * text[-1].isspace()}"


def _break_hexadecimal(match: re.Match[str]) -> str:
    """Pieces of six digits: GitHub takes seven and more for a commit."""
    digits = match[0]
    return BREAK.join(digits[start : start + 6] for start in range(0, len(digits), 6))


def code(text: str, limit: int | None = None) -> Markdown:
    """`text` as a code span on one line of Markdown, not in a table."""
    line = one_line(text, limit)
    if not line:
        return Markdown("(empty)")
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    space = " " if "`" in (line[0], line[-1]) else ""
    return Markdown(f"{fence}{space}{line}{space}{fence}")


def cell(text: str, limit: int | None = None) -> Markdown:
    """`text` as a code span in a cell of a table."""
    return Markdown(code(text, limit).replace("\\|", "\\‹U+007C›").replace("|", "\\|"))


def block(text: str, language: str = "text") -> Markdown:
    """`text` as a fenced code block (CommonMark 0.31, section 4.5); put it after a blank line."""
    content = visible(text)
    longest = max((len(run) for run in re.findall("`+", content)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown(f"{fence}{language}\n{content}{'' if content.endswith(chr(10)) else chr(10)}{fence}")


def html(text: str) -> str:
    """`text` as the content of an HTML element or of a quoted attribute."""
    return html_entities.escape(visible(text), quote=True)


def mermaid(text: str, limit: int | None = None) -> str:
    """`text` inside a quoted mermaid label: all but letters, digits and a few marks as mermaid's `#64;` codes."""
    return "".join(
        character if character.isalnum() or character in " .,-‹›…" else f"#{ord(character)};"
        for character in one_line(text, limit)
    )


def terminal(text: str) -> str:
    """`text` for a terminal or a log: no control sequence, nothing that the Actions runner obeys; lines stay."""
    return visible(text.replace("\r\n", "\n"))


def workflow_data(text: str) -> str:
    """`text` as the message of a workflow command (`@actions/core`, `escapeData`)."""
    return terminal(text).replace("%", "%25").replace("\n", "%0A")


def workflow_property(text: str) -> str:
    """`text` as a property's value in a workflow command (`@actions/core`, `escapeProperty`)."""
    return workflow_data(text).replace(":", "%3A").replace(",", "%2C")
