"""Figures as people read them."""

from __future__ import annotations

import pytest

from apo_ci.report import words


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (words.percent(0.7217), "72.2%"),
        (words.percent(1.0), "100.0%"),
        (words.points(-0.181), "−18.1"),
        (words.points(0.05), "+5.0"),
        (words.points(-0.0001), "0.0"),
        (words.points(0.0), "0.0"),
        (words.amount_of_points(0.02), "2 points"),
        (words.amount_of_points(0.01), "1 point"),
        (words.amount_of_points(0.015), "1.5 points"),
        (words.drop_seen(0.1102), "11 points"),
        (words.drop_seen(0.0312), "3.1 points"),
        (words.p_value(0.0002), "< 0.001"),
        (words.p_phrase(0.032), "p = 0.032"),
        (words.p_phrase(0.41), "p = 0.41"),
        (words.confidence(0.95), "95% CI"),
        (words.change(-0.181, -0.254, -0.102, 0.0001, 0.95), "−18.1 points (95% CI −25.4 to −10.2, p < 0.001)"),
        (words.count(1, "case"), "1 case"),
        (words.count(1200, "case"), "1,200 cases"),
        (words.count(2, "reply", "replies"), "2 replies"),
        (words.dollars(0.0), "$0.00"),
        (words.dollars(12.3), "$12.30"),
        (words.dollars(0.0042), "$0.0042"),
        (words.dollars(0.00000042), "< $0.0001"),
        (words.dollars(None), "price unknown"),
        (words.cost(412, 0.0812), "412 calls, $0.08"),
        (words.cost(412, 0.0), "412 calls"),
        (words.duration(8.42), "8.4 s"),
        (words.duration(59.97), "1 min 0 s"),
        (words.duration(192.4), "3 min 12 s"),
        (words.duration(7_500), "2 h 5 min"),
        (words.metric_name("macro_f1"), "macro-F1"),
        (words.metric_name("odd"), "odd"),
        (words.listed(["a", "b", "c"]), "a, b and c"),
        (words.listed([]), ""),
        (words.short_path("prompts/a.prompt.md", 40), "prompts/a.prompt.md"),
        (words.short_path("a/very/long/path/to/some/folder/classify.prompt.md", 30), "…/folder/classify.prompt.md"),
    ],
)
def test_figures_read_as_written_here(shown: str, expected: str) -> None:
    assert shown == expected


def test_shortened_paths_stay_apart() -> None:
    paths = [f"services/support/prompts/{name}/classify-an-incoming-ticket.prompt.md" for name in ("billing", "login")]
    short = words.short_paths(paths)
    assert len(set(short.values())) == 2
    assert max(map(len, short.values())) <= 56
