"""Figures as people read them: `72.2%`, `−18.1 points`, `p < 0.001`, `$0.04`, `3 min 12 s`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MINUS = "−"
METRIC_NAMES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "macro_f1": "macro-F1",
    "mean": "mean score",
}
SYMBOLS = {"pass": "✅", "fail": "❌", "inconclusive": "⚠️", "error": "⚠️"}
SHORT_PATHS = (40, 56, 72, 100)  # lengths that are tried, in characters
SEVERITY = ("fail", "error", "inconclusive", "pass")


def percent(value: float) -> str:
    """A metric's value: 0.7217 is `72.2%`."""
    return f"{_tenths(value)}%".replace("-", MINUS)


def points(value: float) -> str:
    """A difference of a metric, signed, without its unit: -0.181 is `−18.1`."""
    text = _tenths(value)
    return text if text == "0.0" else text.replace("-", MINUS) if text.startswith("-") else f"+{text}"


def interval(low: float, high: float) -> str:
    """`−25.4 to −10.2`."""
    return f"{points(low)} to {points(high)}"


def _tenths(value: float) -> str:
    text = f"{value * 100:.1f}"
    return "0.0" if text == "-0.0" else text


def amount_of_points(value: float) -> str:
    """An unsigned threshold with its unit: 0.02 is `2 points`, 0.01 `1 point`."""
    text = f"{value * 100:.1f}".removesuffix(".0")
    return f"{text} {'point' if text == '1' else 'points'}"


def drop_seen(value: float) -> str:
    """The smallest drop that a check sees, in whole points from five points on: 0.1102 is `11 points`."""
    return amount_of_points(round(value, 2) if value >= 0.05 else value)


def p_value(value: float) -> str:
    """`< 0.001`, `0.032`, `0.41`: the figure of a table's cell."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def p_phrase(value: float) -> str:
    """`p < 0.001`, `p = 0.032`."""
    text = p_value(value)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def confidence(value: float) -> str:
    """`95% CI`."""
    return f"{value * 100:g}% CI"


def change(delta: float, low: float, high: float, p: float | None, level: float) -> str:
    """`−18.1 points (95% CI −25.4 to −10.2, p < 0.001)`."""
    tail = "" if p is None else f", {p_phrase(p)}"
    return f"{points(delta)} points ({confidence(level)} {interval(low, high)}{tail})"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """`1 case`, `1,200 cases`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def dollars(usd: float | None) -> str:
    """`$0.04`, `$12.30`, `$0.0004`; `price unknown` for nobody knows."""
    if usd is None:
        return "price unknown"
    return f"${usd:,.2f}" if usd == 0 or usd >= 0.01 else f"${usd:.4f}" if usd >= 0.0001 else "< $0.0001"


def cost(calls: int, usd: float | None) -> str:
    """`412 calls, $0.08`; `412 calls` where they cost nothing."""
    spent = count(calls, "call")
    return spent if usd == 0 else f"{spent}, {dollars(usd)}"


def duration(seconds: float) -> str:
    """`8.4 s`, `3 min 12 s`, `2 h 5 min`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def latency(seconds: float) -> str:
    """`38 ms`, `1.4 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.1f} s"


def metric_name(metric: str) -> str:
    """`F1` for `f1`; the name itself for one that is not known here."""
    return METRIC_NAMES.get(metric, metric)


def capitalized(text: str) -> str:
    """`text` with its first letter large."""
    return text[:1].upper() + text[1:]


def listed(items: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = list(items) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def short_paths(paths: Iterable[str], limits: Sequence[int] = SHORT_PATHS) -> dict[str, str]:
    """Every path with a short form; the forms have the first of `limits` with which they differ."""
    distinct = set(paths)
    for limit in limits:
        short = {path: short_path(path, limit) for path in distinct}
        if len(set(short.values())) == len(distinct):
            break
    return short


def short_path(path: str, limit: int) -> str:
    """`path`, or its end from a folder on, in at most `limit` characters."""
    if len(path) <= limit:
        return path
    tail = path[-(limit - 1) :]
    slash = tail.find("/")
    return "…" + (tail[slash:] if 0 <= slash < len(tail) - 12 else tail)
