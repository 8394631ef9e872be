"""GEPA (arXiv 2507.19457, package `gepa`) on the same prompt, cases and server.

Settings. What its documentation advises: parents from the Pareto front, minibatches from shuffled epochs, one without a
mistake is skipped, a child stays when it does strictly better on its minibatch. Merging is off: it combines components
of several lineages, and a prompt has one component. Reflection is at temperature 1, as its guides have it. Feedback
names the right answer in words: its guides call a bare score a much weaker version.

The guides leave two sizes to the user: "the smallest" validation set that will do, with the rest for training, and the
minibatch. Both were chosen for it on the worlds 500 to 525 at 1,500 calls, out of nine pairs (3 to 16 cases, 32 to 96
for validation): minibatches of 16 and 32 cases for validation did best, with more than twice the gain of the default
minibatch of 3 with all dev cases for validation, which is the method `gepa_default`.

Budget. The client refuses what would be above the cap. What is cut off by the cap counts as not done, and the best on
the validation cases so far is the result. Equal requests are paid once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apo_ci.inputs.datasets import Case
from benchmarks.search.peers.client import CAP_REACHED, Answered, CappedClient, CapReachedError
from benchmarks.search.peers.contract import PeerError, PeerResult, PeerTask

COMPONENT = "instruction"
MINIBATCH, VALIDATION = 16, 32  # cases
TEMPERATURE = 1.0
METRIC_CALLS_A_CALL = 10  # its own count has repeats in it that were paid once

Candidate = dict[str, str]
Record = dict[str, str]


def optimize(task: PeerTask, minibatch: int = MINIBATCH, validation: int | None = VALIDATION) -> PeerResult:
    """Run GEPA until the cap. `validation` dev cases validate (`None`: all), and the others join the train cases."""
    import gepa

    with CappedClient(task) as client:
        watcher, log = _Watcher(client, [(0, task.start)]), _Log()
        try:
            result = gepa.optimize(
                seed_candidate={COMPONENT: task.start},
                trainset=[*task.train, *(() if validation is None else task.dev[validation:])],
                valset=list(task.dev[:validation]),
                adapter=Adapter(client),
                reflection_lm=lambda prompt: client.write([_text(prompt)], TEMPERATURE)[0],
                reflection_minibatch_size=minibatch,
                max_metric_calls=task.cap * METRIC_CALLS_A_CALL,
                stop_callbacks=lambda _: client.exhausted,
                callbacks=[watcher],
                logger=log,
                raise_on_exception=False,
                seed=task.seed,
            )
        except CapReachedError:
            return PeerResult(task.start, tuple(watcher.trace), "the cap came before the start's score")
        log.raise_for_errors()
        best = result.best_candidate[COMPONENT]
        return PeerResult(best, tuple(watcher.trace), "cap" if client.exhausted else "its own end")


@dataclass
class Adapter:
    """GEPA's `GEPAAdapter`: tries a candidate on a batch, and tells in words what was wrong."""

    client: CappedClient
    propose_new_texts: None = None  # GEPA's own proposer writes

    def evaluate(self, batch: list[Case], candidate: Candidate, capture_traces: bool = False) -> Any:
        """As in `GEPAAdapter`; a reply that is wrong is a score of 0, and only the cap raises."""
        from gepa.core.adapter import EvaluationBatch

        answers = self.client.try_out(candidate[COMPONENT], batch)
        return EvaluationBatch(
            outputs=[answer.reply for answer in answers],
            scores=[answer.value for answer in answers],
            trajectories=answers if capture_traces else None,
        )

    def make_reflective_dataset(
        self, candidate: Candidate, eval_batch: Any, components_to_update: list[str]
    ) -> Mapping[str, Sequence[Record]]:
        """As in `GEPAAdapter`."""
        records = [_record(answer) for answer in eval_batch.trajectories or ()]
        return dict.fromkeys(components_to_update, records)


def _record(answer: Answered) -> Record:
    verdict = "This is correct." if answer.value else f"This is wrong. The correct answer is '{answer.case.target}'."
    return {"Inputs": str(answer.case.inputs["text"]), "Generated Outputs": answer.reply, "Feedback": verdict}


def _text(prompt: object) -> str:
    """GEPA hands over text, or chat messages where there are images, which there are not."""
    assert isinstance(prompt, str)
    return prompt


@dataclass
class _Watcher:
    """Notes each candidate that becomes the best on the dev cases."""

    client: CappedClient
    trace: list[tuple[int, str]] = field(default_factory=list)

    def on_valset_evaluated(self, event: Mapping[str, Any]) -> None:
        """As in `gepa.core.callbacks`."""
        if event["is_best_program"]:
            self.trace.append((self.client.calls, event["candidate"][COMPONENT]))


@dataclass
class _Log:
    """GEPA goes on after errors and tells its log of them; an adapter that fails would look like a weak method."""

    errors: list[str] = field(default_factory=list)

    def log(self, message: str) -> None:
        """As in `gepa.logging`."""
        if ("failed" in message or "Exception" in message) and CAP_REACHED not in message:
            self.errors.append(message)

    def raise_for_errors(self) -> None:
        """`PeerError` when there was any besides the cap."""
        if self.errors:
            raise PeerError(self.errors[0])
