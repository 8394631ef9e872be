"""The comment's body: its state and its sections as Markdown, and back.

::

    <!-- apo-ci:comment -->
    <!-- apo-ci:state {"version":1, …} -->
    ## ❌ 1 of 2 checks failed: `apps/one`            (this line and the sections' names: where there are several)

    **`apps/one`**

    <!-- apo-ci:section "apps/one" -->
    the section's Markdown
    <!-- /apo-ci:section -->

A delimiter is a line of its own, to the letter. Nothing inside a section reads like one: what does is defused, as
prompts, replies and diffs are shown there as they are.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterator, Mapping

from apo_ci.publish.state import (
    MAX_KEY,
    Content,
    SectionState,
    State,
    compact,
    dump,
    in_comment,
    load,
    well_formed,
)
from apo_ci.report import words
from apo_ci.report.comment import MARKER, MAX_BYTES, MORE
from apo_ci.report.escape import code

STATE_BYTES = 30_000  # what a later run can do without is left out of a longer state
TEXT_BYTES = MAX_BYTES - STATE_BYTES - 2_000  # a section this long is never cut when it stands alone
STATE_LINE = re.compile(r"<!-- apo-ci:state (\{.*\}) -->")
OPEN_LINE = re.compile(r'<!-- apo-ci:section (".*") -->')
CLOSE_LINE = "<!-- /apo-ci:section -->"
DELIMITER = re.compile(r"<!--(?=\s*/?\s*apo-ci:)", re.IGNORECASE)
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
LINKED = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/[A-Za-z0-9._~%/-]*")
MAX_HEADLINE = 1_000  # bytes
MAX_NAMES = 10
SHOWN_NAME = 80
SHOWN_COMMIT = 10
IN_PROGRESS = "⏳"
SHORTENED = "*Shortened to fit.*"
ACCEPTED = "accepted"
# The worst first: what is said of checks that ended so, and its symbol.
STANDINGS = {
    "fail": ("failed", words.SYMBOLS["fail"]),
    "error": ("could not be run", words.SYMBOLS["error"]),
    "inconclusive": ("could not be decided", words.SYMBOLS["inconclusive"]),
    ACCEPTED: ("failed, which was accepted", "⚪"),
    "pass": ("passed", words.SYMBOLS["pass"]),
}
RANKS = tuple(STANDINGS)


def parse_body(body: str) -> Content | None:
    """What a comment says; `None` when it does not begin with the marker.

    A damaged state is an empty one, and a damaged section is none: the next runs write them anew.
    """
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[0] != MARKER:
        return None
    return Content(_parse_state(lines[1:]), _parse_sections(lines[1:]))


def _parse_state(lines: list[str]) -> State:
    """The state line stands before all sections."""
    for line in lines:
        if OPEN_LINE.fullmatch(line):
            break
        if match := STATE_LINE.fullmatch(line):
            return load(match[1])
    return State()


def _parse_sections(lines: list[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    key: str | None = None
    inside: list[str] = []
    for line in lines:
        if match := OPEN_LINE.fullmatch(line):
            key, inside = _parse_key(match[1]), []
        elif line == CLOSE_LINE:
            if key is not None:
                texts.setdefault(key, "\n".join(inside))
            key = None
        else:
            inside.append(line)
    return texts


def _parse_key(written: str) -> str | None:
    try:
        key = json.loads(written)
        key.encode()
    except ValueError:
        return None
    return str(key) if len(key) <= MAX_KEY else None


def write_body(content: Content) -> str:
    """The comment's body, 65,000 bytes of UTF-8 at most.

    What is too long is shortened, the longest section first: to what stands before the line `MORE`, then to its
    headline, then to its place in the first line.
    """
    state = compact(content.state, STATE_BYTES)
    texts = {key: defused(text) for key, text in content.texts.items() if len(key) <= MAX_KEY}
    ever_shorter = [*_with_shorter_texts(state, texts), *_with_fewer_sections(compact(state, 0))]
    fits = bisect.bisect_left(ever_shorter, True, key=lambda one: _size(_joined(one)) <= MAX_BYTES)
    return _joined(ever_shorter[min(fits, len(ever_shorter) - 1)])


def _with_shorter_texts(state: State, texts: dict[str, str]) -> Iterator[Content]:
    yield Content(state, texts)
    for shortened in (_before_more, _headline, None):
        for key in sorted(texts, key=lambda key: _size(texts[key]), reverse=True):
            texts = dict(texts)
            text = texts.pop(key)
            if shortened is not None:
                texts[key] = shortened(text, state.sections.get(key))
            yield Content(state, texts)


def _with_fewer_sections(state: State) -> Iterator[Content]:
    """Ends with the accounts alone."""
    yield Content(state, {})
    sections = state.sections
    for key in sorted(sections, key=lambda key: sections[key].run):
        sections = {other: section for other, section in sections.items() if other != key}
        yield Content(state.model_copy(update={"sections": sections}), {})
    yield Content(State(spent=state.spent, writes=state.writes, follows=state.follows), {})


def defused(text: str) -> str:
    """Markdown as a section holds it: nothing in it reads like a delimiter of ours, but the first line `MORE`."""
    text = well_formed(text).replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    before, more, after = f"\n{text}\n".partition(f"\n{MORE}\n")
    return (DELIMITER.sub("‹!--", before) + more + DELIMITER.sub("‹!--", after)).strip("\n")


def _joined(content: Content) -> str:
    state, texts = content.state, content.texts
    several = len(state.sections.keys() | texts.keys()) > 1
    heads = {section.head for section in state.sections.values()}
    parts = [f"{MARKER}\n<!-- apo-ci:state {dump(state)} -->"]
    if several and state.sections:
        parts[0] += f"\n{headline(state.sections)}"
    if missing := len(state.sections.keys() - texts.keys()):
        parts.append(f"*{words.count(missing, 'section')} left out to fit.*")
    for position, key in enumerate(_in_order(state, texts)):
        if several:
            parts += ["---"] if position else []
            parts.append(_name(key, state.sections.get(key), with_commit=len(heads) > 1))
        parts.append(f"<!-- apo-ci:section {in_comment(json.dumps(key))} -->\n{texts[key]}\n{CLOSE_LINE}")
    return "\n\n".join(parts) + "\n"


def _in_order(state: State, texts: Mapping[str, str]) -> list[str]:
    """The keys of `texts`, the worst verdict first."""

    def rank(key: str) -> tuple[int, str]:
        section = state.sections.get(key)
        return RANKS.index(_standing(section)) if section else len(RANKS), key

    return sorted(texts, key=rank)


def headline(sections: Mapping[str, SectionState]) -> str:
    """The line over several sections: `## ❌ 1 of 3 checks failed: …`; the worst verdict counts."""
    finished = {key: section for key, section in sections.items() if not section.in_progress}
    under_way = len(sections) - len(finished)
    if not finished:
        return f"## {IN_PROGRESS} {words.count(under_way, 'check')} under way"
    worst = min(map(_standing, finished.values()), key=RANKS.index)
    concerned = sorted(key for key, section in finished.items() if _standing(section) == worst)
    ended, symbol = STANDINGS[worst]
    symbol = IN_PROGRESS if worst == "pass" and under_way else symbol
    some = "All" if len(concerned) == len(sections) else f"{len(concerned)} of"
    names = "" if worst == "pass" else f": {_names(concerned)}"
    rest = f"; {under_way} under way" if under_way else ""
    return f"## {symbol} {some} {words.count(len(sections), 'check')} {ended}{names}{rest}"


def _standing(section: SectionState) -> str:
    """The verdict, or that a person accepted it: what fails and does not block."""
    return ACCEPTED if section.verdict in ("fail", "error") and not section.blocks else section.verdict


def _names(keys: list[str]) -> str:
    shown = [_shown(key) for key in keys[:MAX_NAMES]]
    return words.listed([*shown, f"{len(keys) - MAX_NAMES:,} more"] if len(keys) > MAX_NAMES else shown)


def _shown(key: str) -> str:
    return code(key, SHOWN_NAME) if key else "the root"


def _name(key: str, section: SectionState | None, *, with_commit: bool) -> str:
    """The line over one of several sections; the commit where the sections are about different ones."""
    commit = f" at {code(section.head[:SHOWN_COMMIT])}" if section and with_commit else ""
    return f"**{words.capitalized(_shown(key))}**{commit}"


def _before_more(text: str, section: SectionState | None) -> str:
    before, more, _ = f"\n{text}\n".partition(f"\n{MORE}\n")
    before = before.strip("\n")
    short = f"{before}{_closing(before)}\n\n{_pointer(section)}".strip("\n")
    return short if more and _size(short) < _size(text) else text


def _headline(text: str, section: SectionState | None) -> str:
    first = next((line for line in text.split("\n") if line.strip()), "")
    if not first.startswith("#") or _size(first) > MAX_HEADLINE:
        first = f"### {words.SYMBOLS[section.verdict]} {words.capitalized(section.verdict)}" if section else ""
    short = f"{first}\n\n{_pointer(section)}".strip("\n")
    return short if _size(short) < _size(text) else text


def _pointer(section: SectionState | None) -> str:
    url = section.run_url if section else ""
    return f"{SHORTENED} [The run]({url}) has the whole report." if LINKED.fullmatch(url) else SHORTENED


def _closing(markdown: str) -> str:
    """What ends the fence and the `<details>` that `markdown` leaves open, lest they swallow what follows."""
    fence, depth = "", 0
    for line in markdown.split("\n"):
        match = FENCE.fullmatch(line)
        if fence:
            closes = match and match[1].startswith(fence) and not match[2].strip()
            fence = "" if closes else fence
        elif match:
            fence = match[1]
        else:
            depth += line.count("<details>") - line.count("</details>")
    return (f"\n{fence}" if fence else "") + "\n\n</details>" * max(depth, 0)


def _size(text: str) -> int:
    return len(text.encode())
