"""Tests of the real tasks' starts and splits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.search.real import OWN_TASKS, Options, problem_of, run
from benchmarks.search.results import Plan


def write_task(folder: Path, name: str, rows: int) -> None:
    (folder / name).mkdir()
    for part in ("train", "test"):
        lines = [
            json.dumps({"id": f"{part}-{n}", "input": f"{part} text {n}", "target": "Yes" if n % 2 else "No"})
            for n in range(rows)
        ]
        (folder / name / f"{part}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("name", OWN_TASKS)
def test_the_repositorys_tasks_start_zero_shot_in_the_papers_three_sections(name: str) -> None:
    problem = problem_of(name, Options(), 0)

    (message,) = problem.start.render(problem.splits.dev[0].inputs)

    headings = [line for line in message.content.splitlines() if line.startswith("#")]
    assert headings == ["# Task", "# Output format", "# Prediction"]
    assert message.content.count("Label:") == 1
    assert all(label in message.content for label in problem.labels)
    assert problem.task_model.provider == "local"
    assert min(map(len, (problem.splits.train, problem.splits.dev, problem.splits.test))) > 30


def test_a_task_of_the_paper_has_its_sizes_and_takes_no_test_row_into_a_decision(tmp_path: Path) -> None:
    write_task(tmp_path, "ethos", 300)

    problem = problem_of("ethos", Options(data=str(tmp_path), model="any"), 0)

    splits = problem.splits
    assert (len(splits.train), len(splits.dev), len(splits.test)) == (150, 50, 150)
    assert {case.id.partition("-")[0] for case in (*splits.train, *splits.dev)} == {"train"}
    assert {case.id.partition("-")[0] for case in splits.test} == {"test"}
    assert len({case.id for case in (*splits.train, *splits.dev)}) == 200
    assert problem.metric.name == "f1"


def test_the_seed_draws_the_rows(tmp_path: Path) -> None:
    write_task(tmp_path, "liar", 300)
    options = Options(data=str(tmp_path), model="any")

    first, again, other = (problem_of("liar", options, seed).splits for seed in (0, 0, 1))

    assert first == again
    assert first.test != other.test


def test_another_optimizer_model_is_asked_at_the_same_endpoint(tmp_path: Path) -> None:
    write_task(tmp_path, "liar", 300)
    options = Options(data=str(tmp_path), model="small", optimizer_model="large", base_url="http://127.0.0.1:1/v1")

    problem = problem_of("liar", options, 0)

    assert (problem.task_model.name, problem.optimizer_model.name) == ("small", "large")
    assert problem.optimizer_model.base_url == "http://127.0.0.1:1/v1"
    assert problem.optimizer_model.parameters.temperature is None


def test_the_papers_tasks_without_a_model_are_refused(tmp_path: Path) -> None:
    write_task(tmp_path, "liar", 300)

    with pytest.raises(ValueError, match="--model"):
        run(Plan("real", "apo", "liar", 0, 100), Options(data=str(tmp_path)))
