"""The default branch's baseline: made once, kept on a branch, and free for every pull request after it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from apo_ci import pipeline
from apo_ci.pipeline import RunOptions
from apo_ci.pipeline.baseline import (
    Baseline,
    History,
    baseline_path,
    history_path,
    make_baseline,
    parse_baseline,
    parse_history,
    read_baseline,
)
from apo_ci.pipeline.data_branch import MAX_BYTES
from apo_ci.report.model import Report
from apo_ci.report.progress import Progress
from apo_ci.report.redact import Redactor
from tests.integration.loopback import Loopback
from tests.integration.project import HARM, PROMPT, Project, chance

BRANCH = "apo-ci-data"


@pytest.fixture
def options(project: Project) -> RunOptions:
    """A pull request of a machine that has no replies yet."""
    home = project.root.parent
    return RunOptions(project.root, base="main", head="HEAD", search=False, cache=home / "new.sqlite", out=home / "out")


def made(project: Project, cache: str = "main.sqlite") -> Baseline:
    options = RunOptions(project.root, head="main", cache=project.root.parent / cache)
    return asyncio.run(make_baseline(options, Progress(None)))


def store(project: Project, data: bytes, section: str = "") -> None:
    """Put a baseline where a fetch of the data branch leaves it."""
    path = project.root.parent / "data.json"
    path.write_bytes(data)
    blob = project.repository.git("hash-object", "-w", str(path)).decode().strip()
    index = ("update-index", "--add", "--cacheinfo", f"100644,{blob},{baseline_path(section)}")
    project.repository.git("read-tree", "--empty")
    project.repository.git(*index)
    tree = project.repository.git("write-tree").decode().strip()
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    commit = project.repository.git(*who, "commit-tree", "-m", "data", tree).decode().strip()
    project.repository.git("update-ref", f"refs/remotes/origin/{BRANCH}", commit)
    project.repository.git("reset", "--quiet")


def report_of(options: RunOptions) -> Report:
    return asyncio.run(pipeline.run(options, Progress(None))).report


def noisy(server: Loopback, project: Project) -> None:
    """Let the model give another answer now and then."""
    answer = project.world.answer
    server.reply = lambda body: "Yes" if chance("noise", server.calls) < 0.05 else answer(body)


def test_a_pull_request_asks_nothing_about_its_base_and_hears_of_the_noise(
    project: Project, server: Loopback, options: RunOptions
) -> None:
    noisy(server, project)
    baseline = made(project)
    entry = baseline.entries[0]
    assert server.calls == 320
    assert (entry.path, entry.n, len(baseline.replies)) == (PROMPT, 160, 320)
    assert entry.noise is not None
    assert 0 < entry.noise.flips < 30

    store(project, baseline.to_bytes())
    project.edit(f"You label product reviews. {HARM}")
    server.calls = 0
    report = report_of(options)
    assert (server.calls, report.verdict) == (160, "fail")
    assert report.ledger.purposes.base.calls == 0
    assert report.ledger.purposes.base.cache_hits == 160
    assert report.prompts[0].noise is not None
    assert report.prompts[0].noise.flips == entry.noise.flips
    pipeline.write_reports(report, Redactor(), project.root.parent / "out")
    comment = (project.root.parent / "out" / "comment.md").read_text(encoding="utf-8")
    assert f"the same prompt differed in {entry.noise.flips} of 160 replies" in comment


def test_the_two_rounds_are_independent_and_the_first_is_the_one_that_counts(
    project: Project, server: Loopback
) -> None:
    baseline = made(project)
    assert baseline.entries[0].noise is not None
    assert (baseline.entries[0].noise.flips, baseline.entries[0].noise.delta) == (0, 0.0)
    assert len({reply["key"] for reply in baseline.replies}) == server.calls == 320


def test_an_unchanged_prompt_costs_nothing_at_the_next_push(project: Project, server: Loopback) -> None:
    store(project, made(project).to_bytes())
    project.write("README.md", "More.")
    project.repository.commit_all("Elsewhere")
    server.calls = 0
    options = RunOptions(project.root, head="HEAD", cache=project.root.parent / "fresh.sqlite")
    again = asyncio.run(make_baseline(options, Progress(None)))
    assert server.calls == 0
    assert again.commit == project.repository.resolve("HEAD")


def test_a_baseline_is_not_taken_where_the_options_or_the_settings_say_no(
    project: Project, server: Loopback, options: RunOptions
) -> None:
    store(project, made(project).to_bytes())
    project.edit(f"You label product reviews. {HARM}")
    server.calls = 0
    assert report_of(replace(options, baseline=False)).prompts[0].noise is None
    assert server.calls == 320


def test_another_model_or_another_text_has_no_noise(project: Project, options: RunOptions) -> None:
    baseline = made(project)
    other = baseline.entries[0].model_copy(update={"prompt_hash": "0" * 64})
    store(project, baseline.model_copy(update={"entries": (other,)}).to_bytes())
    project.edit(f"You label product reviews. {HARM}")
    assert report_of(options).prompts[0].noise is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"version": 2, "commit": "a"}',
        b'{"commit": "a", "commit": "b"}',
        b"[" * 100_000,
        b"\xff",
        b" " * (MAX_BYTES + 1),
    ],
)
def test_a_damaged_baseline_is_left_alone_with_a_warning(project: Project, data: bytes) -> None:
    store(project, data)
    warnings: list[str] = []
    assert read_baseline(project.repository, BRANCH, "", warnings.append) is None
    assert BRANCH in warnings[0]


REPLY = {
    "key": "0" * 64,
    "reply": {"text": "t", "finish_reason": "stop", "prompt_tokens": 1, "completion_tokens": 1, "model": "m"},
    "created": 1.0,
    "model": "m",
    "provider": "p",
    "prompt_tokens": 1,
    "completion_tokens": 1,
    "usd": 0.0,
}


@pytest.mark.parametrize(
    "reply",
    [
        *({}, {"key": "x"}, {**REPLY, "prompt_tokens": 2**80}, {**REPLY, "usd": -1}, {**REPLY, "key": "z" * 64}),
        *({**REPLY, "reply": {}}, {**REPLY, "model": 3.5, "created": "now"}),
    ],
)
def test_damaged_replies_are_left_alone_with_a_warning(
    project: Project, options: RunOptions, reply: dict[str, object]
) -> None:
    store(project, json.dumps({"version": 1, "commit": "a" * 40, "replies": [reply]}).encode())
    project.write("README.md", "Nothing else.")
    project.repository.commit_all("Elsewhere")
    assert any("replies" in warning and BRANCH in warning for warning in report_of(options).warnings)


def test_no_branch_and_no_file_are_no_baseline(project: Project) -> None:
    warnings: list[str] = []
    assert read_baseline(project.repository, BRANCH, "", warnings.append) is None
    store(project, b"{}", section="other")
    assert read_baseline(project.repository, BRANCH, "", warnings.append) is None
    assert warnings == []


def test_no_secret_gets_on_the_branch(project: Project, server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, secret = project.world.answer, "canary-of-another-service"
    server.reply = lambda body: f"{secret} No" if "day 3" in str(body["messages"]) else answer(body)
    made(project)
    monkeypatch.setenv("DEPLOY_TOKEN", secret)  # known only now: the cache holds it
    data = made(project).to_bytes()
    assert secret.encode() not in data
    assert 0 < len(parse_baseline(data, "x").replies) < 320


def test_a_file_is_never_larger_than_what_is_read(tmp_path: Path) -> None:
    replies = tuple({"key": str(number), "text": "x" * 100_000} for number in range(300))
    data = Baseline(commit="a", replies=replies).to_bytes()
    assert MAX_BYTES - 200_000 < len(data) <= MAX_BYTES
    assert parse_baseline(data, "x").replies == replies[: len(parse_baseline(data, "x").replies)]


def test_each_section_has_files_of_its_own() -> None:
    sections = ["", "root", "a/b", "a%2Fb", "a b", "..", "../x", "é"]
    paths = [path(section) for section in sections for path in (baseline_path, history_path)]
    assert len(set(paths)) == 2 * len(sections)
    assert all(path.count("/") == 1 for path in paths)
    assert baseline_path("") == "baseline/root.json"
    assert history_path("services/web") == "history/services%2Fweb.json"


def test_a_history_grows_by_one_entry_a_commit_and_keeps_the_newest(project: Project) -> None:
    baseline = made(project)
    history = History().with_baseline(baseline, "2026-01-01T00:00:00Z")
    history = history.with_baseline(baseline, "2026-01-02T00:00:00Z")
    assert [(one.commit, one.time) for one in history.entries] == [(baseline.commit, "2026-01-02T00:00:00Z")]
    for number in range(1_005):
        history = history.with_baseline(Baseline(commit=f"{number:040x}"), "2026-01-03T00:00:00Z")
    assert (len(history.entries), history.entries[-1].commit) == (1_000, f"{1_004:040x}")
    assert parse_history(history.to_bytes(), "x", lambda warning: None) == history


def test_a_damaged_history_begins_anew_with_a_warning() -> None:
    warnings: list[str] = []
    assert parse_history(b"{", "history/root.json", warnings.append) == History()
    assert "history/root.json" in warnings[0]
    assert parse_history(None, "history/root.json", warnings.append) == History()
    assert len(warnings) == 1
