"""What GitHub makes of Markdown, as a page of its own: parser, sanitizer, later filters, and a style sheet like its.

The parser is GitHub's (cmark-gfm), in comments with line ends as breaks. Elements and attributes that survive are those
of GitHub's published sanitizer (https://github.com/gjtorikian/html-pipeline/blob/main/lib/html_pipeline/sanitization_filter.rb).
What the later filters bring to life (mentions, references, addresses, emoji names, formulas) becomes an element of the
class `live`. Mermaid charts stay code.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import cmarkgfm  # type: ignore[import-untyped]  # publishes no types
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]  # likewise

from tests.unit.report.github import LIVE_TEXT

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'"

ELEMENTS = frozenset(
    re.findall(
        r"\w+",
        "a abbr b bdo blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4 h5"
        " h6 hr i img ins kbd li mark ol p picture pre q rp rt ruby s samp small source span strike strong sub summary"
        " sup table tbody td tfoot th thead time tr tt ul var wbr",
    )
)
VOID = frozenset({"br", "hr", "img", "source", "wbr"})
DROPPED_WHOLE = frozenset({"script", "style", "iframe", "svg", "math", "object", "title", "textarea", "noscript"})
ATTRIBUTES = frozenset(
    re.findall(
        r"\w+",
        "align alt border checked cite colspan datetime dir height label lang name open rel role rowspan scope span"
        " start summary title type valign width",
    )
)
ADDRESSES = {"a": "href", "img": "src"}
SCHEMES = ("http://", "https://", "mailto:", "#")
DEAD = frozenset({"a", "code", "pre"})
DOLLAR = re.compile(r"(\\+)\$")
ESCAPED_DOLLAR = "\ue000"
LIVE = {**LIVE_TEXT, "formula": re.compile(r"\$\S[^$\n]*\$")}
ALERT = re.compile(r"<blockquote>\s*<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\](?:<br ?/?>)?\s*")
FENCE = re.compile(r'<pre lang="(diff|suggestion)"><code>(.*?)</code></pre>', re.DOTALL)


class Piece(NamedTuple):
    """A text as GitHub takes it: Markdown, or the plain `title` of a check run."""

    text: str
    is_title: bool = False


class Rendered(NamedTuple):
    """The HTML that GitHub would show, and what in its source was not closed where it was opened."""

    html: str
    problems: list[str]


def render(markdown: str) -> Rendered:
    """`markdown` as the body of a comment. GitHub looks for formulas before a backslash loses its meaning."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_HARDBREAKS | Options.CMARK_OPT_GITHUB_PRE_LANG
    sanitizer = _Sanitizer()
    sanitizer.feed(cmarkgfm.github_flavored_markdown_to_html(DOLLAR.sub(_escaped_dollar, markdown), options))
    sanitizer.close()
    shown = "".join(sanitizer.out)
    shown = ALERT.sub(r'<blockquote class="alert"><p><strong>\1</strong></p><p>', shown)
    return Rendered(FENCE.sub(_fence, shown), sanitizer.problems)


def document(pieces: Sequence[Piece]) -> tuple[str, list[str]]:
    """A page with each of `pieces` in a box as wide as GitHub's column, and the problems of their sources."""
    boxes, problems = [], []
    for piece in pieces:
        if piece.is_title:
            boxes.append(f'<div class="title">{html.escape(piece.text)}</div>')
            continue
        rendered = render(piece.text)
        problems += rendered.problems
        boxes.append(f'<div class="body">{rendered.html}</div>')
    body = "\n".join(boxes)
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>.</title><style>{STYLE}</style>\n{body}\n</html>'
    )
    return page, problems


def _escaped_dollar(match: re.Match[str]) -> str:
    backslashes = len(match[1])
    return match[1][:-1] + ESCAPED_DOLLAR if backslashes % 2 else match[0]


class _Sanitizer(HTMLParser):
    """What is allowed, as it stands; text is filtered as GitHub does after the parser."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.problems: list[str] = []
        self._open: list[str] = []
        self._dropped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if (tag, dict(attrs).get("type")) == ("input", "checkbox"):  # the parser's own, for a list of tasks
            self.out.append("☑" if "checked" in dict(attrs) else "☐")
            return
        if tag in DROPPED_WHOLE:
            self._dropped += 1
        if tag not in ELEMENTS or self._dropped:
            self.problems.append(f"<{tag}> is no element that GitHub shows")
            return
        kept = "".join(f' {name}="{html.escape(value or "")}"' for name, value in attrs if _is_kept(tag, name, value))
        self.out.append(f"<{tag}{kept}>")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in DROPPED_WHOLE:
            self._dropped = max(0, self._dropped - 1)
        elif tag in ELEMENTS - VOID and not self._dropped:
            if not self._open or self._open[-1] != tag:
                self.problems.append(f"</{tag}> does not close {self._open[-1:]}")
            if tag in self._open:
                while self._open.pop() != tag:
                    pass
            self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._dropped:
            return
        if DEAD & set(self._open):
            self.out.append(html.escape(data.replace(ESCAPED_DOLLAR, "\\$")))
        else:
            self.out.append(_enlivened(data).replace(ESCAPED_DOLLAR, "$"))

    def close(self) -> None:
        super().close()
        self.problems += [f"<{tag}> is not closed" for tag in self._open]


def _is_kept(tag: str, name: str, value: str | None) -> bool:
    if ADDRESSES.get(tag) == name:
        return (value or "").lower().startswith(SCHEMES)
    return name in ATTRIBUTES


def _enlivened(text: str) -> str:
    """Text as HTML, with what GitHub would bring to life marked."""
    for kind, rule in LIVE.items():
        found = rule.search(text)
        if found is not None:
            before, after = _enlivened(text[: found.start()]), _enlivened(text[found.end() :])
            return f'{before}<span class="live" title="{kind}">{html.escape(found[0])}</span>{after}'
    return html.escape(text)


def _fence(match: re.Match[str]) -> str:
    if match[1] == "suggestion":
        return f'<div class="suggestion"><p>Suggested change</p><pre><code>{match[2]}</code></pre></div>'
    kinds = {"+": "added", "-": "removed", "@": "hunk"}
    lines = [f'<span class="{kinds.get(line[:1], "same")}">{line}</span>' for line in match[2].split("\n")]
    return f'<pre class="diff"><code>{chr(10).join(lines)}</code></pre>'
