"""The Markdown templates, filled in: whatever is not our own Markdown is escaped as prose."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2

from apo_ci.report import views
from apo_ci.report.escape import Markdown, prose


def fill(template: str, view: views.View) -> str:
    """The template of that name, without line ends around it."""
    return _environment().get_template(f"{template}.md.jinja").render(view).strip("\n")


@cache
def _environment() -> jinja2.Environment:
    """Templates whose every expression is escaped as prose, unless it is `Markdown` already."""
    return jinja2.Environment(  # noqa: S701  # Markdown, not HTML: `finalize` is the escaping
        loader=jinja2.PackageLoader("apo_ci.report", "templates"),
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _finalize(value: Any) -> str:
    return value if isinstance(value, Markdown) else prose(str(value))
