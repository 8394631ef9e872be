"""Suggestion blocks, applied as GitHub applies them, give exactly the suggested file."""

from __future__ import annotations

import itertools
import random
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from apo_ci.publish.blocks import Block, Unsuitable, suggestion_blocks
from apo_ci.publish.hunks import commentable, file_patch, replacements, split_lines
from tests.unit.report.github import Page

WORDS = (
    *("", " ", "a", "b", "c", "  indented", "\ttab", "`code`", "```", "````text", "~~~", "```suggestion", "</pre>"),
    *("<!-- apo-ci:comment -->", "- item", "# head", "&amp;", "::error::x", "{{ input }}", "日本語", "❤\ufe0f", "\\"),
)
RARE = ("\r", "a\r", "\u202eb", "zero\u200bwidth", "\xa0", "\x0c", "\ufeff")
line = st.sampled_from(WORDS)
any_line = st.one_of(line, line, line, st.sampled_from(RARE))


def text_of(lines: list[str], end: str) -> str:
    return "\n".join(lines) + end if lines else ""


ends = st.sampled_from(["\n", "\n", "\n", ""])
plain = st.builds(text_of, st.lists(line, max_size=25), st.just("\n"))
texts = st.builds(text_of, st.lists(any_line, max_size=25), ends)


@st.composite
def edited(draw: st.DrawFn, source: st.SearchStrategy[str], new: st.SearchStrategy[str]) -> tuple[str, str, str]:
    """A file at the merge base, at the head, and as suggested: each some edits away from the one before."""
    base = draw(source)
    versions = [base]
    for _ in range(2):
        lines = versions[-1].split("\n")
        for _ in range(draw(st.integers(0, 4))):
            at = draw(st.integers(0, len(lines)))
            lines[at : at + draw(st.integers(0, 3))] = draw(st.lists(new, max_size=3))
        versions.append("\n".join(lines))
    return versions[0], versions[1], versions[2]


def applied(head: str, blocks: tuple[Block, ...]) -> str:
    """What a batch of suggestions makes of `head`: every comment's lines give way to the code that Markdown shows."""
    lines = list(split_lines(head))
    for block in reversed(blocks):
        lines[block.start - 1 : block.end] = [code_of(block.markdown)]
    return "".join(lines)


def code_of(markdown: str) -> str:
    """The content of the one code block that GitHub's parser finds."""
    page = Page(markdown)
    assert page.tags == ["pre", "code"]
    assert re.match(r'<pre(?: lang="suggestion")?><code(?: class="language-suggestion")?>', page.html)
    return page.text.removesuffix("\n")


def check(base: str, head: str, after: str) -> bool:
    """Whether there are blocks; what they must be when there are."""
    diff = file_patch("p.md", base, head)
    blocks = suggestion_blocks(head, after, diff)
    if isinstance(blocks, Unsuitable):
        assert blocks.reason
        return False
    assert applied(head, blocks) == after
    shown = commentable(diff)
    assert all(any(block.start in part and block.end in part for part in shown) for block in blocks)
    assert all(first.end < second.start for first, second in itertools.pairwise(blocks))
    homes = [next(part for part in shown if block.start in part) for block in blocks]
    assert len(set(homes)) == len(homes), "changes inside one hunk are one block"
    return True


@given(edited(texts, any_line))
def test_the_blocks_make_the_suggested_file_or_there_are_none(versions: tuple[str, str, str]) -> None:
    assume(versions[1] != versions[2])
    check(*versions)


@given(edited(plain, line))
def test_a_new_file_can_be_changed_everywhere(versions: tuple[str, str, str]) -> None:
    head, after = (f"start\n{text}\nend\n" for text in versions[1:])
    assume(head != after)
    assert check("", head, after)


def test_random_edits_of_a_long_prompt_are_offered_where_the_diff_shows_them() -> None:
    generator = random.Random(7)
    offered = 0
    for _ in range(200):
        base = [f"rule {number}" for number in range(60)]
        head = list(base)
        changed = sorted(generator.sample(range(60), 4))
        for number in changed:
            head[number] = f"changed {number}"
        after = list(head)
        for number in reversed(changed[:2]):
            after[number : number + 1] = [f"better {number}"] * generator.randint(0, 3)
        versions = ("\n".join(lines) + "\n" for lines in (base, head, after))
        offered += check(*versions)
    assert offered == 200


@given(st.lists(st.one_of(line, st.from_regex(r"`{0,12}[a-z ]{0,3}`{0,12}", fullmatch=True)), min_size=1))
def test_a_fence_is_longer_than_any_run_of_backticks_inside(lines: list[str]) -> None:
    block = Block(1, 1, tuple(f"{each}\n" for each in lines))
    fence = re.match("`+", block.markdown)
    assert fence is not None
    runs = re.findall("`+", "".join(block.lines))
    assert all(len(run) < len(fence[0]) for run in runs)
    assert code_of(block.markdown) == "".join(block.lines)


LONG = "".join(f"line {number}\n" for number in range(40))
WHOLE = file_patch("p.md", "", LONG)


def blocks_of(head: str, after: str, base: str = "") -> tuple[Block, ...] | Unsuitable:
    return suggestion_blocks(head, after, file_patch("p.md", base, head))


def test_changes_inside_one_hunk_are_one_block_with_the_lines_between() -> None:
    after = LONG.replace("line 3\n", "three\n").replace("line 9\n", "nine\n")
    assert blocks_of(LONG, after) == (
        Block(4, 10, ("three\n", *(f"line {number}\n" for number in range(4, 9)), "nine\n")),
    )


def test_changes_in_two_hunks_are_two_blocks() -> None:
    base = LONG.replace("line 3\n", "old 3\n").replace("line 30\n", "old 30\n")
    after = LONG.replace("line 3\n", "three\n").replace("line 30\n", "thirty\n")
    assert blocks_of(LONG, after, base) == (Block(4, 4, ("three\n",)), Block(31, 31, ("thirty\n",)))


def test_an_insertion_takes_a_line_of_the_diff_along() -> None:
    assert blocks_of("a\nb\n", "a\nx\nb\n") == (Block(2, 2, ("x\n", "b\n")),)
    assert blocks_of("a\nb\n", "a\nb\nx\n") == (Block(2, 2, ("b\n", "x\n")),)


def test_a_deletion_keeps_a_line_so_that_the_block_is_not_empty() -> None:
    assert blocks_of("a\nb\nc\n", "a\nc\n") == (Block(2, 3, ("c\n",)),)
    assert blocks_of("a\nb\nc\n", "a\nb\n") == (Block(2, 3, ("b\n",)),)


@pytest.mark.parametrize(
    ("head", "after", "base", "reason"),
    [
        ("", "a\n", "x\n", "empty file"),
        ("a\n", "", "", "leaves an empty file"),
        ("a\r\nb\r\n", "a\r\nB\r\n", "", "carriage returns"),
        ("a\nb\n", "a\r\nb\r\n", "", "carriage returns"),
        ("a\nb", "a\nb\n", "", "whether the last line has an end"),
        ("a\nb\n", "a\nb", "", "whether the last line has an end"),
        ("a\nb", "a\nc", "", "the last line has no end"),
        ("a\nb\n", "a\u202e\nb\n", "", "cannot be seen"),
        ("a\u200bx\nb\n", "a\u200by\nb\n", "", "cannot be seen"),
        (LONG, LONG.replace("line 9\n", "nine\n"), LONG, "does not show all lines"),
        (LONG, LONG.replace("line 9\n", "nine\n"), LONG.replace("line 30\n", "old\n"), "does not show all lines"),
        ("a\nb\n", "a\n" + "long " * 20_000 + "\n", "", "longer than"),
        ("a\n\n", "\n", "", "blank lines alone"),
    ],
)
def test_what_github_cannot_show_or_apply_exactly_has_a_reason(head: str, after: str, base: str, reason: str) -> None:
    found = blocks_of(head, after, base)
    assert isinstance(found, Unsuitable)
    assert reason in found.reason


def test_one_change_outside_of_the_diff_withholds_the_whole_file() -> None:
    base = LONG.replace("line 3\n", "old 3\n")
    after = LONG.replace("line 3\n", "three\n").replace("line 30\n", "thirty\n")
    assert isinstance(blocks_of(LONG, after, base), Unsuitable)


def test_a_hidden_character_on_a_line_that_stays_does_not_matter() -> None:
    assert blocks_of("a\u200b\nb\nc\nd\n", "a\u200b\nb\nc\nD\n") == (Block(4, 4, ("D\n",)),)


def test_a_diff_of_another_file_offers_no_lines_beyond_the_end() -> None:
    found = suggestion_blocks("a\nb\n", "a\nb\nc\n", WHOLE)
    assert found == (Block(2, 2, ("b\n", "c\n")),)
    assert replacements("a\nb\n", "a\nb\nc\n")[0].start == 3
