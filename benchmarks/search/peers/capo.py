"""CAPO (arXiv 2504.16005, package `promptolution`) on the same prompt, cases and server.

Settings. The package's defaults, which are the paper's: blocks of 30 cases, four crossovers a step, up to five
worked examples, alpha 0.2, length penalty 0.05. CAPO starts from a population; it is made from the one start prompt
with the package's own `create_prompt_variation`, which is paid for. `create_fs_reasoning` is off: the task model
answers with the bare label, so that its "reasoning" would be the label again, at the price of a call for each example.
All of train and dev is its data; a tenth of it is set aside for worked examples, as it does by itself.

Populations of 10 and 5 with blocks of 30 and 15 were tried for it on the worlds 500 to 507 at 1,500 calls; the
package's defaults did best.

Budget. Steps without end; the client refuses what would be above the cap, which ends CAPO's loop as any exception does.
The result is the best of the last whole step by the blocks it was tried on; before there is one, the best of what was
tried on the most blocks. CAPO draws from the global generators, which are seeded.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from apo_ci.inputs.datasets import Case
from benchmarks.search.peers.client import CappedClient, CapReachedError
from benchmarks.search.peers.contract import PeerError, PeerResult, PeerTask

POPULATION = 10
BLOCK = 30
TEMPERATURE = 0.7
ENDLESS = 10**6  # steps


def optimize(task: PeerTask) -> PeerResult:
    """Run CAPO until the cap."""
    log = _Log(logging.ERROR)
    logger = logging.getLogger("promptolution")
    logger.handlers, logger.propagate = [log], False
    random.seed(task.seed)
    np.random.seed(task.seed % 2**32)  # pandas draws the worked examples from it
    with CappedClient(task) as client:
        watcher = _Watcher(client, [(0, task.start)])
        try:
            optimizer = _capo(task, client, watcher)
            optimizer.optimize(n_steps=ENDLESS)
        except CapReachedError:
            return PeerResult(task.start, tuple(watcher.trace), "the cap came before the first step")
        log.raise_for_errors()
        best = watcher.best or _best_tried(optimizer) or task.start
        return PeerResult(best, (*watcher.trace, (client.calls, best)), "cap" if client.exhausted else "its own end")


def _capo(task: PeerTask, client: CappedClient, watcher: _Watcher) -> Any:
    import pandas as pd
    from promptolution.optimizers import CAPO
    from promptolution.tasks import ClassificationTask
    from promptolution.utils.prompt_creation import create_prompt_variation

    cases = {str(case.inputs["text"]): case for case in (*task.train, *task.dev)}
    rows = pd.DataFrame({"x": list(cases), "y": [str(case.target) for case in cases.values()]})
    data = ClassificationTask(
        rows.sample(frac=1, random_state=task.seed),
        task_description=f"Sort a text into one of these classes: {', '.join(task.labels)}.",
        n_subsamples=BLOCK,
        eval_strategy="sequential_block",
        seed=task.seed,
    )
    writer = Writer(client)
    return CAPO(
        predictor=Predictor(client, cases, Writer(client)),
        task=data,
        meta_llm=writer,
        initial_prompts=[task.start, *create_prompt_variation([task.start] * (POPULATION - 1), writer)],
        create_fs_reasoning=False,
        callbacks=[watcher],
    )


@dataclass
class Writer:
    """The part of promptolution's `BaseLLM` that an optimizer uses. Tokens are counted as words, as it does itself."""

    client: CappedClient
    tokenizer: None = None

    def get_response(self, prompts: str | list[str], system_prompts: object = None) -> list[str]:
        """As in `BaseLLM`; the system prompt, which says that one is helpful, is left out as with all others."""
        return self.client.write([prompts] if isinstance(prompts, str) else prompts, TEMPERATURE)


@dataclass
class Predictor:
    """promptolution's `BasePredictor`, with the requests and the reading of replies that all methods share."""

    client: CappedClient
    cases: dict[str, Case]
    llm: Writer
    extraction_description: str = ""

    def predict(self, prompts: str | list[str], xs: list[str], system_prompts: object = None) -> tuple[Any, Any]:
        """As in `BasePredictor`: what was predicted for each text, in small letters, and the text with the reply."""
        instructions = [prompts] * len(xs) if isinstance(prompts, str) else prompts
        questions = [(instruction, self.cases[x]) for instruction, x in zip(instructions, xs, strict=True)]
        answers = self.client.try_all(questions)
        predicted = [str(answer.case.target).lower() if answer.value else answer.reply.lower() for answer in answers]
        return predicted, [f"{x}\n{answer.reply}" for x, answer in zip(xs, answers, strict=True)]


@dataclass
class _Watcher:
    """Notes the best of each step."""

    client: CappedClient
    trace: list[tuple[int, str]] = field(default_factory=list)
    best: str | None = None

    def on_step_end(self, optimizer: Any) -> bool:
        """As in promptolution's `BaseCallback`."""
        self.best = optimizer.prompts[0].construct_prompt()
        self.trace.append((self.client.calls, self.best))
        return not self.client.exhausted

    def on_epoch_end(self, optimizer: Any) -> bool:
        """As in promptolution's `BaseCallback`."""
        return True

    def on_train_end(self, optimizer: Any) -> bool:
        """As in promptolution's `BaseCallback`."""
        return True


class _Log(logging.Handler):
    """promptolution ends its loop at any exception and logs it; only the cap may be one."""

    def __init__(self, level: int):
        super().__init__(level)
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """As in `logging.Handler`."""
        cause = record.exc_info[1] if record.exc_info else None
        if not isinstance(cause, CapReachedError):
            self.errors.append(f"{record.getMessage()} {cause!r}")

    def raise_for_errors(self) -> None:
        """`PeerError` when there was any besides the cap."""
        if self.errors:
            raise PeerError(self.errors[0])


def _best_tried(optimizer: Any) -> str | None:
    """The best on average of the prompts that were tried on the most cases; `None` when none was."""
    tried: dict[str, list[float]] = {}
    for (prompt, _, _), score in optimizer.task.eval_cache.items():
        tried.setdefault(prompt, []).append(float(score))
    most = max(map(len, tried.values()), default=0)
    averages: Sequence[tuple[float, str]] = [(float(np.mean(s)), p) for p, s in tried.items() if len(s) == most]
    return max(averages, key=lambda pair: pair[0])[1] if averages else None
