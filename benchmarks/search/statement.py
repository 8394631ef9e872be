"""What a sentence of a prompt can say that means something in the simulated world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["task", "format", "labels", "steps", "order", "advice", "rule", "garbled", "removal"]


@dataclass(frozen=True)
class Statement:
    """A thing said. `subject` is the feature of a rule or the name of an advice; `label` is a rule's.

    A `garbled` rule names its feature and no label; a `removal` says that what is stated about a feature should go.
    """

    kind: Kind
    subject: str = ""
    label: str = ""
