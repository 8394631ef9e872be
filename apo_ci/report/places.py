"""Where files are: a report names them inside its project's folder, its readers look for them in the repository."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from apo_ci.report.model import PromptReport, Report

Value = TypeVar("Value")


def from_the_root(report: Report) -> Report:
    """`report` with every path written from the repository's root; what is said in sentences stays."""
    folder = report.directory
    if not folder:
        return report
    origin = report.provenance
    return report.model_copy(
        update={
            "prompts": tuple(_placed(prompt, folder) for prompt in report.prompts),
            "deleted": tuple(f"{folder}/{path}" for path in report.deleted),
            "unevaluated": tuple(f"{folder}/{path}" for path in report.unevaluated),
            "provenance": origin.model_copy(
                update={"datasets": _keyed(origin.datasets, folder), "prompts": _keyed(origin.prompts, folder)}
            ),
        }
    )


def _placed(prompt: PromptReport, folder: str) -> PromptReport:
    update: dict[str, object] = {name: f"{folder}/{getattr(prompt, name)}" for name in ("path", "eval", "dataset")}
    head = prompt.head_verdict
    if head is not None and head.dataset:
        update["head_verdict"] = head.model_copy(update={"dataset": f"{folder}/{head.dataset}"})
    return prompt.model_copy(update=update)


def _keyed(values: Mapping[str, Value], folder: str) -> dict[str, Value]:
    return {f"{folder}/{path}": value for path, value in values.items()}
