"""The anatomy of a message agrees with Jinja2, whatever the line ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apo_ci.errors import InputError
from apo_ci.inputs.formats.native import split_messages
from apo_ci.inputs.structure import Structure, escape, read_structures
from apo_ci.inputs.templates import Template

LITERALS = ["a", " ", "\n", "{", "}", "é", "%}", "\r\n"]
TAGS = ["{{ x }}", "{{- x -}}", "{% if x %}", "{% endif %}"]
COMMENTS = ["{# note #}", "{#- n -#}", "{# apo: keep #}", "{# apo: end #}"]
RAW = ["{% raw %}{{ y }}{% endraw %}", "{%- raw -%} b {%- endraw -%}"]
PIECES = st.sampled_from([*LITERALS, *TAGS, *COMMENTS, *RAW])


def structures(body: str) -> tuple[Structure, ...]:
    return read_structures(split_messages(body, "p.prompt.md", 1), body, "p.prompt.md", 1)


def literals(text: str) -> list[str]:
    return [text[literal.start : literal.end] for literal in structures(text)[0].literals]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain", ["plain"]),
        ("a {{ x }} b", ["a ", " b"]),
        ("a\r\n{{ x }}\r\nb", ["a\r\n", "\r\nb"]),
        ("a  \r\n {%- if x -%} \r\n b {% endif %}", ["a", "b "]),
        ("a {# note #} b", ["a ", " b"]),
        ("a {% raw %}{{ b }}{% endraw %} c", ["a ", "{{ b }}", " c"]),
        ("a {# apo: keep #}b {{ x }} c{# apo: end #} d", ["a ", " d"]),
    ],
)
def test_literals_are_the_text_between_tags(text: str, found: list[str]) -> None:
    assert literals(text) == found


def test_protected_regions_and_first_tags_are_located() -> None:
    text = "a {# apo: keep #}b{# apo:end #} {% if x %}c{% endif %}"
    structure = structures(text)[0]

    assert [text[start:end] for start, end in structure.regions] == ["{# apo: keep #}b{# apo:end #}"]
    assert structure.first_tag == text.index("{% if")


def test_a_region_may_span_messages() -> None:
    first, second = structures("system:\na {# apo: keep #}b\nuser:\nc{# apo: end #} d")

    assert len(first.regions) == len(second.regions) == 1
    assert [literal.start for literal in second.literals] == [len("c{# apo: end #}")]


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("a\n{# apo: keep #}b", 2, "no end"),
        ("a\nb{# apo: end #}", 2, "`{# apo: keep #}` was expected"),
        ("{# apo: keep #}\n{# apo: keep #}{# apo: end #}", 2, "`{# apo: end #}` was expected"),
        ("{# apo: kep #}a{# apo: end #}", 1, "`{# apo: kep #}` cannot stand here"),
        ("a\n{# open", 2, "Missing end of comment tag"),
        ("a\n\n{% raw %}b", 3, "Missing end of raw directive"),
    ],
)
def test_broken_regions_and_tags_are_refused_at_their_line(body: str, line: int, said: str) -> None:
    with pytest.raises(InputError) as caught:
        structures(body)

    assert said in caught.value.message
    assert caught.value.line == line
    assert caught.value.cure


@given(st.lists(PIECES, max_size=12).map("".join))
@settings(max_examples=200)
def test_literals_are_what_is_rendered_without_the_rest(text: str) -> None:
    try:
        found = structures("-" + text)[0]
    except InputError:
        return

    source = split_messages("-" + text, "p", 1)[0].text
    shown = "".join(source[literal.start : literal.end] for literal in found.literals)
    if not found.regions and "{% if" not in text:
        assert Template(source, "p").render({"x": ""}) == shown.replace("\r\n", "\n")


@given(st.text("{%#}-+ \nendrawx", max_size=20))
@settings(max_examples=200)
def test_escaped_text_renders_as_itself(text: str) -> None:
    if "endraw" not in text:
        assert Template("<" + escape(text) + "{{ x }}>", "p").render({"x": ""}) == f"<{text}>"
