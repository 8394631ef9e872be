"""The fake as a process, for runners of workflows: `python -m tests.github --port 8000 --script scenario.json`.

The script is JSON, every member optional::

    {"repository": "octo/prompts", "login": "github-actions[bot]", "token": "ghs_…",
     "permissions": {"contents": "read", "pull_requests": "write"},
     "collaborators": {"hubot": "maintain"},
     "git": "/path/to/a/real/repository",
     "branches": [{"name": "main", "files": {"prompts/a.txt": "…"}}, {"name": "edit", "parent": "main", "files": {…}}],
     "pull_requests": [{"number": 7, "head": "edit", "base": "main", "author": "octocat"}],
     "comments": [{"number": 7, "body": "…", "login": "octocat"}]}

`git` takes in the branches of a real repository with the names of their commits. One line of JSON, with `url` and
`token`, says that it listens. On SIGTERM (or SIGINT) its state, its log and its problems go to the file of `--state`;
it exits 1 on problems.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import signal
import sys
from pathlib import Path
from typing import Any

from tests.github.fake import FakeGitHub
from tests.github.real_git import take_in


def prepared(script: dict[str, Any], port: int) -> FakeGitHub:
    """A fake in the state that the script describes."""
    named = {name: script[name] for name in ("repository", "login", "token") if name in script}
    fake = FakeGitHub(port=port, **named)
    fake.permissions = script.get("permissions", fake.permissions)
    if "git" in script:
        take_in(fake, Path(script["git"]))
    for login, permission in script.get("collaborators", {}).items():
        fake.collaborator(login, permission)
    for branch in script.get("branches", ()):
        fake.branch(**branch)
    for pull in script.get("pull_requests", ()):
        fake.pull_request(**pull)
    for comment in script.get("comments", ()):
        fake.comment(**comment)
    return fake


async def serve(fake: FakeGitHub) -> None:
    """Until a signal comes."""
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    await fake.start()
    sys.stdout.write(json.dumps({"url": fake.url, "token": fake.token}) + "\n")
    sys.stdout.flush()
    await stopped.wait()
    await fake.stop()


def main() -> int:
    """Run; 1 when there were problems."""
    parser = argparse.ArgumentParser(prog="python -m tests.github")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=Path)
    parser.add_argument("--state", type=Path, help="where to leave the state as JSON in the end")
    arguments = parser.parse_args()
    script = json.loads(arguments.script.read_text(encoding="utf-8")) if arguments.script else {}
    fake = prepared(script, arguments.port)
    asyncio.run(serve(fake))
    if arguments.state:
        log = [dataclasses.asdict(call) for call in fake.log]
        state = {**fake.snapshot(), "log": log, "problems": fake.problems}
        arguments.state.write_text(json.dumps(state, indent=1), encoding="utf-8")
    return 1 if fake.problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
