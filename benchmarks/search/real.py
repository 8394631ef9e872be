"""Runs on real tasks: this repository's own with its embedded model, or the paper's with any endpoint.

The paper's tasks are read from a folder (`--data`), one subfolder each with `train.jsonl` and `test.jsonl`, rows of
`id`, `input` and `target`. None of their rows is part of this repository, and none is printed.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apo_ci.config import Budget, ModelSettings, Parameters, api_key, parse_config
from apo_ci.evaluation.evaluate import TaskModel, evaluate
from apo_ci.evaluation.metrics import make_metric, measure
from apo_ci.evaluation.pairs import observe
from apo_ci.evaluation.scorers import make_scorer
from apo_ci.inputs.datasets import Case, load_dataset
from apo_ci.inputs.evals import LabelSettings, parse_eval
from apo_ci.inputs.prompts import Prompt, parse_prompt
from apo_ci.inputs.splits import Splits, assign_splits
from apo_ci.lm.cache import Cache
from apo_ci.lm.factory import model_name, open_model
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Purpose
from apo_ci.search.seeds import generator
from benchmarks.search.methods import METHODS, settings_of
from benchmarks.search.problems import Problem
from benchmarks.search.results import Plan, Run
from benchmarks.search.searching import search

SUITE = "real"
ROOT = Path(__file__).parents[2]
SIZES = (150, 50, 150)  # train, dev and test of a task of the paper; dev and test have the paper's sizes (section 3.2)
SHORT = "---\nparameters: {temperature: 0, max_tokens: 4, stop: ['\\n']}\n---\n"  # a base model goes on and on
PAPER_STYLE = (
    "# Task\n{task}\n\n# Output format\nAnswer {labels} as labels\n\n# Prediction\n{name}: {{{{ {input} }}}}\nLabel:"
)
OWN_TASKS = {
    "sentiment": ("Is the customer happy with the product?", "Review"),
    "ticket": ("What is the following support ticket about?", "Ticket"),
    "jailbreak": (
        "Detect if the message is a jailbreak attack, i.e. an attempt by a user to break through an AI system's "
        "protections",
        "Message",
    ),
}
PAPER_TASKS = {
    "ethos": "Is the following text hate speech?",
    "liar": "Determine whether the Statement is a lie (Yes) or not (No) based on the Context and other information.",
    "sarcasm": "Is this tweet sarcastic?",
}


@dataclass(frozen=True, slots=True)
class Options:
    """Where tasks and models come from. Without `data` they are the repository's, with its own model settings.

    `base_url`, `model` and `optimizer_model` name an endpoint's; its key is in the variable `api_key_env`.
    """

    data: str | None = None
    base_url: str | None = None
    model: str | None = None
    optimizer_model: str | None = None
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: int = 32


def tasks(options: Options) -> tuple[str, ...]:
    """The names of the tasks that there are."""
    if options.data is None:
        return tuple(OWN_TASKS)
    return tuple(name for name in PAPER_TASKS if (Path(options.data) / name / "train.jsonl").exists())


def run(plan: Plan, options: Options) -> Run:
    """Search, then measure start and winner on the test cases, at nobody's expense."""
    problem = problem_of(plan.problem, options, plan.seed)
    settings = settings_of(METHODS[plan.method], plan.seed).model_dump(exclude_unset=True)
    searched = asyncio.run(search(problem, settings, plan.budget))
    result = searched.result
    start, winner = asyncio.run(test_scores(problem, (result.start.prompt, result.winner.prompt)))
    suggested = result.status == "better"
    return Run(
        plan=plan,
        calls=searched.calls,
        status=result.status,
        suggested=suggested,
        start_score=start,
        gain=winner - start if suggested else 0.0,
        winner_gain=winner - start,
        seconds=searched.seconds,
        finish_reason=result.finish_reason,
        operators=tuple(candidate.operator for candidate in result.lineage),
    )


def problem_of(name: str, options: Options, seed: int) -> Problem:
    """The task called `name`; `seed` draws the cases of a task of the paper."""
    return _own_task(name, options) if options.data is None else _paper_task(name, options, seed)


def _own_task(name: str, options: Options) -> Problem:
    settings = parse_eval((ROOT / f"evals/{name}.yaml").read_text(encoding="utf-8"), f"evals/{name}.yaml")
    config = settings.applied_to(parse_config((ROOT / "apo-ci.yaml").read_text(encoding="utf-8"), "apo-ci.yaml"))
    dataset = load_dataset((ROOT / settings.dataset).read_bytes(), settings.dataset, settings.columns)
    labels = tuple(settings.labels or ())
    task, field = OWN_TASKS[name]
    given = _endpoint(options, Parameters(temperature=0))
    return Problem(
        name=name,
        start=_paper_style(name, task, labels, field, field.lower(), SHORT),
        splits=assign_splits(dataset.cases, settings.splits, labels=True, path=settings.dataset),
        labels=labels,
        scorer=make_scorer(settings.scorers),
        metric=make_metric(settings.metric, settings.positive_label, labels),
        task_model=given or config.model,
        optimizer_model=_writer(options) or given or config.model,
        search=config.search.model_dump(exclude_unset=True),
    )


def _paper_task(name: str, options: Options, seed: int) -> Problem:
    model = _endpoint(options, Parameters(temperature=0))
    if model is None:
        raise ValueError("the tasks of the paper need --model, and --base-url where it is not OpenAI's")
    labels = ("Yes", "No")
    return Problem(
        name=name,
        start=_paper_style(name, PAPER_TASKS[name], labels, "Text", "input", ""),
        splits=_drawn(Path(options.data or "") / name, seed),
        labels=labels,
        scorer=make_scorer((LabelSettings(type="label", labels=labels),)),
        metric=make_metric("f1", "Yes", labels),
        task_model=model,
        optimizer_model=_writer(options) or model,
        search={},
    )


def _paper_style(name: str, task: str, labels: tuple[str, ...], field: str, column: str, header: str) -> Prompt:
    """A zero-shot prompt of the shape that the paper starts from (arXiv 2305.03495, appendix A)."""
    listed = f"{', '.join(labels[:-1])} or {labels[-1]}"
    text = PAPER_STYLE.format(task=task, labels=listed, name=field, input=column)
    return parse_prompt(header + text, f"{name}.prompt.md")


def _endpoint(options: Options, parameters: Parameters) -> ModelSettings | None:
    if options.model is None:
        return None
    return ModelSettings(
        name=options.model,
        base_url=options.base_url,
        api_key_env=options.api_key_env,
        concurrency=options.concurrency,
        parameters=parameters,
    )


def _writer(options: Options) -> ModelSettings | None:
    model = _endpoint(options, Parameters())
    if model is None or options.optimizer_model is None:
        return None
    return model.model_copy(update={"name": options.optimizer_model})


def _drawn(folder: Path, seed: int) -> Splits:
    """Cases at random; dev from the train file, so that the test file stays out of all decisions."""
    pool, test = list(_rows(folder / "train.jsonl")), list(_rows(folder / "test.jsonl"))
    generator(seed, "real", folder.name, "train").shuffle(pool)
    generator(seed, "real", folder.name, "test").shuffle(test)
    train, dev, last = SIZES
    return Splits(tuple(pool[:train]), tuple(pool[train : train + dev]), tuple(test[:last]))


def _rows(path: Path) -> Iterator[Case]:
    with path.open(encoding="utf-8") as file:
        for line, text in enumerate(file, start=1):
            row = json.loads(text)
            yield Case(id=str(row["id"]), inputs={"input": row["input"]}, target=row["target"], line=line)


async def test_scores(problem: Problem, prompts: tuple[Prompt, ...]) -> tuple[float, ...]:
    """The metric of each prompt on the test cases, in points."""
    ledger, settings = Ledger(Budget()), problem.task_model
    with tempfile.TemporaryDirectory() as folder, Cache(Path(folder) / "cache.sqlite") as cache:
        model = await open_model(settings, api_key(settings), cache=cache, ledger=ledger, run="test")
        try:
            evaluations = [
                await evaluate(
                    prompt,
                    problem.splits.test,
                    model=model,
                    settings=TaskModel(model_name(settings), settings.parameters),
                    scorer=problem.scorer,
                    purpose=Purpose.CONFIRM,
                )
                for prompt in prompts
            ]
        finally:
            await model.aclose()
    scored = [[case for case in evaluation.by_case() if any(each.score for each in case)] for evaluation in evaluations]
    return tuple(100 * measure(problem.metric, [observe(case) for case in cases]) for cases in scored)
