"""What came of a search, in sentences."""

from __future__ import annotations

from apo_ci.report import words
from apo_ci.report.model import Suggestion
from apo_ci.report.sentences import Style

LED_TO_IT = "What led to it, in the words of the model:"


def suggestion_sentence(suggestion: Suggestion, style: Style) -> str:
    """That there is a better prompt, and by how much; empty when there is none."""
    if suggestion.status != "better" or suggestion.delta is None:
        return ""
    what = "Going back to the base version is better" if suggestion.is_revert else "A better prompt was found"
    return f"{style.strong(what)}: {confirmed_gain(suggestion)}."


def confirmed_gain(suggestion: Suggestion) -> str:
    """`+22.2 points over this pull request and +5.6 over the base, confirmed on 60 cases that the search …`"""
    cases = f"{words.count(suggestion.n, 'case')} that the search had not seen"
    return f"{gain(suggestion)}, confirmed on {cases}"


def gain(suggestion: Suggestion) -> str:
    """`+22.2 points over this pull request and +5.6 over the base`."""
    if suggestion.delta is None:
        return ""
    points = f"{words.points(suggestion.delta)} points over"
    if suggestion.is_revert:
        return f"{points} this pull request"
    if suggestion.delta_over_base is None:
        return f"{points} the present prompt"
    return f"{points} this pull request and {words.points(suggestion.delta_over_base)} over the base"


def search_sentence(suggestion: Suggestion, style: Style) -> str:
    """What came of the search: the gain in full, or why there is none."""
    if suggestion.status == "none" or suggestion.delta is None:
        why = style.prose(suggestion.explanation) or "No better prompt was found."
        return f"{style.strong('Search:')} {why}"
    title = {
        ("better", False): "A better prompt was found:",
        ("better", True): "Going back to the base version is better:",
        ("inconclusive", False): "Perhaps a better prompt:",
        ("inconclusive", True): "Going back to the base version is perhaps better:",
    }[suggestion.status, suggestion.is_revert]
    doubt = " That is too little to call it a gain." if suggestion.status == "inconclusive" else ""
    return f"{style.strong(title)} {_gain_in_full(suggestion)}{doubt}"


def cost_sentence(suggestion: Suggestion) -> str:
    """What the search cost."""
    return f"The search cost {words.cost(suggestion.calls, suggestion.usd)}."


def _gain_in_full(suggestion: Suggestion) -> str:
    """The confirmed gain with its interval, and on how many cases."""
    over = gain(suggestion)
    if suggestion.delta is not None and suggestion.ci_low is not None and suggestion.ci_high is not None:
        change = words.change(
            suggestion.delta, suggestion.ci_low, suggestion.ci_high, suggestion.p_value, suggestion.confidence
        )
        over = change + over.partition(" points")[2]
    return f"{over}, on {words.count(suggestion.n, 'case')} that the search had not seen."
