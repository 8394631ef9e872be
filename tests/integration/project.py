"""A small project in a real git repository, and a simulated model that its prompts really steer.

The simulated task model answers a case rightly more often when the prompt states the rule that matters, and is thrown
off by a harmful phrase. It reads only what it is sent. The simulated optimizer model proposes the rule some of the
time, and rubbish otherwise, in whatever form it is asked for.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apo_ci.inputs.repository import Repository

Body = dict[str, Any]
RULE = "Judge by what the customer would tell a friend."
HARM = "Answer with the first word that comes to mind."
PROMPT = "prompts/sentiment.prompt.md"
EVAL = "evals/sentiment.yaml"
DATASET = "evals/sentiment.jsonl"
KEY = "sk-canary-3f9d17c2a5b84e60"
KEY_NAME = "APO_TEST_KEY"


def prompt_text(instruction: str) -> str:
    """A prompt file around an instruction."""
    return f"---\ndescription: Is it positive?\n---\nsystem:\n{instruction}\nuser:\nReview: {{{{ review }}}}\nLabel:"


def chance(*parts: object) -> float:
    """A number in [0, 1) that depends on `parts` alone."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:7]) / 2**56


def make_rows(size: int) -> list[dict[str, str]]:
    """Rows whose texts say nothing of their labels: only the simulated model knows them."""
    return [
        {"review": f"Delivery {number}, opened on day {number % 7}.", "target": "Yes" if number % 2 else "No"}
        for number in range(size)
    ]


@dataclass
class World:
    """The simulated models. `accuracy` maps the phrases that a prompt holds to the rate of right answers."""

    rows: list[dict[str, str]] = field(default_factory=lambda: make_rows(160))
    plain: float = 0.70
    with_rule: float = 0.95
    with_harm: float = 0.45
    finds_rule: float = 0.5

    def __call__(self, body: Body) -> str:
        """The reply to a chat completion request."""
        return self.optimize(body) if body["model"] == "optimizer" else self.answer(body)

    def answer(self, body: Body) -> str:
        """The task model's label."""
        text = "\n".join(message["content"] for message in body["messages"])
        review = re.findall(r"Review: (.*)", text)[-1]
        target = {row["review"]: row["target"] for row in self.rows}[review]
        rate = self.plain
        if RULE in text:
            rate = self.with_rule
        elif HARM in text:
            rate = self.with_harm
        right = chance("case", review) < rate
        return target if right else {"Yes": "No", "No": "Yes"}[target]

    def optimize(self, body: Body) -> str:
        """The optimizer's reply: JSON by the schema that it is asked for."""
        asked = json.dumps(body["messages"])
        good = chance("proposal", asked) < self.finds_rule
        words = RULE if good else f"Think about parcel number {int(chance(asked) * 1000)}."
        return json.dumps(fill(body["response_format"]["json_schema"]["schema"], f"You label product reviews. {words}"))


def fill(schema: Body, text: str) -> Any:
    """The smallest value that a JSON Schema allows, with `text` for every string."""
    kind = schema.get("type")
    if kind == "object":
        return {name: fill(one, text) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [fill(schema["items"], text)]
    if kind == "string":
        return schema.get("enum", [text])[0]
    return 1 if kind in ("integer", "number") else None


class Project:
    """A repository with a base commit on `main`; edits are commits on `edit`."""

    def __init__(
        self, root: Path, url: str, *, world: World | None = None, config: str = "", folder: str = "."
    ) -> None:
        """`config` is put at the end of apo-ci.yaml; all files are in `folder` of the repository."""
        self.root = root
        self.home = root / folder
        self.world = world or World()
        self.repository = Repository.create(root)
        self.write(
            "apo-ci.yaml",
            "version: 1\n"
            f"model: {{name: task, base_url: '{url}', api_key_env: {KEY_NAME}, price: {{input: 1, output: 2}},\n"
            "        parameters: {temperature: 0, max_tokens: 8}}\n"
            "optimizer_model: {name: optimizer, parameters: {max_tokens: 400}}\n"
            f"{config or 'budget: {calls: 1200}'}\n",
        )
        self.write(PROMPT, prompt_text("You label product reviews. Answer Yes or No."))
        self.write(
            EVAL,
            f"prompt: {PROMPT}\ndataset: {DATASET}\nmetric: accuracy\nscorers: [{{type: label, labels: [Yes, No]}}]\n",
        )
        self.write(DATASET, "".join(json.dumps(row) + "\n" for row in self.world.rows))
        self.repository.commit_all("Base")
        self.repository.switch_to_new_branch("edit")

    def write(self, path: str, text: str) -> None:
        """Write a file of the working tree."""
        (self.home / path).parent.mkdir(parents=True, exist_ok=True)
        (self.home / path).write_text(text, encoding="utf-8")

    def edit(self, instruction: str) -> None:
        """Commit another instruction."""
        self.write(PROMPT, prompt_text(instruction))
        self.repository.commit_all("Edit the prompt")


Edit = Callable[[Project], None]
