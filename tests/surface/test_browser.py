"""Every golden text in a real browser: nothing in it is alive, broken or too wide, in light and in dark."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.surface.browser import ADDRESS, Browser, Scheme, launched
from tests.surface.page import POLICY, Piece, document, render
from tests.surface.situations import ALL, COMMIT_URL, RUN_URL

pytestmark = pytest.mark.browser

FACTS = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const folded = all('details').map(each => each.children.length);
  all('details').forEach(each => { each.open = true; });
  const right = Math.max(...all('.body, .title').map(each => each.getBoundingClientRect().right));
  const prose = document.body.cloneNode(true);
  prose.querySelectorAll('code, pre, style').forEach(each => each.remove());
  const words = prose.textContent;
  const scrolls = (element) => element.closest('pre') !== null;
  return {
    links: all('a').map(each => each.getAttribute('href')),
    media: all('img, svg, video, audio, iframe, object, embed, form, input, script, base, meta[http-equiv]').length,
    live: all('.live').map(each => each.title + ': ' + each.textContent),
    folded: folded,
    summaries: all('details').map(each => each.querySelectorAll(':scope > summary').length),
    rows: all('tr').map(row => [row.cells.length, row.closest('table').rows[0].cells.length]),
    blank: all('td:last-child').filter(cell => cell.innerText.trim() === '').length,
    wide: [
      ...all('.body *').filter(each => !scrolls(each) && each.getBoundingClientRect().right > right + 1),
      ...all('table, .body, .title, html').filter(each => each.scrollWidth > each.clientWidth + 1),
    ].map(each => each.tagName + ': ' + each.textContent.slice(0, 60)),
    words: words,
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
    colours: [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor],
  };
}"""
MARKUP = re.compile(r"</?[A-Za-z]|<!--|-->|&#?\w+;|\*\*|```|^#{1,6} |\|:?--|\\[`*_]", re.MULTILINE)
OURS = re.compile(r"</?(?:summary|sub|p|code|table)\b|<!-- /?apo-ci|&#8203;|\|:?--")  # where strangers write markup


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("situation", ALL)
def test_a_text_is_whole_quiet_and_fits_its_column(browser: Browser, situation: str, scheme: Scheme) -> None:
    page, problems = document(ALL[situation])
    looked = browser.look(page, FACTS, scheme=scheme)
    facts = looked.facts
    assert problems == []
    assert (looked.console, looked.requests) == ([], [])
    assert set(facts["links"]) <= {RUN_URL, COMMIT_URL}
    assert (facts["media"], facts["live"]) == (0, [])
    assert set(facts["summaries"]) <= {1}
    assert min(facts["folded"], default=2) > 1
    assert all(cells == columns for cells, columns in facts["rows"])
    assert facts["blank"] == 0
    is_hostile = situation == "hostile"  # words without an end make a table scroll in its own box, there alone
    assert [one for one in facts["wide"] if not (is_hostile and one.startswith("TABLE"))] == []
    assert (OURS if is_hostile else MARKUP).findall(facts["words"]) == []
    assert facts["dark"] == (scheme == "dark")
    assert len(set(facts["colours"])) == 2


@pytest.mark.parametrize("situation", ALL)
def test_no_row_of_a_table_has_a_cell_too_many(situation: str) -> None:
    for piece in ALL[situation]:
        for rows in tables(piece):
            assert len({cells(row) for row in rows}) == 1, rows


def test_the_browser_sees_what_it_is_asked_to_look_for(browser: Browser) -> None:
    """The checks above would fail on a text that is none of ours."""
    alive = "@octocat fixes #12 :tada: ![x](https://evil.example/a.png) <script>alert(1)</script> $x$\n\n"
    open_fold = "<details><summary>s</summary>\n\n[x](https://evil.example)\n\n"
    alive += f"{open_fold}{'wide' * 400}\n\n| a |\n|--|\n| {'long' * 300} |\n"
    page, problems = document([Piece(alive)])
    looked = browser.look(page, FACTS)
    assert problems != []
    assert looked.console != []
    assert len(looked.facts["live"]) >= 4
    assert looked.facts["media"] == 1
    assert looked.facts["links"] == ["https://evil.example"]
    assert looked.facts["wide"] != []


def test_a_page_may_load_nothing(browser: Browser) -> None:
    assert POLICY.startswith("default-src 'none';")
    looked = browser.look(
        '<!doctype html><img src="https://evil.example/a.png"><script>document.title = "owned"</script>'
    )
    assert ADDRESS not in looked.requests
    assert looked.requests == []
    assert sum("Content Security Policy" in line for line in looked.console) == 2


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("> [!NOTE]\n> Look.", '<blockquote class="alert"><p><strong>NOTE</strong></p><p>Look.</p>\n</blockquote>\n'),
        ("- [x] done", "<ul>\n<li>☑ done</li>\n</ul>\n"),
        ("```suggestion\na\n```", '<div class="suggestion"><p>Suggested change</p><pre><code>a\n</code></pre></div>\n'),
        ("a\nb", "<p>a<br>\nb</p>\n"),
        ("a \\$b$ c", "<p>a $b$ c</p>\n"),
        ("<b onclick=x>a</b>", "<p><b>a</b></p>\n"),
        ("```mermaid\nflowchart LR\n```", '<pre lang="mermaid"><code>flowchart LR\n</code></pre>\n'),
    ],
)
def test_markdown_is_shown_as_github_shows_it(markdown: str, shown: str) -> None:
    assert render(markdown).html == shown


def tables(piece: Piece) -> Iterator[list[str]]:
    """The rows of each table outside of fences."""
    rows: list[str] = []
    fence = ""
    for line in [*piece.text.split("\n"), ""]:
        opened = re.match(r"`{3,}", line)
        if opened and (not fence or line == fence):
            fence = "" if fence else opened[0]
        if line.startswith("|") and not fence:
            rows.append(line)
        elif rows:
            yield rows
            rows = []


def cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row)) - 1
