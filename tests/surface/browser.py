"""Chromium, which loads nothing but the page that it is given."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from tests.surface.page import POLICY

ADDRESS = "https://pull-request.test/"
WIDTH = 864  # the column of 800 pixels, and what is beside it
REQUIRED = "APO_CI_REQUIRE_BROWSER"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
Scheme = Literal["light", "dark"]


@dataclass
class Looked:
    """What the browser says of a page."""

    facts: dict[str, Any]
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


class Browser:
    """Looks at pages."""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium

    def look(self, page: str, script: str = "() => ({})", *, scheme: Scheme = "light", picture: str = "") -> Looked:
        """Load the HTML `page` under its policy, and evaluate `script` in it; `picture` names a PNG file to write."""
        tab = self._chromium.new_page(viewport={"width": WIDTH, "height": 600}, color_scheme=scheme)
        looked = Looked({})

        def answer(route: Any) -> None:
            if route.request.url == ADDRESS:
                route.fulfill(body=page, headers={"Content-Type": "text/html", "Content-Security-Policy": POLICY})
                return
            looked.requests.append(route.request.url)
            route.abort()

        try:
            tab.route("**/*", answer)
            tab.on("console", lambda message: looked.console.append(message.text))
            tab.goto(ADDRESS)
            looked.facts = tab.evaluate(script)
            if picture:
                tab.screenshot(path=picture, full_page=True)
        finally:
            tab.close()
        return looked


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser; skips the test where there is none, unless `APO_CI_REQUIRE_BROWSER` is set."""
    executable = os.environ.get("APO_CI_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        executable = None
    if executable is None:
        reason = "there is no chromium with playwright here"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            yield Browser(chromium)
        finally:
            chromium.close()
