"""The native format: front matter, and messages opened by a line."""

from __future__ import annotations

import pytest

from apo_ci.errors import InputError
from apo_ci.inputs.formats import format_of
from apo_ci.inputs.formats.native import NativeFormat, opens_message, split_messages

READ = NativeFormat().read


def messages(body: str) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in split_messages(body, "p", 1)]


def test_the_front_matter_is_split_off_with_its_lines() -> None:
    file = READ("---\na: 1\nb: 2\n---\nuser:\nHi\n", "p")

    assert file.header is not None
    assert file.header.value == {"a": 1, "b": 2}
    assert file.header.line(("b",)) == 3
    assert (file.body, file.first_line) == ("user:\nHi\n", 5)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_do_not_matter(newline: str, mark: str) -> None:
    file = READ(mark + "---\na: 1\n---\nuser:\nHi\n".replace("\n", newline), "p")

    assert file.header is not None
    assert file.body == f"user:{newline}Hi{newline}"
    assert [message.text for message in split_messages(file.body, "p", 1)] == ["Hi"]


def test_without_front_matter_all_is_body() -> None:
    file = READ("\ufeffHi --- there\n---\n", "p")

    assert (file.header, file.body, file.first_line) == (None, "Hi --- there\n---\n", 1)


def test_an_empty_front_matter_is_one() -> None:
    file = READ("---\n---\nHi", "p")

    assert file.header is not None
    assert (file.header.value, file.body) == (None, "Hi")


def test_front_matter_without_an_end_is_refused() -> None:
    with pytest.raises(InputError, match="no end"):
        READ("---\na: 1\nHi\n", "p")


def test_a_body_that_looks_like_front_matter_cannot_be_written() -> None:
    with pytest.raises(InputError, match="front matter"):
        NativeFormat().write("Hi\n", "p", "---\na: 1\n---\nHi\n")


def test_writing_keeps_everything_before_the_body() -> None:
    source = "\ufeff---\r\n# why\r\ndescription:   'x'\r\n---  \r\nHi"

    assert NativeFormat().write(source, "p", "Ho\n") == source[:-2] + "Ho\n"


def test_markers_open_messages() -> None:
    assert messages("system:\nA\n\nuser:  \nB\nassistant:\nC") == [("system", "A\n"), ("user", "B"), ("assistant", "C")]


def test_without_a_marker_there_is_one_user_message() -> None:
    assert messages("Label this: user: {{ x }}\n system:\nuser: x\nUser:\n") == [
        ("user", "Label this: user: {{ x }}\n system:\nuser: x\nUser:")
    ]


def test_blank_text_before_the_first_marker_is_nothing() -> None:
    assert messages("\n  \nuser:\nA\n") == [("user", "A")]


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("", 7, "empty"),
        (" \n\n", 7, "empty"),
        ("\nHello\nuser:\nA\n", 8, "text before the first message"),
        ("user:\nA\nsystem:\n\nassistant:\nB\n", 9, "system message is empty"),
        ("user:\nA\nsystem:", 9, "system message is empty"),
    ],
)
def test_what_is_not_a_list_of_messages_is_refused_at_its_line(body: str, line: int, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        split_messages(body, "p", 7)

    assert caught.value.line == line


@pytest.mark.parametrize("text", ["user:", "a\nsystem:\nb", "a\r\nassistant: \t\r\n", "a\ruser:"])
def test_text_that_would_open_a_message_is_known(text: str) -> None:
    assert opens_message(text)


@pytest.mark.parametrize("text", ["user: hi", " user:", "the user:", "User:", "user:\u2028"])
def test_other_text_opens_no_message(text: str) -> None:
    assert not opens_message(text)


def test_unknown_file_names_are_native() -> None:
    assert isinstance(format_of("prompts/x.prompt.md"), NativeFormat)
