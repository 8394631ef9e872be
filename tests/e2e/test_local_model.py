"""The embedded model: the installed command, this repository's own prompts, the demo. Nothing is simulated."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("xllamacpp", reason="the extra `local` is not installed")
pytestmark = [pytest.mark.local_model, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
COMMAND = str(Path(sys.executable).with_name("apo-ci"))


def apo_ci(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The installed command, without a key in its environment."""
    environment = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, check=False, env=environment)


def report(folder: Path) -> dict[str, Any]:
    """`report.json` in `folder`."""
    loaded: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return loaded


def test_the_demo_fails_the_worse_prompt_and_confirms_a_better_one(tmp_path: Path) -> None:
    where = [f"--cache={tmp_path / 'cache.sqlite'}", f"--directory={tmp_path / 'repository'}"]
    first = apo_ci("demo", *where, f"--out={tmp_path / 'first'}")
    assert first.returncode == 0, first.stdout + first.stderr
    found = report(tmp_path / "first")
    suggestion = found["prompts"][0]["suggestion"]
    assert found["verdict"] == "fail"
    assert found["ledger"]["calls"] <= 800
    assert suggestion["status"] == "better", suggestion["explanation"]
    assert suggestion["delta"] >= 0.20
    assert suggestion["delta_over_base"] >= 0.05
    assert str(tmp_path / "first" / "comment.md") in first.stdout
    where[1] = f"--directory={tmp_path / 'again'}"
    second = apo_ci("demo", *where, f"--out={tmp_path / 'second'}")
    assert ", 0 of them now" in second.stderr, second.stderr
    again = report(tmp_path / "second")
    again["ledger"]["seconds"] = found["ledger"]["seconds"]
    assert again == found


def test_serve_local_answers_the_openai_protocol_and_stops_when_asked() -> None:
    with subprocess.Popen([COMMAND, "serve-local", "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = re.search(r"http://\S+", server.stdout.readline())
        assert url is not None
        body = {"messages": [{"role": "user", "content": "One, two, three,"}], "max_tokens": 4, "temperature": 0}
        request = urllib.request.Request(
            f"{url[0]}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0
    assert "four" in answer["choices"][0]["message"]["content"]
