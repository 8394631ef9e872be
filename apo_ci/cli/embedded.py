"""The commands that run the embedded model."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from apo_ci.cli.exits import reports_errors
from apo_ci.cli.options import DIRECTORY, FILE


@click.command()
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the search.")
@click.option("--cache", type=FILE, metavar="FILE", help="Reply cache (default: a new one).")
@click.option("--out", type=DIRECTORY, metavar="DIR", help="Reports go here (default: in the demo's folder).")
@click.option("--directory", type=DIRECTORY, metavar="DIR", help="Make the demo's repository here.")
@reports_errors
def demo(seed: int, cache: Path | None, out: Path | None, directory: Path | None) -> None:
    """Run the main job on the embedded model; no key needed.

    Makes a temporary git repository with a base commit and a commit that makes a prompt worse, and runs
    `apo-ci run` on it: the gate fails, the search looks for a better prompt, the confirmation decides.
    """
    from apo_ci.demo import show

    sys.exit(show(seed=seed, cache=cache, out=out, directory=directory))


@click.command("serve-local")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port to listen on.")
@click.option("--model", type=FILE, metavar="FILE", help="Another .gguf file (default: the embedded model).")
@click.option("--parallel", type=click.IntRange(1, 64), default=2, show_default=True, help="Requests at once.")
@reports_errors
def serve_local(host: str, port: int, model: Path | None, parallel: int) -> None:
    """Offer the embedded model as an OpenAI-compatible endpoint.

    \b
    apo-ci serve-local --port 8080
    curl http://127.0.0.1:8080/v1/chat/completions -d '{"messages": [{"role": "user", "content": "2 + 2 ="}]}'
    """
    from apo_ci.config import ModelSettings
    from apo_ci.lm.local import serve

    settings = ModelSettings(provider="local", path=str(model) if model else None, concurrency=parallel)
    serve(settings, host, port, lambda url: click.echo(f"The model answers at {url} until you press Ctrl+C."))
