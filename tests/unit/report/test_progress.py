"""What a run says while it goes on."""

from __future__ import annotations

import io

from apo_ci.config import Budget
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Purpose
from apo_ci.report.progress import Progress
from apo_ci.report.redact import Redactor
from apo_ci.search.result import RoundReport

ROUND = RoundReport(
    round=2, rounds=4, candidates=14, start_score=0.704, best_score=0.944, best_operator="edit", calls_left=120
)
