"""Templates are fenced in: what they may do, and how soon the rest is refused."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apo_ci.errors import InputError
from apo_ci.inputs.templates import Template


def render(text: str, **inputs: Any) -> str:
    return Template(text, "p.prompt.md").render(inputs)


def refusal(text: str, **inputs: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        render(text, **inputs)
    return caught.value


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("{{ x }}", "hello"),
        ("{{ x | upper }}!", "HELLO!"),
        ("{% for i in range(3) %}{{ loop.index }}{{ i }} {% endfor %}", "10 21 32 "),
        ("{% for w in words if w != 'b' %}{{ w }}{% else %}none{% endfor %}", "ac"),
        ("{% if words | length > 2 %}many{% else %}few{% endif %}", "many"),
        ("{% set n = words | join('-') %}{{ n }}", "a-b-c"),
        ("{{ words | map('upper') | join }}", "ABC"),
        ("{{ row | tojson }}", '{"a": "<é>", "b": [1]}'),
        ("{{ row.a }} {{ row['b'][0] }} {{ row.items() | list | length }}", "<é> 1 2"),
        ("{{ x[1:3] ~ 'y' * 3 }}", "elyyy"),
        ("{{ '%.2f' | format(1.5) }} {{ '%s-%03d' % ('a', 7) }}", "1.50 a-007"),
        ("{{ x.replace('l', 'L').split('L') | first }}", "he"),
        ("{{ missing | default('none') }}", "none"),
        ("{% if missing is defined %}a{% else %}b{% endif %}", "b"),
        ("{{ 'a' if x in ['hello'] else 'b' }}", "a"),
        ("{{ 100000 is divisibleby 50000 }} {{ [3, 1, 2] | sort | join(',') }}", "True 1,2,3"),
        ("{% with y = x %}{{ y }}{% endwith %}", "hello"),
        ("a{# note #}b{% raw %}{{ x }}{% endraw %}\n", "ab{{ x }}\n"),
    ],
)
def test_ordinary_templates_work(text: str, rendered: str) -> None:
    assert render(text, x="hello", words=["a", "b", "c"], row={"a": "<é>", "b": [1]}) == rendered


@pytest.mark.parametrize(
    "value", ["{{ 7 * 7 }}", "{% for i in range(9) %}x{% endfor %}", "{# gone #}", "{% endraw %}", "user:\n"]
)
def test_values_are_never_templates(value: str) -> None:
    assert render("<{{ x }}>", x=value) == f"<{value}>"


@given(st.text(max_size=50))
@settings(max_examples=100)
def test_any_text_comes_through_as_it_is(value: str) -> None:
    assert render("<{{ x }}>", x=value) == f"<{value}>"


HOSTILE = [
    "{{ 'a' * 10**9 }}",
    "{{ 10**9 * 'a' }}",
    "{{ [1] * 10**9 }}",
    "{{ 9**9999999 }}",
    "{{ (2**5000) * (2**9000) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%.1000000000f' % 1 }}",
    "{{ '%*d' % (1000000000, 3) }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ x.center(10**9) }}",
    "{{ x.ljust(10**9) }}",
    "{{ x | center(10**9) }}",
    "{{ ('a\\n' * 1000) | indent(10**9) }}",
    "{{ [1] | batch(10**9, 'x') | list }}",
    "{{ x | tojson(indent=10**9) }}",
    "{{ ('a' * 1000) | replace('a', 'b' * 10000) }}",
    "{{ ('a' * 1000).replace('', 'b' * 10000) }}",
    "{{ ('a' * 999999).join('b' * 99999) }}",
    "{{ range(10000) | join('b' * 9999) }}",
    "{{ range(10**9) }}",
    "{{ range(10000) | batch(1) | sum(start=[]) }}",
    "{% set a = [1] * 9999 %}{% set b = [a] * 9999 %}{{ b }}",
    "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a ~ a ~ a ~ a ~ a ~ a ~ a ~ a ~ a %}" * 9 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = [a, a, a, a, a, a, a, a, a, a] %}" * 9 + "{{ a }}",
    "{% for i in range(10000) %}{% for j in range(10000) %}{{ j }}{% endfor %}{% endfor %}",
    "{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}",
    "{% for i in range(10000) %}" + "{% if i %}{% endif %}" * 2000 + "{% endfor %}",
    "{% for i in range(9999) %}{% if i in range(9999) | list %}{% endif %}{% endfor %}",
    "{{ range(10000) | select('in', range(10000) | list) | list }}",
    "{% for i in range(10000) %}" + "long text " * 1000 + "{% endfor %}",
    "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% macro f(n) %}{{ f(n - 1) }}{{ f(n - 1) }}{% endmacro %}{{ f(99) }}",
    "{% set a %}{{ x }}{% endset %}",
    "{{ x.__class__ }}",
    "{{ x['__class__'] }}",
    "{{ x | attr('__class__') }}",
    "{{ ().__class__.__bases__[0].__subclasses__() }}",
    "{{ range.__globals__ }}",
    "{{ words.append(1) }}",
    "{{ lipsum(n=1000) }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ self }}{{ self._TemplateReference__context }}",
    "{% include 'p.prompt.md' %}",
    "{% import 'p.prompt.md' as p %}",
    "{% extends 'p.prompt.md' %}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{% if x %}" * 200 + "{% endif %}" * 200,
    "{% for i in [1] %}" * 50 + "{% endfor %}" * 50,
    "{{ " + "9" * 5000 + " }}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_template_is_refused_soon(text: str) -> None:
    before = time.perf_counter()
    problem = refusal(text, x="hello", words=["a"])

    assert time.perf_counter() - before < 3  # at most 0.3 on an idle machine
    assert problem.path == "p.prompt.md"
    assert problem.cure


@pytest.mark.parametrize(
    "text",
    [text for text in HOSTILE if len(text) < 120 and " range(10000) | list" not in text and "in range" not in text],
)
def test_a_hostile_template_is_refused_in_little_memory(text: str) -> None:
    tracemalloc.start()
    try:
        refusal(text, x="hello", words=["a"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 30_000_000


def test_a_text_of_the_largest_size_is_rendered() -> None:
    assert len(render("{{ x | trim }}", x="a" * 1_000_000)) == 1_000_000


def test_output_beyond_the_limit_is_refused() -> None:
    assert "1,000,000 characters" in refusal("{{ x }}{{ x }}", x="a" * 600_000).message


def test_a_name_without_a_value_is_told_with_its_line() -> None:
    problem = refusal("one\ntwo {{ review }}\n")

    assert str(problem) == (
        "p.prompt.md:2: The prompt cannot be filled in: 'review' is undefined.\n"
        "  Give every case this input, or mend the placeholder."
    )


@pytest.mark.parametrize("text", ["{{ row.items }}", "{{ range }}", "{{ x.upper }}"])
def test_a_method_is_not_a_value(text: str) -> None:
    assert "call it" in refusal(text, row={"items": 1}, x="a").message


def test_a_missing_key_of_a_value_is_an_error_too() -> None:
    assert "no attribute 'b'" in refusal("{{ row.b }}", row={"a": 1}).message


@pytest.mark.parametrize(
    ("text", "line"), [("a\n{{ x", 2), ("a\nb\n{% if %}", 3), ("{{ x | nope }}", 1), ("a\n{% endif %}", 2)]
)
def test_a_syntax_error_is_told_with_its_line(text: str, line: int) -> None:
    assert refusal(text, x=1).line == line


def test_placeholders_are_the_names_that_are_taken_from_inputs() -> None:
    template = Template(
        "{% set a = b %}{{ a }}{% for c in d %}{{ c.e }}{{ loop.index }}{% endfor %}{{ range(2) }}", "p"
    )

    assert template.placeholders == {"b", "d"}


def test_a_placeholder_in_a_comment_or_raw_text_is_none() -> None:
    assert Template("{# {{ a }} #}{% raw %}{{ b }}{% endraw %}", "p").placeholders == frozenset()


def test_rendering_one_case_is_fast() -> None:
    template = Template("Review: {{ review }}\nLabel:", "p")
    template.render({"review": "x"})

    before = time.perf_counter()
    for _ in range(2_000):
        template.render({"review": "It stopped charging after a week."})

    assert (time.perf_counter() - before) / 2_000 < 300e-6  # about 4 µs on an idle machine
