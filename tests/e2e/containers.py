"""The built image, run without an engine: buildah for single programs, podman's service where act needs an engine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

PODMAN_SETTINGS = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
netns = "host"
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
"""


def require_image() -> str:
    """The name of the image under test; skips the test where none was built."""
    name = os.environ.get("APO_CI_IMAGE")
    if not name:
        pytest.skip("`make test-image` builds the image and runs this")
    return name


@dataclass(frozen=True)
class Container:
    """A container made from the image; every `run` is a program in it, with the network of this machine."""

    name: str
    root: Path

    def command(
        self,
        *program: str,
        mounts: Mapping[Path, str] | None = None,
        variables: Mapping[str, str] | None = None,
        user: str = "0:0",
        workdir: str = "/",
    ) -> list[str]:
        """The command line that runs `program` inside."""
        volumes = [part for path, inside in (mounts or {}).items() for part in ("--volume", f"{path}:{inside}")]
        given = [part for name, value in (variables or {}).items() for part in ("--env", f"{name}={value}")]
        start = ["buildah", "run", "--isolation", "chroot", "--network", "host", "--user", user]
        return [*start, "--workingdir", workdir, *volumes, *given, self.name, "--", *program]

    def run(self, *program: str, check: bool = True, **options: object) -> subprocess.CompletedProcess[str]:
        """Run `program` inside to its end."""
        command = self.command(*program, **options)  # type: ignore[arg-type]  # as `command` takes them
        return subprocess.run(command, capture_output=True, text=True, check=check, timeout=120)

    @property
    def bytes(self) -> int:
        """The size of all files, hard links counted once: what the image takes uncompressed."""
        seen = {(status.st_dev, status.st_ino): status.st_size for status in _statuses(self.root)}
        return sum(seen.values())


def _statuses(root: Path) -> Iterator[os.stat_result]:
    for folder, _, names in os.walk(root):
        yield from (os.lstat(os.path.join(folder, name)) for name in names)


@contextlib.contextmanager
def container(image: str) -> Iterator[Container]:
    """A container of `image`, gone afterwards."""
    name = _said("buildah", "from", "--pull-never", image)
    try:
        yield Container(name, Path(_said("buildah", "mount", name)))
    finally:
        _said("buildah", "rm", name)


@contextlib.contextmanager
def engine(folder: Path) -> Iterator[str]:
    """podman's service; its address as `DOCKER_HOST` takes it."""
    settings, socket = folder / "containers.conf", folder / "podman.sock"
    settings.write_text(PODMAN_SETTINGS, encoding="utf-8")
    command = ["podman", "system", "service", "--time=0", f"unix://{socket}"]
    with (folder / "podman.log").open("wb") as log:
        service = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, "CONTAINERS_CONF": str(settings)}
        )
        try:
            _wait_for(socket, service)
            yield f"unix://{socket}"
        finally:
            service.terminate()
            service.wait(30)


def _wait_for(socket: Path, service: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if socket.exists():
            return
        assert service.poll() is None, socket.with_name("podman.log").read_text(encoding="utf-8")
        time.sleep(0.1)
    raise AssertionError("podman's service does not answer")


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.strip()
