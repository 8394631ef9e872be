"""`apo-ci action`: what action.yml starts. One event in, one answer out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TextIO, assert_never

from apo_ci.pipeline.baselining import record_baseline
from apo_ci.pipeline.checking import check_pull_request
from apo_ci.pipeline.commanding import command
from apo_ci.pipeline.desk import Desk, open_desk
from apo_ci.pipeline.handing_over import post_handover
from apo_ci.pipeline.improving import improve
from apo_ci.pipeline.queueing import check_merge_group
from apo_ci.publish.job import (
    CommandEvent,
    Event,
    HandoverEvent,
    MergeGroupEvent,
    PullRequestEvent,
    PushEvent,
    ScheduledEvent,
)


def act(
    environment: Mapping[str, str],
    stdout: TextIO | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.time,
) -> int:
    """Answer the event of the job that `environment` describes; the exit code. Raises `ApoError`.

    `sleep` and `clock` (seconds since the epoch) are what the pauses between requests to GitHub go by.
    """
    desk = open_desk(environment, stdout, sleep=sleep, clock=clock)
    return _answer(desk, desk.job.event)


def _answer(desk: Desk, event: Event) -> int:
    match event:
        case PullRequestEvent():
            return check_pull_request(desk, event)
        case MergeGroupEvent():
            return check_merge_group(desk, event)
        case PushEvent():
            return record_baseline(desk, event)
        case ScheduledEvent():
            return improve(desk, event)
        case CommandEvent():
            return command(desk, event.payload)
        case HandoverEvent():
            return post_handover(desk, event)
    assert_never(event)
