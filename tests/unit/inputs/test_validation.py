"""Validation finds everything that is wrong, at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from apo_ci.inputs.pull_request import validate_tree
from apo_ci.inputs.repository import Repository

GOOD = {
    "apo-ci.yaml": "version: 1\n",
    "prompts/a.prompt.md": "---\ndescription: x\n---\nReview: {{ review }}\nLabel:\n",
    "evals/a.yaml": "prompt: prompts/a.prompt.md\ndataset: evals/a.jsonl\n"
    "scorers: [{type: label, labels: [Yes, No]}]\n",
    "evals/a.jsonl": '{"review": "a", "target": "Yes"}\n{"review": "b", "target": "No"}\n',
}


def problems(root: Path, **files: str | bytes | None) -> list[str]:
    repository = Repository.create(root)
    for path, content in {**GOOD, **files}.items():
        if content is not None:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    found = validate_tree(repository.tree(None))
    assert all(problem.cure for problem in found)
    return [f"{problem.path}:{problem.line or ''} {problem.message}" for problem in found]


def test_a_good_project_has_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("apo-ci.yaml", "version: 1\nmodle: {}\n", "apo-ci.yaml:2 The key `modle` is unknown."),
        (
            "apo-ci.yaml",
            "version: 1\nversion: 1\n",
            "apo-ci.yaml:2 The key `version` stands here twice (first on line 1).",
        ),
        (
            "apo-ci.yaml",
            "version: 1\nbudget: &b {calls: 1}\n",
            "apo-ci.yaml:2 YAML anchors and aliases are not allowed.",
        ),
        ("apo-ci.yaml", "version: 1\nbudget: {usd: .nan}\n", "apo-ci.yaml:2 NaN and infinity are not allowed."),
        ("apo-ci.yaml", "version: 1\nevals:\n- ../x\n", "apo-ci.yaml:3 `../x` is not a path inside the repository."),
        ("apo-ci.yaml", None, "apo-ci.yaml: There is no configuration."),
        ("apo-ci.yaml", "version: 1\nprompts: [x/*.md]\nevals: []\n", "apo-ci.yaml: No prompt matches x/*.md."),
        ("prompts/a.prompt.md", b"Review: {{ review }} caf\xe9\n", "prompts/a.prompt.md:1 The byte 0xe9 is not UTF-8."),
        ("prompts/a.prompt.md", "", "prompts/a.prompt.md:1 The prompt is empty."),
        (
            "prompts/a.prompt.md",
            "Review: {{ reviw }}\n",
            "prompts/a.prompt.md:1 The placeholder `reviw` has no input in evals/a.jsonl.",
        ),
        (
            "prompts/a.prompt.md",
            "{{ review }} {{ tone }}\n",
            "prompts/a.prompt.md:1 The placeholder `tone` has no input in evals/a.jsonl.",
        ),
        (
            "prompts/a.prompt.md",
            "Hello",
            "evals/a.jsonl:1 The input `review` has no placeholder in prompts/a.prompt.md.",
        ),
        ("evals/a.jsonl", '{"review": "a"}\n', "evals/a.jsonl:1 The row has no target."),
        ("evals/a.jsonl", '{"review": NaN, "target": "No"}\n', "evals/a.jsonl:1 `NaN` is not allowed."),
        ("evals/a.jsonl", b'{"review": "\xff", "target": "No"}\n', "evals/a.jsonl:1 The byte 0xff is not UTF-8."),
        (
            "evals/a.jsonl",
            '{"review": "a", "target": "No"}\n{"review": "a", "target": "Yes"}\n',
            "evals/a.jsonl:2 Lines 1 and 2 have the same inputs and different targets.",
        ),
        (
            "evals/a.jsonl",
            '{"review": "a", "target": "Maybe"}\n',
            "evals/a.jsonl:1 The target `Maybe` is not among the labels Yes, No.",
        ),
        ("evals/a.jsonl", "", "evals/a.jsonl:1 The dataset has no rows."),
        ("evals/a.jsonl", None, "evals/a.yaml:2 There is no file `evals/a.jsonl`."),
        (
            "evals/b.yaml",
            "datset: x\n",
            "evals/b.yaml:1 The key `datset` is unknown.|"
            "evals/b.yaml:1 The key `prompt` is missing.|evals/b.yaml:1 The key `scorers` is missing.",
        ),
    ],
)
def test_each_mistake_is_told_once(tmp_path: Path, path: str, content: str | bytes | None, said: str) -> None:
    assert problems(tmp_path, **{path: content}) == said.split("|")


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        **{
            "apo-ci.yaml": "version: 1\nmodle: {}\ngate: {min: 7}\n",
            "prompts/a.prompt.md": "---\nmodle: x\neditable: [y]\n---\n{{ review }}",
            "prompts/b.prompt.md": "{{ x",
            "prompts/c.prompt.md": "system:\n",
            "evals/a.jsonl": "oops\n" * 30 + '{"review": "a", "target": "Maybe"}\n',
            "evals/b.yaml": "prompt: prompts/z.prompt.md\ndataset: evals/z.csv\nscorers: [{type: exact_match}]\n",
        },
    )

    assert [line.partition(" ")[0] for line in found] == [
        "apo-ci.yaml:2",
        "apo-ci.yaml:3",
        "prompts/a.prompt.md:2",
        "prompts/a.prompt.md:3",
        "prompts/b.prompt.md:1",
        "prompts/c.prompt.md:1",
        "evals/a.jsonl:1",
        "evals/a.jsonl:31",
        "evals/b.yaml:1",
        "evals/b.yaml:2",
    ]


def test_a_mistake_in_every_row_is_told_once(tmp_path: Path) -> None:
    rows = "".join(f'{{"review": "{number}", "label": "No"}}\n' for number in range(50))
    mapped = GOOD["evals/a.yaml"] + "columns: {target: lable}\n"

    assert problems(tmp_path / "a", **{"evals/a.jsonl": rows}) == [
        "evals/a.jsonl:1 The row has no target (likewise lines 2, 3, 4, 5, 6 and 44 more)."
    ]
    assert problems(tmp_path / "b", **{"evals/a.jsonl": rows, "evals/a.yaml": mapped}) == [
        "evals/a.jsonl:1 The row has no column `lable`, which `columns` maps to `target`"
        " (likewise lines 2, 3, 4, 5, 6 and 44 more)."
    ]


def test_rows_that_are_told_are_not_told_again_for_another_eval_set(tmp_path: Path) -> None:
    found = problems(tmp_path, **{"evals/b.yaml": GOOD["evals/a.yaml"], "evals/a.jsonl": '{"review": "a"}\n'})

    assert found == ["evals/a.jsonl:1 The row has no target."]


def test_duplicates_are_warnings(tmp_path: Path) -> None:
    problems(tmp_path, **{"evals/a.jsonl": '{"review": "a", "target": "No"}\n' * 2})
    warnings: list[str] = []

    assert validate_tree(Repository(tmp_path).tree(None), warnings.append) == []
    assert warnings == ["evals/a.jsonl: lines 1 and 2 hold the same case; the first is used."]
