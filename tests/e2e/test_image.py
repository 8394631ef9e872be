"""The image: its size, its first request, git in it, no privileges, and the Docker action under act."""

from __future__ import annotations

import functools
import json
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.image import first_request
from tests.e2e.containers import Container, container, engine, require_image
from tests.e2e.git_server import GitServer
from tests.e2e.runner import RELEASED, ROOT, Runner, require_act
from tests.e2e.stage import NUMBER, Stage, staged
from tests.github import events
from tests.github.contracts import require_contracts
from tests.github.fake import FakeGitHub
from tests.integration.project import HARM, KEY, RULE

pytestmark = [pytest.mark.image, pytest.mark.slow]
JOB_IMAGE = "localhost/apo-ci-base:under-test"  # the base that `make image` built on
MOST_BYTES = 250_000_000
MOST_SECONDS = 2.0
TRIES = 5
STATISTICS = """
from apo_ci.evaluation.intervals import clopper_pearson, tango
from apo_ci.evaluation.power import detectable_drop
from apo_ci.evaluation.significance import mcnemar
print([clopper_pearson(3, 40, 0.95), tango(9, 2, 60, 0.95), round(detectable_drop(180, 0.2, 0.95), 6), mcnemar(9, 2)])
"""


@pytest.fixture(scope="session")
def image() -> str:
    return require_image()


@pytest.fixture(scope="session")
def inside(image: str) -> Iterator[Container]:
    """A container of the image."""
    with container(image) as made:
        yield made


def test_the_image_is_at_most_250_mb_uncompressed(inside: Container) -> None:
    print(f"image: {inside.bytes / 1e6:.1f} MB")  # noqa: T201  # the figure itself is of interest
    assert inside.bytes <= MOST_BYTES


def test_the_first_request_leaves_within_two_seconds_of_the_start(image: str, tmp_path: Path) -> None:
    times: list[float] = []
    while len(times) < TRIES and min(times, default=math.inf) > MOST_SECONDS:  # other work may disturb one
        times.append(first_request(image, tmp_path / str(len(times))))
    print("first request after", *(f"{seconds:.2f} s" for seconds in times))  # noqa: T201  # likewise
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)  # programs for each core: the figure is for an idle machine
    assert min(times) <= MOST_SECONDS * max(1.0, waiting)


def test_the_image_computes_the_figures_that_a_full_installation_computes(inside: Container) -> None:
    outside: list[str] = []
    exec(STATISTICS, {"print": lambda value: outside.append(str(value))})
    assert inside.run("/opt/apo-ci/bin/python", "-c", STATISTICS).stdout.splitlines() == outside


def test_every_module_that_a_run_imports_has_its_bytecode(inside: Container, tmp_path: Path) -> None:
    compiled = "import sys, apo_ci.pipeline.action; print([m.__file__ for m in list(sys.modules.values()) if getattr("
    compiled += (
        "m, '__cached__', None) and m.__file__.endswith('.py') and not __import__('os').path.exists(m.__cached__)])"
    )
    assert inside.run("/opt/apo-ci/bin/python", "-c", compiled).stdout.strip() == "[]"


def test_git_reads_trees_files_and_histories(inside: Container, tmp_path: Path) -> None:
    script = """
        set -e; cd /tmp; git init --quiet --initial-branch main r; cd r; echo one > a; git add a
        export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
        git commit --quiet -m one; git switch --quiet -c edit; echo two > a; git commit --quiet -am two
        git ls-tree --name-only edit; git cat-file blob edit:a; git diff --stat main edit | tail -1
        test "$(git merge-base main edit)" = "$(git rev-parse main)" && echo based; rm -rf /tmp/r"""
    shown = inside.run("sh", "-c", script).stdout.splitlines()
    assert shown == ["a", "two", " 1 file changed, 1 insertion(+), 1 deletion(-)", "based"]


def test_git_fetches_over_https(inside: Container, tmp_path: Path) -> None:
    with GitServer(tmp_path) as server:
        fetched = inside.run(
            *("sh", "-c", f"git clone --quiet {server.url} /tmp/clone && cat /tmp/clone/a; rm -rf /tmp/clone"),
            mounts={server.authority: "/authority.pem"},
            variables={"GIT_SSL_CAINFO": "/authority.pem"},
        )
    assert fetched.stdout == "over https\n"
    assert "BEGIN CERTIFICATE" in (inside.root / "etc/ssl/certs/ca-certificates.crt").read_text(encoding="ascii")


def test_it_runs_without_privileges(inside: Container, tmp_path: Path) -> None:
    shown = inside.run("sh", "-c", "id -u; apo-ci --version", user="65532:65532")
    assert re.fullmatch(r"65532\napo-ci \d+\.\d+\.\d+\n", shown.stdout)


def test_there_is_no_package_manager_compiler_or_perl_in_it(inside: Container) -> None:
    names = ("pip", "apt-get", "dpkg", "perl", "gcc", "curl", "su")
    shown = inside.run("sh", "-c", f"for name in {' '.join(names)}; do command -v $name; done; true")
    assert shown.stdout == ""


def test_scanners_find_the_packages_that_are_left(inside: Container) -> None:
    status = (inside.root / "var/lib/dpkg/status").read_text(encoding="utf-8")
    named = set(re.findall(r"^Package: (.+)$", status, re.MULTILINE))
    assert {"git", "libc6"} <= named
    assert any(name.startswith("libcurl") for name in named)
    assert not named & {"perl", "apt", "passwd"}


@pytest.fixture
def docker_stage(image: str, tmp_path: Path) -> Iterator[Stage]:
    """A stage whose action runs the image, pinned as a release pins it."""
    require_contracts()
    act = require_act()
    pinned = tmp_path / "released"
    pinned.mkdir()
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    (pinned / "action.yml").write_text(text.replace("image: Dockerfile", f"image: docker://{image}"), encoding="utf-8")
    with engine(tmp_path) as address:
        runner = functools.partial(docker_runner, act, pinned, tmp_path / "store", address)
        with staged(tmp_path, runner) as ready:
            yield ready


def docker_runner(act: str, action: Path, store: Path, address: str, root: Path, github: FakeGitHub) -> Runner:
    """act with an engine."""
    secrets = {"OPENAI_API_KEY": KEY}
    return Runner(act, root, github, store, action, "docker", secrets, docker_host=address, job_image=JOB_IMAGE)


def test_the_docker_action_checks_a_pull_request_and_updates_its_comment(docker_stage: Stage) -> None:
    stage = docker_stage
    head = stage.commit("edit", f"You label product reviews. {HARM}")
    opened = events.pull_request_event("opened", NUMBER, head, stage.sha("main"))
    ran = stage.runner.run("basic.yml", "pull_request", opened)
    assert f"docker://{RELEASED}" not in ran.log
    assert ran.code == 1, ran.log
    (first,) = stage.github.comments(NUMBER)
    assert "### ❌ Fail" in first["body"]
    head = stage.commit("edit", f"You label product reviews. {RULE}")
    pushed = events.pull_request_event("synchronize", NUMBER, head, stage.sha("main"))
    ran = stage.runner.run("basic.yml", "pull_request", pushed)
    assert ran.code == 0, ran.log
    (second,) = stage.github.comments(NUMBER)
    assert (second["id"], "### ✅ Pass" in second["body"]) == (first["id"], True)
    report = json.loads((stage.runner.store / "artifacts/apo-ci/report.json").read_text(encoding="utf-8"))
    assert report["verdict"] == "pass"


def test_the_docker_action_checks_a_fork_without_a_key(docker_stage: Stage) -> None:
    stage = docker_stage
    head = stage.commit("edit", f"You label product reviews. {HARM}")
    stage.github.pull_request(NUMBER, head_repository="stranger/prompts")
    event = events.pull_request_event("opened", NUMBER, head, stage.sha("main"), fork=True)
    ran = stage.runner.run("forks-check.yml", "pull_request", event)
    assert ran.code == 0, ran.log
    assert (stage.models.calls, stage.github.log) == (0, [])
    published = stage.runner.run("forks-publish.yml", "workflow_run", events.workflow_run_event(101, head))
    assert published.code == 0, published.log
    assert len(stage.github.comments(NUMBER)) == 1
