"""The client that peers use: as many threads as they may use, a hard cap on calls, and a memory of replies."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self

import openai
from openai.types.chat import ChatCompletionUserMessageParam

from apo_ci.inputs.datasets import Case
from benchmarks.search.peers.contract import OPTIMIZER_MODEL, TASK_MODEL, PeerTask

CAP_REACHED = "the cap on calls is reached"


class CapReachedError(Exception):
    """The next request would be above the cap; it was not sent."""

    def __init__(self) -> None:
        super().__init__(CAP_REACHED)


@dataclass(frozen=True, slots=True)
class Answered:
    """A case, the task model's reply to it, and whether that is right."""

    case: Case
    reply: str
    value: float


@dataclass
class CappedClient:
    """Sends single attempts, never more than `task.cap`.

    A request at temperature 0 that was answered before is not sent again, as with this package's own cache. Everything
    that is counted here leaves for the server, and nothing is retried: `calls` is the server's count.
    """

    task: PeerTask
    calls: int = 0
    _replies: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._client = openai.OpenAI(base_url=self.task.url, api_key="none", max_retries=0, timeout=60)
        self._pool = ThreadPoolExecutor(self.task.concurrency)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        self._client.close()

    @property
    def exhausted(self) -> bool:
        """Whether nothing more can be sent."""
        return self.calls >= self.task.cap

    def try_out(self, instruction: str, cases: Sequence[Case]) -> list[Answered]:
        """Ask the task model about `cases`. When the cap comes first: `CapReachedError`, after all have come back."""
        return self.try_all([(instruction, case) for case in cases])

    def try_all(self, questions: Sequence[tuple[str, Case]]) -> list[Answered]:
        """The same for pairs of an instruction and a case, all at once."""
        contents = [self.task.render(instruction, case) for instruction, case in questions]
        with self._lock:
            new = [content for content in dict.fromkeys(contents) if content not in self._replies]
        futures = {content: self._pool.submit(self._send, TASK_MODEL, content, 0.0) for content in new}
        failures = [failure for future in futures.values() if (failure := future.exception()) is not None]
        with self._lock:
            self._replies.update((content, future.result()) for content, future in futures.items() if _came(future))
        if failures:
            raise failures[0]
        return [
            Answered(case, reply := self._replies[content], self.task.scorer.score(case, reply).value)
            for (_, case), content in zip(questions, contents, strict=True)
        ]

    def write(self, requests: Sequence[str], temperature: float) -> list[str]:
        """Ask the optimizer model, all at once; errors as in `try_out`."""
        futures = [self._pool.submit(self._send, OPTIMIZER_MODEL, request, temperature) for request in requests]
        for future in futures:
            future.exception()
        return [future.result() for future in futures]

    def _send(self, model: str, content: str, temperature: float) -> str:
        with self._lock:
            if self.exhausted:
                raise CapReachedError
            self.calls += 1
        message = ChatCompletionUserMessageParam(role="user", content=content)
        completion = self._client.chat.completions.create(model=model, messages=[message], temperature=temperature)
        return completion.choices[0].message.content or ""


def _came(future: Future[str]) -> bool:
    return future.exception() is None
