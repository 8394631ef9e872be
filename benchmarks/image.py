"""How soon a container of the image sends its first request to a model, and how large the image is.

    make image && python -m benchmarks.image localhost/apo-ci:test

The time is from the start of `buildah run` to the arrival at a loopback server: the container's start, Python, the
reading of the repository and the configuration, and the connection. As root; needs buildah.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.containers import Container, container
from tests.integration.loopback import Loopback
from tests.integration.project import HARM, KEY, KEY_NAME, Project

RUNS = 7


def first_request(image: str, folder: Path) -> float:
    """Seconds from the start of a fresh container to the arrival of its first request."""
    with Loopback(key=KEY) as server, container(image) as inside:
        project = Project(folder, server.url)
        project.edit(f"You label product reviews. {HARM}")
        return _timed(inside, server, project.root)


def _timed(inside: Container, server: Loopback, repository: Path) -> float:
    program = ("apo-ci", "run", "--base", "main", "--head", "edit", "--no-search")
    command = inside.command(
        *program, mounts={repository: "/work"}, variables={KEY_NAME: KEY}, user="0:0", workdir="/work"
    )
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if not server.arrivals:
        raise RuntimeError(f"no request arrived: {done.stdout}{done.stderr}")
    return server.arrivals[0] - began


def main(image: str) -> None:
    """Measure and print."""
    with container(image) as inside:
        print(f"{image}: {inside.bytes / 1e6:.1f} MB uncompressed")
    with tempfile.TemporaryDirectory() as folder:
        times = [first_request(image, Path(folder) / str(number)) for number in range(RUNS)]
    shown = ", ".join(f"{seconds:.2f}" for seconds in times)
    print(f"first request after {statistics.median(times):.2f} s (median of {RUNS}: {shown})")


if __name__ == "__main__":
    main(sys.argv[1])
