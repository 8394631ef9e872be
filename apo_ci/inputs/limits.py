"""How much a template may do: sizes of values, loops, and the filters and methods that stay within them.

Work is counted in characters touched; an item of a container counts as ten, and so does each node of a
loop's body at each step.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from jinja2 import Undefined, pass_context
from jinja2.runtime import Context

MAX_SOURCE = 1_000_000  # characters of a prompt file
MAX_TOKENS = 20_000  # of Jinja2, in all messages of a prompt
MAX_MESSAGES = 1_000
MAX_OUTPUT = 1_000_000
MAX_RANGE = 10_000
MAX_WORK = 10_000_000
MAX_ITEMS = 100_000  # of a value, everything nested included
MAX_BITS = 10_000
MAX_NUMBER = 10_000  # of a number that a filter or method is given, such as a width
MAX_INDENT = 16
MAX_PRECISION = 300  # decimal digits, as many as a float has
COST_OF_STEP = 10
COST_OF_ITEM = 10

FILTERS = (
    *("abs", "batch", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "format"),
    *("groupby", "indent", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject"),
    *("rejectattr", "replace", "reverse", "round", "select", "selectattr", "slice", "sort", "string", "sum", "title"),
    *("trim", "truncate", "unique", "upper", "wordcount"),
)
METHODS = frozenset(
    (
        *("capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdecimal", "isdigit"),
        *("islower", "isnumeric", "isspace", "istitle", "isupper", "join", "lower", "lstrip", "partition", "replace"),
        *("removeprefix", "removesuffix", "rfind", "rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines"),
        *("startswith", "strip", "swapcase", "title", "upper", "get", "items", "keys", "values", "cycle", "changed"),
    )
)
NUMBERED = frozenset(("batch", "slice", "truncate", "indent"))
BY_ATTRIBUTE = frozenset(
    ("groupby", "join", "map", "max", "min", "reject", "rejectattr", "select", "selectattr", "sort", "sum", "unique")
)
_PARENTHESIS = re.compile(r"[()]")
_FLAGS = re.compile(r"[^a-zA-Z%]*")
_WIDE = re.compile(r"\*|\d{4}")


class LimitError(Exception):
    """A template asked for more than it may have."""


class Meter:
    """What one rendering has done so far."""

    __slots__ = ("work",)

    def __init__(self) -> None:
        self.work = 0

    def weigh(self, value: Any) -> None:
        """Charge for `value`; a value that would be larger than the output may be is refused."""
        self.work += len(value) if type(value) is str else self._weight(value) + 1
        if self.work > MAX_WORK:
            raise LimitError(f"the template does more than {MAX_WORK:,} steps of work")

    def charged(self, value: Any) -> Any:
        """`value`, charged for; an iterator becomes a list."""
        result = self.listed(value) if isinstance(value, Iterator) else value
        self.weigh(result)
        return result

    def listed(self, values: Any) -> list[Any]:
        """`values` as a list that is no longer than the work that is left."""
        result = list(islice(values, MAX_WORK // COST_OF_STEP + 1))
        self.step(len(result), 1)
        return result

    def loop(self, values: Any, body: int) -> list[Any]:
        """The items of a loop whose body has `body` nodes, paid for before the first step."""
        result = self.listed(values)
        self.step(len(result), body)
        return result

    def step(self, steps: int, body: int) -> None:
        """Charge for `steps` times `body` nodes."""
        self.work += COST_OF_STEP * steps * body
        if self.work > MAX_WORK:
            raise LimitError("the template's loops run too long")

    def _weight(self, value: Any) -> int:
        characters = items = 0
        stack = [value]
        while stack:
            item = stack.pop()
            items += 1
            if isinstance(item, str):
                characters += len(item)
            elif isinstance(item, int):
                characters += item.bit_length() // 3
            elif isinstance(item, Mapping):
                stack.extend(item.keys())
                stack.extend(item.values())
            elif isinstance(item, list | tuple | set | frozenset):
                stack.extend(item)
            if characters > MAX_OUTPUT:
                raise LimitError(f"a value has more than {MAX_OUTPUT:,} characters")
            if items + len(stack) > MAX_ITEMS:
                raise LimitError(f"a value has more than {MAX_ITEMS:,} items")
        return characters + COST_OF_ITEM * (items - 1)


def short_range(*arguments: int) -> range:
    """`range`, no longer than `MAX_RANGE`."""
    result = range(*arguments)
    if len(result) > MAX_RANGE:
        raise LimitError(f"a range has more than {MAX_RANGE:,} items")
    return result


def to_json(value: Any, indent: int | None = None) -> str:
    """JSON as a prompt wants it: no HTML escapes (Jinja2's own filter writes `<` as `\\u003c`)."""
    return json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)


def check_operator(operator: str, left: Any, right: Any) -> None:
    """Refuse an operation whose result would be too large."""
    if operator == "*":
        _check_product(left, right)
    elif operator == "**" and isinstance(left, int) and isinstance(right, int):
        if left.bit_length() * abs(right) > MAX_BITS:
            raise LimitError("a number grows too large")
    elif operator == "%" and isinstance(left, str):
        _check_format(left, right)


def _check_product(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > MAX_BITS:
            raise LimitError("a number grows too large")
        return
    sizes = [_size(side) if not isinstance(side, int) else max(side, 0) for side in (left, right)]
    _check_size(sizes[0] * sizes[1])


def _check_format(text: str, values: Any) -> None:
    conversions = list(_conversions(text))
    if any(_WIDE.search(conversion) for conversion in conversions):
        raise LimitError("a format has a width of more than 999")
    _check_size(len(text) + len(conversions) * (1_000 + _size(values)))


def _conversions(text: str) -> Iterator[str]:
    """What stands before the letter of each conversion, its key apart, in one pass; read as `str.__mod__` reads it."""
    position = 0
    while position := text.find("%", position) + 1:
        if text.startswith("(", position):
            position = _after_key(text, position)
        flags = _FLAGS.match(text, position)
        assert flags is not None  # it matches the empty text
        yield flags[0]
        position = flags.end() + 1


def _after_key(text: str, position: int) -> int:
    """Where the parenthesis that opens at `position` is closed; the end of the text where it never is."""
    depth = 0
    for found in _PARENTHESIS.finditer(text, position):
        depth += 1 if found[0] == "(" else -1
        if depth == 0:
            return found.end()
    return len(text)


def _check_size(size: float) -> None:
    if size > MAX_OUTPUT:
        raise LimitError(f"a value has more than {MAX_OUTPUT:,} characters")


def _size(value: Any) -> int:
    if isinstance(value, float | Undefined) or value is None:
        return 1
    meter = Meter()
    meter.weigh(value)
    return meter.work


def check_arguments(meter: Meter, name: str, arguments: Sequence[Any], named: Mapping[str, Any]) -> None:
    """Refuse a call whose result would be much larger than what it is given."""
    everything = [*arguments, *named.values()]
    for argument in everything:
        meter.weigh(argument)
    if name in NUMBERED and any(isinstance(argument, int) and abs(argument) > MAX_NUMBER for argument in everything):
        raise LimitError(f"`{name}` is given a number over {MAX_NUMBER:,}")
    if name in BY_ATTRIBUTE and hasattr(everything[0], "__len__"):
        steps = sum(len(re.split("[.,]", argument)) for argument in everything[1:] if isinstance(argument, str))
        meter.step(len(everything[0]), steps)
    check = _CHECKS.get(name)
    if check is not None:
        check(everything)


def _check_replace(arguments: Sequence[Any]) -> None:
    text, old, new = str(arguments[0]), str(arguments[1]), str(arguments[2])
    _check_size(len(text) + (text.count(old) if old else len(text) + 1) * len(new))


def _check_join(arguments: Sequence[Any]) -> None:
    if len(arguments) > 1:
        items = len(arguments[0]) if hasattr(arguments[0], "__len__") else 1
        _check_size(_size(arguments[0]) + items * _size(arguments[1]))


def _check_sum(arguments: Sequence[Any]) -> None:
    if any(isinstance(argument, list | tuple) for argument in arguments[1:]):
        raise LimitError("`sum` adds numbers, not lists")


def _check_indent(arguments: Sequence[Any]) -> None:
    text = str(arguments[0])
    width = max((_width(argument) for argument in arguments[1:]), default=4)
    _check_size(len(text) + (text.count("\n") + 1) * width)


def _width(value: Any) -> int:
    return value if isinstance(value, int) else len(str(value))


def _check_round(arguments: Sequence[Any]) -> None:
    if any(isinstance(argument, int) and abs(argument) > MAX_PRECISION for argument in arguments[1:]):
        raise LimitError(f"`round` keeps at most {MAX_PRECISION} digits")


def _check_to_json(arguments: Sequence[Any]) -> None:
    if any(_width(argument) > MAX_INDENT for argument in arguments[1:] if argument is not None):
        raise LimitError(f"`tojson` indents by at most {MAX_INDENT}")


def _check_percent(arguments: Sequence[Any]) -> None:
    _check_format(str(arguments[0]), list(arguments[1:]))


_CHECKS: Mapping[str, Callable[[Sequence[Any]], None]] = {
    "replace": _check_replace,
    "join": _check_join,
    "indent": _check_indent,
    "tojson": _check_to_json,
    "format": _check_percent,
    "sum": _check_sum,
    "round": _check_round,
}


def metered(name: str, function: Callable[..., Any], meter_of: Callable[[Context], Meter]) -> Callable[..., Any]:
    """The filter `function`, metered: what it is given and what it returns is charged for, and never lazy."""
    wanted = getattr(getattr(function, "jinja_pass_arg", None), "name", None)

    @pass_context
    def filtered(context: Context, *arguments: Any, **named: Any) -> Any:
        meter = meter_of(context)
        values = [meter.listed(value) if isinstance(value, Iterator) else value for value in arguments]
        check_arguments(meter, name, values, named)
        if wanted == "context":
            values.insert(0, context)
        elif wanted == "eval_context":
            values.insert(0, context.eval_ctx)
        elif wanted == "environment":
            values.insert(0, context.environment)
        return meter.charged(function(*values, **named))

    return filtered
