"""Hostile prompts, documents, globs and schemas, each read in a process of its own under the kernel's hard limits.

`python -m tests.unit.inputs.bombs` prints one line of JSON for each: what became of it, the seconds of processor time,
and the megabytes that it took beyond what the program has anyway. A process that the kernel had to end says so.
"""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable
from functools import partial
from typing import Any

from apo_ci import documents
from apo_ci.config import parse_config
from apo_ci.errors import ApoError
from apo_ci.evaluation.schemas import Schema
from apo_ci.inputs.paths import matching
from apo_ci.inputs.prompts import parse_prompt

CPU_SECONDS = 10
MEMORY = 800_000_000  # bytes of address space beyond what the program has
CHAIN = range(1, 40)

TEMPLATES = {
    "a product of texts": "{{ 'a' * 10**9 }}",
    "a product of lists": "{{ [1] * 10**9 }}",
    "a power of constants, which a compiler would fold": "{{ 9**9999999 }}",
    "powers of powers": "{{ 9**9**9**9**9 }}",
    "a shift by powers of two": "{{ 2**9999 * 2**9999 }}",
    "a wide format": "{{ '%1000000000d' % 1 }}",
    "a wide format behind a key with parentheses": "{{ '%((a)b)1000000000d' % {'(a)b': 1} }}",
    "a wide format filter": "{{ '%1000000000d' | format(1) }}",
    "a format without end": "{{ ('%(' * 400000) % x }}",
    "a format filter without end": "{{ ('%(' * 400000) | format(1) }}",
    "rounding to a billion digits": "{{ 1.5 | round(1000000000, 'ceil') }}",
    "rounding by keyword": "{{ 1.5 | round(method='floor', precision=1000000000) }}",
    "rounding by map": "{{ [1.5] | map('round', 1000000000, 'ceil') | list }}",
    "a long attribute with a default": "{{ range(10000)|map(attribute=('a.'*400000), default=1)|list|length }}",
    "a long attribute to sort by": "{{ ('a'*9999)|list|sort(attribute='0.'*400000 ~ '0')|length }}",
    "a long attribute to select by": "{{ ('a'*9999)|list|selectattr('0.'*300000~'0')|list|length }}",
    "many attributes": "{{ ('a'*9999)|list|sort(attribute='0,'*300000~'0')|length }}",
    "a long attribute to join by": "{{ ('a'*9999)|list|join(',', attribute='0.'*300000~'0')|length }}",
    "loops in loops": "{% for i in range(9999) %}{% for j in range(9999) %}{{ j }}{% endfor %}{% endfor %}",
    "a loop of membership": "{% for i in range(9999) %}{% if i in range(9999)|list %}{% endif %}{% endfor %}",
    "a recursive loop": "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "a recursive macro": "{% macro f(n) %}{{ f(n - 1) }}{{ f(n - 1) }}{% endmacro %}{{ f(99) }}",
    "a text that grows tenfold": "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a~a~a~a~a~a~a~a~a~a %}" * 9 + "{{ a }}",
    "a list of lists of lists": "{% set a = [1] %}" + "{% set a = [a, a, a, a, a, a, a, a] %}" * 12 + "{{ a }}",
    "a list in a list, 1,300 deep": "{% set t = [] %}" + "{% set t = [t] %}" * 1_300 + "{{ t }}",
    "a tuple in a tuple, 1,300 deep": "{% set t = () %}" + "{% set t = (t,) %}" * 1_300 + "{{ {t: 1} }}",
    "a replacement of nothing": "{{ ('a' * 900000).replace('', 'b' * 900000) }}",
    "a join of many": "{{ ('a' * 900000)|list|join('b' * 900000) }}",
    "an indent": "{{ ('a\\n' * 400000)|indent(9999) }}",
    "parentheses": "{{ " + "(" * 50_000 + "1" + ")" * 50_000 + " }}",
    "brackets": "{{ " + "[" * 50_000 + "]" * 50_000 + " }}",
    "negations": "{{ " + "not " * 50_000 + "x }}",
    "minus signs": "{{ " + "-" * 50_000 + "1 }}",
    "blocks in blocks": "{% if x %}" * 3_000 + "{% endif %}" * 3_000,
    "loops in loops in loops": "{% for i in [1] %}" * 60 + "{% endfor %}" * 60,
    "additions": "{{ " + "x + " * 200_000 + "x }}",
    "concatenations": "{{ " + "x ~ " * 200_000 + "x }}",
    "comparisons": "{{ " + "x < " * 200_000 + "x }}",
    "attributes": "{{ x" + ".a" * 200_000 + " }}",
    "filters": "{{ x" + "|upper" * 100_000 + " }}",
    "constants": "{{ [" + "1," * 300_000 + "1]|length }}",
    "keys": "{{ {" + "'a':1," * 150_000 + "}|length }}",
    "arguments": "{{ x.replace(" + "x," * 200_000 + "x) }}",
    "digits": "{{ " + "9" * 900_000 + " }}",
    "hexadecimal digits": "{{ 0x" + "f" * 900_000 + " }}",
    "tags": "{{x}}" * 190_000,
    "comments": "{#a#}" * 190_000,
    "protected regions": "{#apo:keep#}{#apo:end#}" * 40_000,
    "messages": "user:\nx\n" * 120_000,
    "elses": "{% if x %}" + "{% elif x %}" * 80_000 + "{% endif %}",
    "assignments": "".join(f"{{% set a{number} = x %}}" for number in range(50_000)),
    "opened braces": "{" * 900_000,
    "opened tags in raw text": "{% raw %}" + "{%" * 400_000,
    "opened comments": "{#" * 400_000,
    "blanks in a tag": "{%" + " " * 900_000,
    "five megabytes of text": "a" * 5_000_000,
    "three million lines": "a\n" * 3_000_000,
    "an escape by class": "{{ ().__class__.__bases__[0].__subclasses__() }}",
    "an escape by format": "{{ '{0.__class__.__init__.__globals__}'.format(x) }}",
    "an escape by format_map": "{{ '{a.__class__}'.format_map({'a': x}) }}",
    "an escape by attr": "{{ x|attr('__class__') }}",
    "an escape by map": "{{ [x]|map(attribute='__class__')|first }}",
    "an escape by globals": "{{ range.__globals__ }}{{ cycler.__init__.__globals__ }}",
    "an escape by self": "{{ self._TemplateReference__context }}",
    "an escape by the meter": "{{ context.parent }}{{ loop.__init__ }}",
    "another file": "{% include '/etc/passwd' %}",
}
# What is within the limits and near them: it may work, and must end soon.
NEAR = {
    "5,500 placeholders": "{{x}}" * 5_500,
    "999 messages": ("user:\n" + "x\n" * 490 + "x\n") * 999,
    "3,300 regions": "{#apo:keep#}{#apo:end#}" * 3_300,
    "4,800 comparisons": "{{ " + "x < " * 4_800 + "x }}",
    "9,000 concatenations": "{{ " + "x~" * 9_000 + "x }}",
    "chains of filters": ("{{ x" + "|upper" * 30 + " }}") * 260,
    "a megabyte of lines": "a\n" * 490_000,
    "a loop up to the limit": "{% for i in range(9000) %}{{ i|string|upper|lower|trim|title }}{% endfor %}",
}
DOCUMENTS = {
    "aliases": "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "a merge": "<<: {a: 1}\n",
    "a tag": "a: !!python/object/apply:os.system [id]\n",
    "a key twice": "a: 1\na: 2\n",
    "depth": "[" * 100_000,
    "millions of values": "[" + "1," * 4_900_000 + "]",
    "millions of lists": "[" + "[]," * 3_000_000 + "]",
    "hundreds of thousands of keys": "".join(f"k{number}: 1\n" for number in range(700_000)),
    "a number of a million digits": "a: " + "9" * 1_000_000,
    "a hexadecimal number of a million digits": "a: 0x" + "f" * 1_000_000,
    "a fraction of a million digits": "a: " + "9" * 1_000_000 + ".5",
    "eleven megabytes": "a: " + "x" * 11_000_000,
}
GLOBS = {
    "folders": ("**/" * 20 + "x", "a/" * 40 + "y"),
    "stars": ("*a" * 20 + "x", "a" * 200 + "y"),
    "sets": ("[a-z]*" * 20 + "X", "a" * 200 + "y"),
}


def references(keyword: str) -> dict[str, Any]:
    """A schema of forty lines that a reply is held to in 2**39 steps."""
    definitions: dict[str, Any] = {"a0": {"type": "object"}}
    for number in CHAIN:
        definitions[f"a{number}"] = {keyword: [{"$ref": f"#/$defs/a{number - 1}"}] * 2}
    return {"$defs": definitions, "$ref": "#/$defs/a39", "unevaluatedProperties": False}


def deep(value: Any, levels: int) -> Any:
    """`value` in so many lists."""
    for _ in range(levels):
        value = [value]
    return value


BRANCHES = {"type": "array", "items": {"$ref": "#/$defs/t"}}
SCHEMAS: dict[str, tuple[dict[str, Any], Any]] = {
    "references, all": (references("allOf"), {"b": 1}),
    "references, any": (references("anyOf"), {"b": 1}),
    "a schema in itself": ({"$ref": "#"}, {}),
    "branches of branches": ({"$defs": {"t": {"anyOf": [BRANCHES] * 3}}, "$ref": "#/$defs/t"}, deep(1, 40)),
    "unique objects": ({"uniqueItems": True}, [{"a": number} for number in range(20_000)]),
    "a pattern": ({"pattern": "^(a+)+$"}, "a" * 100_000 + "b"),
}


def attacks() -> dict[str, Callable[[], object]]:
    """What is tried, by name."""
    unknown = "version: 1\n" + "".join(f"modle{number}: 1\n" for number in range(200_000))
    return {
        **{f"template: {name}": partial(render, text) for name, text in {**TEMPLATES, **NEAR}.items()},
        **{f"document: {name}": partial(documents.parse, text, "x.yaml") for name, text in DOCUMENTS.items()},
        "document: unknown keys": partial(parse_config, unknown, "x.yaml"),
        **{f"glob: {name}": partial(matching, [pattern], [path]) for name, (pattern, path) in GLOBS.items()},
        **{f"schema: {name}": partial(hold, value, schema) for name, (schema, value) in SCHEMAS.items()},
    }


def render(text: str) -> object:
    """The messages of the prompt `text`."""
    return parse_prompt(text, "p.prompt.md").render({"x": "hello"})


def hold(value: Any, schema: dict[str, Any]) -> object:
    """What is wrong with `value` by `schema`."""
    return Schema(schema).problem(value)


def outcome(attack: Callable[[], object]) -> dict[str, object]:
    """What became of `attack`; to be called in a process of its own."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + MEMORY,) * 2)
    before = resource.getrusage(resource.RUSAGE_SELF)
    try:
        attack()
        became = "done"
    except ApoError:
        became = "refused"
    except BaseException as problem:  # whatever it is, it is the finding
        became = f"raised {type(problem).__name__}"
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"became": became, "seconds": seconds, "megabytes": (after.ru_maxrss - before.ru_maxrss) / 1024}


def address_space() -> int:
    """The bytes of address space that this process has by now."""
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[0]) * resource.getpagesize()


def tried(name: str, attack: Callable[[], object]) -> dict[str, object]:
    """`outcome` in a child process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            os.write(writer, json.dumps(outcome(attack)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        said = stream.read()
    os.waitpid(child, 0)
    found: dict[str, object] = json.loads(said) if said else {"became": "ended by the kernel"}
    return {"name": name, **found}


if __name__ == "__main__":
    for name, attack in attacks().items():
        print(json.dumps(tried(name, attack)), flush=True)  # noqa: T201 (this is the program's output)
