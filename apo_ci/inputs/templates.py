"""Jinja2 for prompts, fenced in: a sandbox, strict names, and a meter on everything that could grow.

A template may use text, `{{ … }}`, `{% if %}`, `{% for %}`, `{% set %}`, `{% with %}`, filters and tests. Before it is
compiled, its syntax tree is checked against that list and every loop, comparison and container is wired to a `Meter`,
so that a hostile template is refused after a bounded amount of work and memory. Values are never compiled.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from typing import Any, NoReturn, cast

from jinja2 import (
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    Undefined,
    UndefinedError,
    meta,
    nodes,
    pass_context,
)
from jinja2 import Template as CompiledTemplate
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from apo_ci.errors import InputError
from apo_ci.inputs import limits
from apo_ci.inputs.limits import LimitError, Meter

METER = "\0meter"  # no template can spell this name
LOOP = "\0loop"
WEIGHED = "\0weighed"
JOINED = "\0joined"
BINARY_OPERATORS = frozenset({"+", "-", "*", "/", "//", "**", "%"})
ALLOWED_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.For,
    nodes.Assign,
    nodes.With,
    nodes.Name,
    nodes.Const,
    nodes.List,
    nodes.Tuple,
    nodes.Dict,
    nodes.Pair,
    nodes.Keyword,
    nodes.CondExpr,
    nodes.Filter,
    nodes.Test,
    nodes.Call,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.Concat,
    nodes.Compare,
    nodes.Operand,
    nodes.BinExpr,
    nodes.UnaryExpr,
)


def _meter(context: Context) -> Meter:
    meter = context.parent[METER]
    if not isinstance(meter, Meter):
        raise LimitError("The template is not metered.")
    return meter


@pass_context
def _written(context: Context, value: Any) -> Any:
    if callable(value) and not isinstance(value, Undefined):
        raise LimitError(f"`{getattr(value, '__name__', 'this')}` is not a value; call it: `…()`")
    _meter(context).weigh(value)
    return value


@pass_context
def _weighed(context: Context, value: Any) -> Any:
    _meter(context).weigh(value)
    return value


@pass_context
def _looped(context: Context, value: Any, body: int) -> list[Any]:
    return _meter(context).loop(value, body)


@pass_context
def _joined(context: Context, values: list[Any]) -> str:
    _meter(context).weigh(values)
    return "".join([str(value) for value in values])


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox: metered operators and calls, a short list of methods, filters that cannot explode."""

    intercepted_binops = BINARY_OPERATORS

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined, keep_trailing_newline=True, optimized=False, finalize=_written, cache_size=0
        )
        self.globals = {"range": limits.short_range}
        filters: dict[str, Any] = dict(self.filters)
        tests: dict[str, Any] = dict(self.tests)
        self.filters = {name: limits.metered(name, filters[name], _meter) for name in limits.FILTERS}
        self.filters["tojson"] = limits.metered("tojson", limits.to_json, _meter)
        self.filters.update({LOOP: _looped, WEIGHED: _weighed, JOINED: _joined})
        self.tests = {name: limits.metered(name, test, _meter) for name, test in tests.items()}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Only methods that cannot blow up may be called."""
        if callable(value) and attr not in limits.METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """`str.format` is not among the methods, wrapped or not."""

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Apply an operator, unless its result would be too large."""
        meter = _meter(context)
        meter.weigh(left)
        meter.weigh(right)
        limits.check_operator(operator, left, right)
        return meter.charged(super().call_binop(context, operator, left, right))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - as in Jinja2
        """Call a method or `range`, metered."""
        meter = _meter(__context)
        owner = getattr(__obj, "__self__", None)
        name = getattr(__obj, "__name__", "")
        limits.check_arguments(meter, name, (*args, owner) if name == "join" else (owner, *args), kwargs)
        return meter.charged(super().call(__context, __obj, *args, **kwargs))


class _Metering(NodeTransformer):
    """Wires the meter into a syntax tree, and refuses what is not on the list."""

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        if not isinstance(node, ALLOWED_NODES):
            raise TemplateSyntaxError(f"`{type(node).__name__}` is not available in prompts", node.lineno)
        return super().generic_visit(node, *args, **kwargs)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja2's visitor protocol
        if node.recursive:
            raise TemplateSyntaxError("recursive loops are not available in prompts", node.lineno)
        body = 1 + sum(1 for _ in node.find_all(nodes.Node))
        self.generic_visit(node)
        node.iter = _filter(LOOP, cast(nodes.Expr, node.iter), nodes.Const(body))
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - Jinja2's visitor protocol
        self.generic_visit(node)
        node.expr = _filter(WEIGHED, node.expr)
        for operand in node.ops:
            operand.expr = _filter(WEIGHED, operand.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - Jinja2's visitor protocol
        is_slice = isinstance(node.arg, nodes.Slice)
        item = self._children(node)
        return _filter(WEIGHED, item) if is_slice else item

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802 - Jinja2's visitor protocol
        return _filter(WEIGHED, self._children(node))

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802 - Jinja2's visitor protocol
        return _filter(WEIGHED, self._children(node))

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802 - Jinja2's visitor protocol
        tuple_ = self._children(node)
        return _filter(WEIGHED, tuple_) if node.ctx == "load" else tuple_

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja2's visitor protocol
        self.generic_visit(node)
        return _filter(JOINED, nodes.List(node.nodes, lineno=node.lineno))

    def _children(self, node: nodes.Expr) -> nodes.Expr:
        self.generic_visit(node)
        return node


def _filter(name: str, node: nodes.Expr, *arguments: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(arguments), [], None, None, lineno=node.lineno)


ENVIRONMENT = PromptEnvironment()


class Template:
    """One compiled text of `tokens` tokens. `placeholders` are the names that it takes from a case's inputs.

    `path` and `first_line` say where the text stands, for errors. Raises `InputError` for what is not Jinja, and for
    more than `most_tokens`: what compiling costs goes by them.
    """

    def __init__(self, text: str, path: str, first_line: int = 1, *, most_tokens: int = limits.MAX_TOKENS):
        self._path = path
        self._first_line = first_line
        try:
            self.tokens = sum(1 for _ in islice(ENVIRONMENT.lexer.tokeniter(text, None), most_tokens + 1))
            if self.tokens > most_tokens:
                raise TemplateSyntaxError(f"a prompt has at most {limits.MAX_TOKENS:,} tokens of Jinja2", 1)
            self._tree = ENVIRONMENT.parse(text)
            self.placeholders = frozenset(meta.find_undeclared_variables(self._tree))
            _Metering().visit(self._tree)
        except TemplateSyntaxError as problem:
            self._refuse(problem.message or "it cannot be read", problem.lineno, problem)
        except (TemplateError, RecursionError, ValueError, MemoryError, OverflowError) as problem:
            self._refuse(str(problem) or "it cannot be read", 1, problem)

    def render(self, inputs: Mapping[str, Any]) -> str:
        """The text with `inputs` filled in; line ends are `\\n`. Raises `InputError`."""
        compiled = self._compiled
        context = compiled.new_context({**compiled.globals, **inputs, METER: Meter()}, shared=True)
        pieces: list[str] = []
        size = 0
        try:
            for piece in compiled.root_render_func(context):
                size += len(piece)
                if size > limits.MAX_OUTPUT:
                    raise LimitError(f"the text grows past {limits.MAX_OUTPUT:,} characters")
                pieces.append(piece)
        except Exception as problem:
            # A template is foreign code: whatever it raises is a fault of the prompt or the case.
            raise self._failed(problem, compiled) from problem
        return "".join(pieces)

    @cached_property
    def _compiled(self) -> CompiledTemplate:
        try:
            self._tree.set_environment(ENVIRONMENT)
            code = ENVIRONMENT.compile(self._tree, filename=self._path)
        except (TemplateError, SyntaxError, RecursionError, ValueError, MemoryError, OverflowError) as problem:
            self._refuse(str(problem) or "it cannot be compiled", getattr(problem, "lineno", None) or 1, problem)
        return CompiledTemplate.from_code(ENVIRONMENT, code, ENVIRONMENT.globals)

    def _refuse(self, message: str, line: int, problem: Exception) -> NoReturn:
        raise InputError(
            f"The template cannot be used: {message.rstrip('.')}.",
            cure="Prompts are Jinja2 text; to write braces literally, put them between {% raw %} and {% endraw %}.",
            path=self._path,
            line=self._first_line + line - 1,
        ) from problem

    def _failed(self, problem: Exception, compiled: CompiledTemplate) -> InputError:
        lines = [
            line for frame, line in traceback.walk_tb(problem.__traceback__) if frame.f_code.co_filename == self._path
        ]
        line = compiled.get_corresponding_lineno(lines[-1]) if lines else 1
        undefined = isinstance(problem, UndefinedError)
        cure = "Give every case this input, or mend the placeholder." if undefined else "Simplify the template."
        return InputError(
            f"The prompt cannot be filled in: {str(problem).rstrip('.') or type(problem).__name__}.",
            cure=cure,
            path=self._path,
            line=self._first_line + line - 1,
        )
