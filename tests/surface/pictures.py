"""`python -m tests.surface.pictures FOLDER [NAME …]` shows every situation as people see it, light and dark."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.surface.browser import launched
from tests.surface.page import document
from tests.surface.situations import ALL


def main(folder: Path, names: list[str]) -> None:
    """Write a picture of each situation into `folder`, folded as GitHub shows it and once with all details open."""
    folder.mkdir(parents=True, exist_ok=True)
    with launched() as browser:
        for name in names or list(ALL):
            page, _ = document(ALL[name])
            browser.look(page, picture=str(folder / f"{name}.light.png"))
            browser.look(page, scheme="dark", picture=str(folder / f"{name}.dark.png"))
            if "<details>" in page:
                opened = page.replace("<details>", "<details open>")
                browser.look(opened, picture=str(folder / f"{name}.open.png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
