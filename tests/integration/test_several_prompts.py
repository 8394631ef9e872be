"""A pull request that touches three prompts: one budget, which goes where there is something to gain."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from apo_ci.report.model import Report
from tests.integration.loopback import Loopback
from tests.integration.project import Body, Project, World, chance, fill
from tests.integration.test_run import run, without_times

KINDS = ("sentiment", "parcels", "calls")  # only the first can be improved
RULES = tuple(
    f"Mind {what} first." for what in ("the tone", "the verbs", "the ending", "the numbers", "the names", "the dates")
)
ROWS = 120
GATE = 2 * len(KINDS) * ROWS
CALLS = GATE + 1200


def instruction(kind: str) -> str:
    return f"You label {kind}. Answer Yes or No."


class ThreeTasks(World):
    """Rules help with one of three tasks, a twelfth of the cases each, and the optimizer model adds one at a time."""

    def answer(self, body: Body) -> str:
        """The task model's label; it gets the same half of the cases right whatever is asked of two tasks."""
        text = "\n".join(message["content"] for message in body["messages"])
        review = re.findall(r"Review: (.*)", text)[-1]
        rate = 0.45 + (0.08 * sum(rule in text for rule in RULES) if KINDS[0] in text else 0.0)
        right = chance("case", review) < rate
        return {row["review"]: row["target"] for row in self.rows}[review] if right else "Maybe"

    def optimize(self, body: Body) -> str:
        """The optimizer's reply: what it was shown, with a rule more."""
        asked = "\n".join(message["content"] for message in body["messages"])
        kind = next(kind for kind in KINDS if f"label {kind}" in asked)
        text = re.findall(rf"You label {kind}\.[^\n<]*", asked)[0].strip().removesuffix('"')
        new = RULES[int(chance(asked) * len(RULES))]
        words = text if new in text else f"{text} {new}"
        return json.dumps(fill(body["response_format"]["json_schema"]["schema"], words))


@pytest.fixture
def world() -> World:
    """The simulated models."""
    rows = [
        {"review": f"{kind} {number} of today", "target": "Yes" if number % 2 else "No"}
        for kind in KINDS
        for number in range(ROWS)
    ]
    return ThreeTasks(rows=rows)


def three_prompts(folder: Path, server: Loopback, world: World, budget: str) -> Project:
    """A repository with three prompts, all of which the last commit touches."""
    project = Project(folder / "repository", server.url, world=world, config=f"budget: {budget}\nsearch: {{rounds: 8}}")
    project.repository.git("checkout", "--quiet", "main")
    write_prompts(project, "")
    for kind in KINDS:
        project.write(
            f"evals/{kind}.yaml",
            f"prompt: prompts/{kind}.prompt.md\ndataset: evals/{kind}.jsonl\nmetric: accuracy\n"
            "scorers: [{type: label, labels: [Yes, No]}]\n",
        )
        rows = [row for row in world.rows if row["review"].startswith(kind)]
        project.write(f"evals/{kind}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    project.repository.commit_all("Three prompts")
    project.repository.git("checkout", "--quiet", "-B", "edit")
    write_prompts(project, " Thank you.")
    project.repository.commit_all("Say thanks")
    return project


def write_prompts(project: Project, thanks: str) -> None:
    for kind in KINDS:
        text = f"system:\n{instruction(kind)}{thanks}\nuser:\nReview: {{{{ review }}}}\nLabel:"
        project.write(f"prompts/{kind}.prompt.md", text)


def test_most_of_the_budget_goes_to_the_prompt_that_can_be_improved(
    tmp_path: Path, server: Loopback, world: World
) -> None:
    project = three_prompts(tmp_path, server, world, f"{{calls: {CALLS}}}")
    result, report = run(project)
    jsonschema.validate(report, Report.model_json_schema())
    prompts = {prompt["path"].split("/")[1].split(".")[0]: prompt for prompt in report["prompts"]}
    shares = {kind: prompt["search_share"] for kind, prompt in prompts.items()}
    assert server.calls == report["ledger"]["calls"] <= CALLS
    assert sum(share["calls"] for share in shares.values()) == server.calls - GATE
    assert shares["sentiment"]["share"] > 0.5, result.output
    assert prompts["sentiment"]["suggestion"]["status"] == "better"
    assert shares["sentiment"]["gain"] == prompts["sentiment"]["suggestion"]["delta"] > 0.2
    for kind in KINDS[1:]:
        assert shares[kind]["rounds"] >= 1
        assert prompts[kind]["suggestion"]["status"] != "better"


def test_the_comment_and_the_terminal_show_the_split(tmp_path: Path, server: Loopback, world: World) -> None:
    project = three_prompts(tmp_path, server, world, f"{{calls: {CALLS}}}")
    result, report = run(project)
    comment = (project.root.parent / "out" / "comment.md").read_text(encoding="utf-8")
    spent = max(prompt["search_share"]["calls"] for prompt in report["prompts"])
    assert "How 3 searches shared the budget: " in comment
    assert re.search(rf"^\| `prompts/sentiment.prompt.md` \| {spent:,} \| \$", comment, re.MULTILINE), comment
    assert re.search(rf"^prompts/sentiment.prompt.md +{spent:,} +\$", result.output, re.MULTILINE), result.output


@pytest.mark.parametrize(
    ("budget", "cap"),
    [("{calls: 1000}", 1000), ("{calls: 4000, tokens: 60000}", 60_000), ("{calls: 4000, usd: 0.06}", 0.06)],
)
def test_no_cap_is_exceeded_by_three_searches(
    tmp_path: Path, server: Loopback, world: World, budget: str, cap: float
) -> None:
    project = three_prompts(tmp_path, server, world, budget)
    _, report = run(project)
    spent = {
        "calls": server.calls,
        "tokens": server.tokens,
        "usd": (server.prompt_tokens + 2 * server.completion_tokens) / 1e6,
    }
    name = re.findall(r"(\w+): \S+}", budget)[0]
    assert spent[name] <= cap
    assert report["ledger"]["calls"] == server.calls > GATE
    assert all(prompt["search_share"]["rounds"] for prompt in report["prompts"])


def test_the_same_run_again_makes_no_call_and_shares_in_the_same_way(
    tmp_path: Path, server: Loopback, world: World
) -> None:
    project = three_prompts(tmp_path, server, world, f"{{calls: {CALLS}}}")
    _, first = run(project)
    calls = server.calls
    _, again = run(project, out="again")
    assert server.calls == calls
    assert without_times(again) == without_times(first)


def test_replies_that_come_in_another_order_change_no_result(tmp_path: Path, server: Loopback, world: World) -> None:
    project = three_prompts(tmp_path, server, world, f"{{calls: {CALLS}}}")
    reports = []
    for number in range(2):
        server.latency = lambda request, number=number: 0.004 * chance(number, request)
        folder = project.root.parent
        reports.append(run(project, "--cache", str(folder / f"{number}.sqlite"), out=f"out-{number}")[1])
    shares = [[prompt["search_share"] for prompt in report["prompts"]] for report in reports]
    assert shares[0] == shares[1]
    texts = [[prompt["suggestion"]["text"] for prompt in report["prompts"]] for report in reports]
    assert texts[0] == texts[1]
