"""What came of a search, in sentences."""

from __future__ import annotations

from apo_ci.report import words
from apo_ci.report.model import Suggestion
from apo_ci.report.sentences import Style
from apo_ci.report.tradeoff import payback

_DOUBTS = {
    "perhaps better": "That is too little to call it a gain.",
    "perhaps cheaper": "That leaves room for a loss of more than `search.max_drop`.",
    "cheaper": "A loss of `search.max_drop` is ruled out.",
}
LED_TO_IT = "What led to it, in the words of the model:"


def suggestion_sentence(suggestion: Suggestion, style: Style) -> str:
    """That there is a better or cheaper prompt, and by how much; empty when there is none."""
    if not suggestion.is_offered or suggestion.delta is None:
        return ""
    found, back = ("A {} prompt was found", "Going back to the base version is {}")
    what = (back if suggestion.is_revert else found).format(suggestion.status)
    return f"{style.strong(what)}: {confirmed_gain(suggestion)}."


def confirmed_gain(suggestion: Suggestion) -> str:
    """`+22.2 points over this pull request and +5.6 over the base, confirmed on 60 cases that the search …`"""
    cases = f"{words.count(suggestion.n, 'case')} that the search had not seen"
    if suggestion.status == "cheaper":
        return ", ".join(filter(None, (saving(suggestion), gain(suggestion), f"on {cases}")))
    return f"{gain(suggestion)}, confirmed on {cases}"


def saving(suggestion: Suggestion) -> str:
    """`31% fewer tokens a call`, or more of them; empty where tokens were not what was sought."""
    if suggestion.objective != "score_per_cost" or suggestion.tradeoff is None:
        return ""
    share = round(100 * suggestion.tradeoff.saving)
    return f"{abs(share):,}% {'fewer' if share > 0 else 'more'} tokens a call" if share else "as many tokens a call"


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
    fewer = saving(suggestion) if _kind(suggestion).endswith("cheaper") else ""
    found = ", and ".join(filter(None, (fewer, _gain_in_full(suggestion))))
    paid = payback(suggestion.tradeoff) if suggestion.tradeoff else ""
    return " ".join(filter(None, (style.strong(_title(suggestion)), found, _DOUBTS.get(_kind(suggestion), ""), paid)))


def _kind(suggestion: Suggestion) -> str:
    """The status; one that was cheaper on dev, rather than better, and was not confirmed is `perhaps cheaper`."""
    if suggestion.status != "inconclusive":
        return suggestion.status
    seeks_cost = suggestion.objective == "score_per_cost" and (suggestion.delta or 0.0) <= 0
    return "perhaps cheaper" if seeks_cost else "perhaps better"


def _title(suggestion: Suggestion) -> str:
    kind = _kind(suggestion)
    if suggestion.is_revert:
        return f"Going back to the base version is {kind}:"
    doubt, _, comparative = kind.rpartition(" ")
    return f"{doubt.capitalize()} a {comparative} prompt:" if doubt else f"A {comparative} prompt was found:"


def cost_sentence(suggestion: Suggestion) -> str:
    """What the search cost; empty when it made no request."""
    if not suggestion.calls:
        return ""
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
