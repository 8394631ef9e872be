"""A push to the default branch: what its prompts score now is kept, for later pull requests to start from."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from apo_ci import pipeline
from apo_ci.pipeline.baseline import Baseline, baseline_path, history_path, make_baseline, parse_history
from apo_ci.pipeline.desk import Desk
from apo_ci.publish.branches import write_files
from apo_ci.publish.job import PushEvent
from apo_ci.report.progress import Progress


def record_baseline(desk: Desk, event: PushEvent) -> int:
    """Evaluate the prompts at `event.head`, and store the baseline and the history on the data branch."""
    if not event.is_default:
        desk.say(f"{event.branch} is not the default branch: no baseline is kept of it.")
        return 0
    options = desk.options(event.head, event.head)
    settings = desk.inputs.publishing(pipeline.read(options).config.publish)
    if not settings.baseline or desk.github is None:
        desk.say("No baseline is wanted (`publish.baseline`), or there is no token to store it with.")
        return 0
    with Progress(desk.stdout, desk.redactor) as progress:
        baseline = asyncio.run(make_baseline(options, progress))
    section = options.baseline_section
    paths = (baseline_path(section), history_path(section))
    time = datetime.now(UTC).isoformat(timespec="seconds")

    def merge(current: Mapping[str, bytes | None]) -> dict[str, bytes]:
        history = parse_history(current[paths[1]], paths[1], desk.warn)
        return {paths[0]: baseline.to_bytes(), paths[1]: history.with_baseline(baseline, time).to_bytes()}

    commit = write_files(
        desk.github,
        settings.data_branch,
        paths,
        f"Baseline of {event.head[:10]}",
        merge=merge,
    )
    desk.say(f"Stored on {settings.data_branch} as {commit[:10]}: {_in_words(baseline)}.")
    return 0


def _in_words(baseline: Baseline) -> str:
    return f"{len(baseline.entries)} figures, {len(baseline.replies):,} replies"
