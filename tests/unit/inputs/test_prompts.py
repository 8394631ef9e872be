"""Prompts: what is read, what may be edited, and that nothing else changes when it is."""

from __future__ import annotations

import hashlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apo_ci.errors import InputError
from apo_ci.inputs.prompts import Prompt, parse_prompt, read_prompt
from apo_ci.lm.model import Message

SENTIMENT = """---
description: Is a product review positive?  # a comment
parameters: {temperature: 0, max_tokens: 4}
---
system:
You label product reviews.
{# apo: keep #}Answer only Yes or No.{# apo: end #}
user:
Be brief.

Review: {{ review }}
Label:
"""
PATH = "prompts/sentiment.prompt.md"
TEXTS = st.text(
    st.sampled_from(list("ab{}%#-\n\r \u2028é")) | st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40
) | st.sampled_from(["{{ x }}", "{% raw %}", "{% if", "{#", "ends with {", "user: hi", "---\na: 1\n---", "a\r\nb", ""])
HEADERS = st.sampled_from(
    ["", "---\ndescription:   'x'   # why\n---\n", "---\n# only a comment\n---  \n", '---\n{model: "m"}\n---\n']
)
BODIES = st.sampled_from(
    [
        "Label {{ x }} now",
        "\n\nsystem:\nDo this. \n\nuser: \nText: {{ x }}\nLabel:\n",
        "user:\n{# note #}One {% if x %}two{% endif %} {% raw %}{{ three }}{% endraw %} four\n\n",
        "system:\nA {# apo: keep #}B{# apo: end #} C\nuser:\nD\n{{ x }} E\nassistant:\nF",
        "user:\n{%- if x -%} yes {%- else -%} no {%- endif %}\n",
    ]
)


@st.composite
def sources(draw: st.DrawFn) -> str:
    text = draw(HEADERS) + draw(BODIES)
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + text


def sentiment() -> Prompt:
    return parse_prompt(SENTIMENT, PATH)


def refusal(source: str) -> InputError:
    with pytest.raises(InputError) as caught:
        parse_prompt(source, PATH)
    return caught.value


def test_a_prompt_has_a_header_messages_and_placeholders() -> None:
    prompt = sentiment()

    assert prompt.header.description == "Is a product review positive?"
    assert prompt.header.parameters.max_tokens == 4
    assert [message.role for message in prompt.messages] == ["system", "user"]
    assert prompt.placeholders == {"review"}
    assert prompt.hash == hashlib.sha256(SENTIMENT.encode()).hexdigest()


def test_it_renders_one_message_for_each() -> None:
    assert sentiment().render({"review": "It {{ stopped }}.\nuser:"}) == (
        Message("system", "You label product reviews.\nAnswer only Yes or No."),
        Message("user", "Be brief.\n\nReview: It {{ stopped }}.\nuser:\nLabel:"),
    )


def test_the_offset_of_a_message_is_where_its_text_stands() -> None:
    prompt = sentiment()

    assert all(prompt.body[one.start :].startswith(one.text) for one in prompt.messages)


def test_line_ends_do_not_change_what_is_sent() -> None:
    windows = parse_prompt("\ufeff" + SENTIMENT.replace("\n", "\r\n"), PATH)

    assert windows.render({"review": "x"}) == sentiment().render({"review": "x"})


def test_parts_are_the_editable_text_without_blanks() -> None:
    prompt = sentiment()

    assert [part.text for part in prompt.parts] == ["You label product reviews.", "Be brief.", "Review:", "Label:"]
    assert [part.message for part in prompt.parts] == [0, 1, 1, 1]
    assert all(prompt.body[part.start : part.end] == part.text for part in prompt.parts)


def test_editable_names_the_messages_that_have_parts() -> None:
    prompt = parse_prompt(SENTIMENT.replace("---\nsystem", "editable: [system]\n---\nsystem"), PATH)

    assert [part.text for part in prompt.parts] == ["You label product reviews."]


def test_a_part_is_replaced_and_all_else_stays() -> None:
    edited = sentiment().with_parts({0: "  Judge reviews.\n", 3: "Answer:"})

    assert edited.source == SENTIMENT.replace("You label product reviews.", "Judge reviews.").replace(
        "Label:", "Answer:"
    )
    assert edited.header is not None
    assert edited.same_structure(sentiment())


def test_text_that_looks_like_jinja_stays_text() -> None:
    edited = sentiment().with_parts({1: "Use {{ this }} and {% that %} {"})

    assert edited.placeholders == {"review"}
    assert edited.render({"review": "x"})[1].content.startswith("Use {{ this }} and {% that %} {\n\nReview: x")


def test_escaped_text_can_be_edited_again() -> None:
    once = sentiment().with_parts({1: "a {{ b"})
    again = once.with_parts({1: "c {% d"})

    assert once.parts[1].text == "a {{ b"
    assert again.render({"review": "x"})[1].content.startswith("c {% d\n")


@pytest.mark.parametrize("text", ["a {% endraw %}", "{%- endraw", "{%+  endraw -%} {{ review }}"])
def test_text_that_would_end_raw_text_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="endraw"):
        sentiment().with_parts({0: text})


@pytest.mark.parametrize("text", ["a\nuser:\nb", "system:", "a\r\nassistant:  "])
def test_text_that_would_open_a_message_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="open a message"):
        sentiment().with_parts({0: text})


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InputError, match="half a character"):
        sentiment().with_parts({0: "\ud800"})


def test_a_prompt_cannot_be_emptied() -> None:
    with pytest.raises(InputError, match="empty"):
        parse_prompt("Hello", PATH).with_parts({0: " "})


def test_there_is_no_part_beyond_the_last() -> None:
    with pytest.raises(IndexError):
        sentiment().with_parts({4: "x"})


@given(source=sources(), texts=st.lists(TEXTS, min_size=6, max_size=6), chosen=st.sets(st.integers(0, 5)))
@settings(max_examples=150)
def test_an_edit_changes_nothing_outside_its_parts(source: str, texts: list[str], chosen: set[int]) -> None:
    prompt = parse_prompt(source, PATH)
    edits = {index: texts[index] for index in chosen if index < len(prompt.parts)}
    try:
        edited = prompt.with_parts(edits)
    except InputError:
        return

    kept, position = [], len(source) - len(prompt.body)
    for index, part in enumerate(prompt.parts):
        if index in edits:
            kept.append(source[position : part.start + len(source) - len(prompt.body)])
            position = part.end + len(source) - len(prompt.body)
    rest = edited.source
    for stretch in kept:
        assert stretch in rest
        rest = rest[rest.index(stretch) + len(stretch) :]
    assert rest.endswith(source[position:])
    assert edited.source.startswith(source[: len(source) - len(prompt.body)])

    again = parse_prompt(edited.source, PATH)
    assert again.same_structure(prompt)
    assert prompt.same_structure(again)
    assert again.placeholders == prompt.placeholders
    assert again.body == edited.body


@given(source=sources())
@settings(max_examples=100)
def test_putting_the_same_texts_back_changes_nothing(source: str) -> None:
    prompt = parse_prompt(source, PATH)

    assert prompt.with_parts({index: part.text for index, part in enumerate(prompt.parts)}).source == source
    assert prompt.with_body(prompt.body).source == source


@given(source=sources(), text=TEXTS)
@settings(max_examples=150)
def test_what_is_put_in_is_what_is_rendered(source: str, text: str) -> None:
    prompt = parse_prompt(source, PATH)
    try:
        edited = prompt.with_parts({0: text})
    except InputError:
        return

    wanted = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    assert wanted in edited.messages[prompt.parts[0].message].text.replace("\r\n", "\n")
    if prompt.parts[0].message == 0 and "{%-" not in source:
        assert wanted in edited.render({"x": "X"})[0].content


@given(source=sources(), body=st.text("ab{}%# \n-:usertemxy", max_size=60) | BODIES)
@settings(max_examples=150)
def test_a_new_body_leaves_the_front_matter_alone(source: str, body: str) -> None:
    prompt = parse_prompt(source, PATH)
    try:
        written = prompt.with_body(body)
    except InputError:
        return

    assert written.source == source[: len(source) - len(prompt.body)] + body
    assert parse_prompt(written.source, PATH).body == body


@pytest.mark.parametrize(
    "body",
    [
        "system:\nX\n{# apo: keep #}Answer only Yes or No.{# apo: end #}\nuser:\nX {{ review }}\n",
        "system:\n{# apo: keep #}Answer only Yes or No.{# apo: end #}\nuser:\n{{review}}",
        "system:\n{% raw %}{{ x }}{% endraw %}{# apo: keep #}Answer only Yes or No.{# apo: end #}\nuser:\n{{ review }}",
    ],
)
def test_literal_text_is_not_structure(body: str) -> None:
    assert sentiment().same_structure(sentiment().with_body(body))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{{ review }}", "{{ text }}"),
        ("{{ review }}", "{{ review | upper }}"),
        ("{{ review }}", "{{ review }} {{ review }}"),
        ("{{ review }}", "{% if review %}{{ review }}{% endif %}"),
        ("Be brief.", "Be brief.\nassistant:\nYes\nuser:"),
        ("Be brief.", "{# new #}"),
        ("Yes or No", "yes or no"),
        ("{# apo: keep #}Answer only Yes or No.{# apo: end #}", "Answer only Yes or No."),
        ("system:", "assistant:"),
    ],
)
def test_structure_is_more_than_text(old: str, new: str) -> None:
    prompt = sentiment()

    assert not prompt.same_structure(prompt.with_body(prompt.body.replace(old, new)))


def test_comparing_structures_and_editing_are_cheap() -> None:
    prompt = sentiment()
    prompt.same_structure(prompt)
    before = time.perf_counter()
    for number in range(50):
        assert prompt.with_parts({0: f"Text {number}"}).same_structure(prompt)

    assert (time.perf_counter() - before) / 50 < 20e-3  # about 0.5 ms on an idle machine


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("---\nmodle: x\n---\nHi\n", 2, "`modle` is unknown"),
        ("---\nmodel: a\nmodel: b\n---\nHi\n", 3, "twice"),
        ("---\nparameters:\n  temperature: .nan\n---\nHi\n", 3, "NaN"),
        ("---\nparameters: &p {}\n---\nHi\n", 2, "anchors"),
        ("---\nparameters:\n  temperature: 3\n---\nHi\n", 3, "less than or equal to 2"),
        ("---\n- a\n---\nHi\n", 2, "A mapping"),
        ("---\nmodel: x\nHi\n", 1, "no end"),
        ("---\neditable: [users]\n---\nHi\n", 2, "'system', 'user' or 'assistant'"),
        ("---\nresponse_format: {type: nothing}\n---\nHi\n", 2, "not a JSON Schema"),
        ("---\nmodel: x\n---\nuser:\nHi\n{{ x\n", 6, "unexpected end of template"),
        ("user:\nHi\n{% for x in y %}\nassistant:\n{% endfor %}\n", 3, "'for'"),
        ("---\ninputs: [a, b]\n---\nHi {{ a }}\n", 2, "declared input `b` has no placeholder"),
        ("---\ninputs: [a]\n---\nHi {{ a }} {{ b }}\n", 2, "placeholder `b` is not among the declared"),
        ("---\nmodel: x\n---\n\n", 4, "empty"),
    ],
)
def test_each_fault_is_one_error_with_its_line(source: str, line: int, said: str) -> None:
    problem = refusal(source)

    assert said in problem.message
    assert (problem.path, problem.line) == (PATH, line)
    assert problem.cure


def test_declared_inputs_that_are_the_placeholders_are_fine() -> None:
    assert parse_prompt("---\ninputs: [a]\n---\nHi {{ a }}\n", PATH).header.inputs == ("a",)


def test_bytes_must_be_utf_8_and_a_mark_stays() -> None:
    assert read_prompt(b"\xef\xbb\xbfHi\n", PATH).source == "\ufeffHi\n"
    with pytest.raises(InputError, match="not UTF-8") as caught:
        read_prompt("Hi\nthere é".encode("latin-1"), PATH)
    assert caught.value.line == 2


def test_equal_files_are_equal_prompts() -> None:
    assert sentiment() == sentiment()
    assert len({sentiment(), sentiment(), sentiment().with_parts({0: "x"})}) == 2
