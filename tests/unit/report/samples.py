"""One report for each situation that a reader can meet."""

from __future__ import annotations

from apo_ci.report.diff import unified_diff
from apo_ci.report.hunks import HunkReport
from apo_ci.report.model import (
    Account,
    Caps,
    CaseChange,
    ComparisonReport,
    ErrorCount,
    FloorReport,
    GateReport,
    HeadVerdict,
    LedgerReport,
    LineageStep,
    ModelIdentity,
    NoiseReport,
    Outcome,
    PromptHashes,
    PromptReport,
    Provenance,
    Purposes,
    Report,
    Suggestion,
    TrialReport,
)
from apo_ci.report.shares import SearchShare
from apo_ci.report.tradeoff import Call, Tradeoff

PATH = "prompts/sentiment.prompt.md"
HEAD_TEXT = """---
description: Is a product review positive?
parameters: {temperature: 0, max_tokens: 4}
---
system:
You label product reviews. Be brief.
user:
Review: {{ review }}
Label:
"""
BETTER_TEXT = """---
description: Is a product review positive?
parameters: {temperature: 0, max_tokens: 4}
---
system:
You label product reviews: is the customer content with what they bought?
Praise for the price, the shop or the delivery alone is not praise for the product. Answer only Yes or No.
user:
Review: It stopped charging after a week.
Label: No

Review: {{ review }}
Label:
"""
GRADIENT = (
    "The prompt no longer says which words to answer with, so the model writes whole sentences, and praise for the "
    "delivery is taken for praise of the product."
)
DEMONSTRATION = "demonstrations"


def change(number: int, *, fixed: bool) -> CaseChange:
    right, wrong = "No", "I think the customer seems fairly content"
    return CaseChange(
        id=f"{number:02d}c4f1e6b90a7d32",
        input=f"The courier was early and friendly, the kettle number {number} leaks from the spout. | Returned it.",
        target="No",
        base_reply=wrong if fixed else right,
        head_reply=right if fixed else wrong,
    )


WORSE = ComparisonReport(
    n=72,
    base=65 / 72,
    head=52 / 72,
    delta=-13 / 72,
    ci_low=-0.2542,
    ci_high=-0.1021,
    p_value=0.00042,
    detectable_drop=0.1044,
    errored=1,
    confidence=0.95,
    test="exact McNemar",
    fixed=tuple(change(number, fixed=True) for number in range(3)),
    broken=tuple(change(number, fixed=False) for number in range(10, 26)),
    n_fixed=3,
    n_broken=16,
    changed=22,
)
SAME = ComparisonReport(
    n=72,
    base=65 / 72,
    head=65 / 72,
    delta=0.0,
    ci_low=-0.0,
    ci_high=0.0,
    p_value=1.0,
    detectable_drop=0.1044,
    errored=0,
    confidence=0.95,
    test="exact McNemar",
)
IMPROVED = ComparisonReport(
    n=72,
    base=52 / 72,
    head=66 / 72,
    delta=14 / 72,
    ci_low=0.0972,
    ci_high=0.2917,
    p_value=0.0005,
    detectable_drop=0.1044,
    errored=0,
    confidence=0.95,
    test="exact McNemar",
    fixed=tuple(change(number, fixed=True) for number in range(15)),
    broken=(change(40, fixed=False),),
    n_fixed=15,
    n_broken=1,
    changed=16,
)
UNSURE = ComparisonReport(
    n=60,
    base=54 / 60,
    head=51 / 60,
    delta=-3 / 60,
    ci_low=-0.1333,
    ci_high=0.0333,
    p_value=0.375,
    detectable_drop=0.1102,
    errored=0,
    confidence=0.95,
    test="exact McNemar",
    broken=tuple(change(number, fixed=False) for number in range(4)),
    fixed=(change(9, fixed=True),),
    n_fixed=1,
    n_broken=4,
    changed=7,
    cases_needed=214,
)
TRIALS = (
    TrialReport(id=0, parent=None, operator="start", round=0, dev_score=0.7037, dev_n=54, fate="start"),
    TrialReport(id=1, parent=None, operator="base", round=0, dev_score=0.8889, dev_n=54, fate="kept"),
    TrialReport(id=2, parent=0, operator="edit", round=1, dev_score=0.8148, dev_n=54, fate="kept"),
    TrialReport(
        id=3, parent=0, operator="edit", round=1, dev_score=0.5, dev_n=18, fate="dropped: clearly behind after 18 cases"
    ),
    TrialReport(
        id=4,
        parent=2,
        operator="paraphrase",
        round=1,
        dev_score=0.7222,
        dev_n=18,
        fate="dropped: clearly behind after 18 cases",
    ),
    TrialReport(id=5, parent=2, operator=DEMONSTRATION, round=2, dev_score=0.9444, dev_n=54, fate="winner"),
    TrialReport(
        id=6, parent=2, operator="edit", round=2, dev_score=None, dev_n=0, fate="refused: a placeholder is gone"
    ),
)
TRADEOFF = Tradeoff(
    present=Call(score=0.711, prompt_tokens=96.4, completion_tokens=2.1, usd=0.0419, seconds=0.412, length=61),
    suggested=Call(score=0.933, prompt_tokens=142.8, completion_tokens=1.0, usd=0.0587, seconds=0.431, length=255),
)
PRICE_RULE = "Praise for the price, the shop or the delivery alone is not praise for the product."
BETTER = Suggestion(
    status="better",
    delta=0.222,
    delta_over_base=0.0556,
    ci_low=0.1299,
    ci_high=0.3142,
    p_value=0.00002,
    n=60,
    text=BETTER_TEXT,
    diff=unified_diff(HEAD_TEXT, BETTER_TEXT, PATH),
    operators=("edit", DEMONSTRATION),
    gradients=(GRADIENT,),
    lineage=(
        LineageStep(id=0, operator="start", round=0, dev_score=0.7037, n=54),
        LineageStep(id=2, operator="edit", gradient=GRADIENT, round=1, dev_score=0.8148, n=54),
        LineageStep(id=5, operator=DEMONSTRATION, round=2, dev_score=0.9444, n=54),
    ),
    trials=TRIALS,
    explanation=(
        "The best candidate scores 93.3% against 71.1% on 60 test cases that the search never saw (+22.2 points, 95% "
        "interval +13.0 to +31.4, p = 2e-05): the gain is confirmed. The search went through all its rounds."
    ),
    finish_reason="complete",
    calls=412,
    usd=0.0812,
    tradeoff=TRADEOFF,
    hunks=(
        HunkReport(
            removed="You label product reviews.",
            added="You label product reviews: is the customer content with what they bought?",
            delta=0.0185,
            n=54,
        ),
        HunkReport(removed="Be brief.", added=PRICE_RULE, delta=0.1296, n=54),
        HunkReport(added="Answer only Yes or No.", delta=0.0741, n=32),
        HunkReport(examples=2, delta=0.0926, n=54),
        HunkReport(added="Think about it carefully.", delta=-0.0185, n=54, kept=False),
    ),
)
NO_BETTER = Suggestion(
    status="none",
    trials=TRIALS[:4],
    explanation=(
        "No better prompt was found. None of the 2 candidates did better than the start prompt on the dev cases "
        "(70.4%). The search ended because several rounds in a row found nothing better."
    ),
    finish_reason="stalled",
    calls=288,
    usd=0.0541,
)
REVERT = BETTER.model_copy(
    update={
        "hunks": (),
        "is_revert": True,
        "delta": 0.1806,
        "delta_over_base": 0.0,
        "ci_low": 0.1021,
        "ci_high": 0.2542,
        "operators": ("base",),
        "gradients": (),
        "lineage": (LineageStep(id=1, operator="base", round=0, dev_score=0.8889, n=54),),
        "text": HEAD_TEXT.replace("Be brief.", "Answer only Yes or No."),
        "diff": unified_diff(HEAD_TEXT, HEAD_TEXT.replace("Be brief.", "Answer only Yes or No."), PATH),
    }
)
SHORTER_TEXT = HEAD_TEXT.replace("You label product reviews. Be brief.", "Is the review positive?")
CHEAPER = BETTER.model_copy(
    update={
        "hunks": (),
        "status": "cheaper",
        "delta": 0.0,
        "delta_over_base": -0.0083,
        "ci_low": -0.0267,
        "ci_high": 0.0267,
        "p_value": 1.0,
        "n": 144,
        "text": SHORTER_TEXT,
        "diff": unified_diff(HEAD_TEXT, SHORTER_TEXT, PATH),
        "explanation": (
            "The best candidate scores 71.1% against 71.1% on 144 test cases that the search never saw (+0.0 points, "
            "95% interval -2.7 to +2.7, p = 1): no loss is shown, and one as large as the tolerance is ruled out. A "
            "call takes 42% fewer tokens (57 instead of 98); the tolerance is 3.0 points."
        ),
        "operators": ("shorten",),
        "gradients": (),
        "lineage": (
            LineageStep(id=0, operator="start", round=0, dev_score=0.7037, n=54),
            LineageStep(id=2, operator="shorten", round=1, dev_score=0.7037, n=54),
        ),
        "objective": "score_per_cost",
        "tradeoff": Tradeoff(
            present=TRADEOFF.present,
            suggested=Call(score=0.711, prompt_tokens=56.0, completion_tokens=1.0, usd=0.0242, seconds=0.38, length=48),
            pays_after=4588,
        ),
    }
)
UNCONFIRMED = BETTER.model_copy(
    update={
        "hunks": (),
        "status": "inconclusive",
        "delta": 0.0333,
        "delta_over_base": 0.0167,
        "ci_low": -0.05,
        "ci_high": 0.1167,
        "p_value": 0.62,
    }
)
WHY_FAIL = "Accuracy fell by 18.1 points; at most 2.0 are allowed."
WHY_SAME = "Accuracy stayed at 90.3%: none of the 72 answers changed."
WHY_IMPROVED = "Accuracy rose by 19.4 points; the 95% interval rules out a drop of more than 2.0 points."
WHY_UNSURE = (
    "Accuracy fell by 5.0 points; at most 2.0 are allowed. The data neither show nor rule out a drop of more than 2.0 "
    "points. About 214 cases would settle it if the difference stays the same."
)
WHY_NEW = "Accuracy is 88.3% (95% interval 77.8 to 94.2, n = 60); at least 75.0% is required."
SENTIMENT = PromptReport(
    path=PATH,
    eval="evals/sentiment.yaml",
    dataset="evals/sentiment.jsonl",
    metric="accuracy",
    scorer="label: Yes, No",
    verdict="fail",
    reasons=(WHY_FAIL,),
    blocks=True,
    affected=("prompt changed",),
    gate=GateReport(max_drop=0.02, min=0.8),
    comparison=WORSE,
    suggestion=BETTER,
    cost=Account(calls=556, prompt_tokens=61_204, completion_tokens=2_310, usd=0.1034, cache_hits=72),
)
LEDGER = LedgerReport(
    calls=556,
    prompt_tokens=61_204,
    completion_tokens=2_310,
    usd=0.1034,
    cache_hits=72,
    seconds=192.4,
    purposes=Purposes(
        base=Account(calls=72, prompt_tokens=6_912, completion_tokens=144, usd=0.0111),
        head=Account(calls=72, prompt_tokens=6_480, completion_tokens=144, usd=0.0111, cache_hits=72),
        search=Account(calls=352, prompt_tokens=41_002, completion_tokens=1_902, usd=0.0692),
        confirm=Account(calls=60, prompt_tokens=6_810, completion_tokens=120, usd=0.012),
    ),
)
PROVENANCE = Provenance(
    version="0.1.0",
    base_commit="3f1c9a7be2d04856a1b0c2d3e4f5061728394a5b",
    head_commit="9d8c7b6a5f4e3d2c1b0a99887766554433221100",
    config_hash="b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
    models=(
        ModelIdentity(
            role="task",
            provider="openai:https://api.example.com/v1",
            name="gpt-4.1-mini",
            parameters={"temperature": 0, "max_tokens": 4},
        ),
        ModelIdentity(role="optimizer", provider="openai:https://api.example.com/v1", name="gpt-4.1"),
    ),
    seed=0,
    python="3.11.2",
    openai="3.52.0",
    datasets={"evals/sentiment.jsonl": "7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730"},
    prompts={
        PATH: PromptHashes(
            base="0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f",
            head="a591a6d40bf420404a011733cfb7b190d62c65bf0bcda32b57b277d9ad9f146e",
        )
    },
    run="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
)


def report(*prompts: PromptReport, verdict: Outcome = "pass", **more: object) -> Report:
    """A run over `prompts`."""
    given: dict[str, object] = {
        "verdict": verdict,
        "blocks": verdict == "fail",
        "prompts": prompts,
        "ledger": LEDGER,
        "budget": Caps(calls=800, usd=2.0),
        "provenance": PROVENANCE,
    }
    return Report.model_validate({**given, **more})


def sentiment(**changes: object) -> PromptReport:
    """The sentiment prompt with other findings."""
    return SENTIMENT.model_copy(update=changes)


def many() -> tuple[PromptReport, ...]:
    """Fourteen prompts: two fail, one cannot be told, the others pass."""
    passing = tuple(
        sentiment(
            path=f"services/support-desk/prompts/routing/{name}/classify-incoming-ticket.prompt.md",
            verdict="pass",
            blocks=False,
            reasons=(WHY_SAME,),
            comparison=SAME,
            suggestion=None,
        )
        for name in (
            "billing",
            "returns",
            "login",
            "outage",
            "feedback",
            "spam",
            "legal",
            "press",
            "hiring",
            "partners",
        )
    )
    return (
        *passing,
        sentiment(path="prompts/jailbreak.prompt.md", suggestion=NO_BETTER, metric="f1", positive_label="Yes"),
        sentiment(
            path="prompts/routing.prompt.md",
            verdict="inconclusive",
            blocks=False,
            reasons=(WHY_UNSURE,),
            comparison=UNSURE,
            suggestion=None,
        ),
        sentiment(
            path="prompts/tone.prompt.md",
            verdict="pass",
            blocks=False,
            reasons=(WHY_IMPROVED,),
            comparison=IMPROVED,
            suggestion=None,
        ),
        SENTIMENT,
    )


NEW = sentiment(
    path="prompts/greeting.prompt.md",
    verdict="pass",
    blocks=False,
    is_new=True,
    reasons=(WHY_NEW,),
    affected=("new prompt",),
    comparison=None,
    floor=FloorReport(n=60, head=0.8833, ci_low=0.7782, ci_high=0.9423, confidence=0.95, min=0.75),
    suggestion=None,
)
BROKEN_ENDPOINT = sentiment(
    verdict="error",
    blocks=True,
    reasons=("21 of 72 cases (29.2%) got no reply from the model; at most 5.0% may.",),
    comparison=WORSE.model_copy(update={"errored": 21, "n": 51}),
    suggestion=None,
    errors=(
        ErrorCount(message="HTTP 500 from https://api.example.com/v1: upstream connect error", count=19),
        ErrorCount(message="no answer within 60 s", count=2),
    ),
)
NOT_EVALUATED = sentiment(
    verdict="inconclusive",
    blocks=False,
    reasons=("The cache has no replies to this version.",),
    gate=None,
    comparison=None,
    suggestion=None,
    cost=Account(),
)
NOISE = NoiseReport(n=180, flips=3, delta=-1 / 180, delta_sd=0.129)
OTHER_EVAL = HeadVerdict(
    verdict="pass",
    dataset="evals/sentiment-v2.jsonl",
    metric="accuracy",
    comparison=IMPROVED.model_copy(update={"n": 90}),
)
HOSTILE = (
    "@octocat @github/security fixes #12 closes GH-3 octo/repo#4 octo/repo@deadbeefcafe1234 "
    "![x](https://evil.example/a.png) [click](javascript:alert(1)) <img src=x onerror=alert(1)> <https://evil.example> "
    "www.evil.example mail@evil.example :tada: ```\n::error file=a::owned\n##[error]owned\n"
    "\x1b[31mred\x1b[0m \u202egnp.exe \u200bzero </details> | cell | `tick` ``` $\\href{x}{y}$ {{ 7*7 }} --> <!-- "
)


def hostile() -> Report:
    """Hostile text wherever a model, a dataset, a prompt, a path or an error can put it."""
    case = CaseChange(id=HOSTILE, input=HOSTILE, target=HOSTILE, base_reply=HOSTILE, head_reply=HOSTILE)
    found = BETTER.model_copy(
        update={
            "text": HEAD_TEXT + HOSTILE,
            "diff": unified_diff(HEAD_TEXT, HEAD_TEXT + HOSTILE, HOSTILE),
            "gradients": (HOSTILE,),
            "hunks": (HunkReport(removed=HOSTILE, added=HOSTILE, delta=0.1, n=54), HunkReport(removed=HOSTILE)),
            "lineage": (LineageStep(id=2, operator=HOSTILE, gradient=HOSTILE, round=1, dev_score=0.8, n=54),),
            "trials": (
                TrialReport(id=2, parent=None, operator=HOSTILE, round=1, dev_score=0.8, dev_n=54, fate=HOSTILE),
            ),
            "explanation": HOSTILE,
            "finish_reason": HOSTILE,
        }
    )
    prompt = sentiment(
        path=HOSTILE,
        eval=HOSTILE,
        dataset=HOSTILE,
        metric=HOSTILE,
        scorer=HOSTILE,
        reasons=(HOSTILE,),
        comparison=WORSE.model_copy(update={"fixed": (case,), "broken": (case,), "n_fixed": 1, "n_broken": 1}),
        head_verdict=HeadVerdict(verdict="pass", reasons=(HOSTILE,), dataset=HOSTILE, metric=HOSTILE),
        suggestion=found,
        errors=(ErrorCount(message=HOSTILE, count=2),),
    )
    origin = PROVENANCE.model_copy(
        update={
            "head_commit": HOSTILE,
            "models": (ModelIdentity(role="task", provider=HOSTILE, name=HOSTILE, parameters={HOSTILE: HOSTILE}),),
            "datasets": {HOSTILE: HOSTILE},
            "prompts": {HOSTILE: PromptHashes(base=HOSTILE, head=HOSTILE)},
        }
    )
    return report(
        prompt,
        verdict="fail",
        reasons=(HOSTILE,),
        deleted=(HOSTILE,),
        unevaluated=(HOSTILE,),
        warnings=(HOSTILE,),
        finish_reason=HOSTILE,
        provenance=origin,
    )


def huge() -> Report:
    """More than any comment can hold: forty failing prompts, long prompts, long cases."""
    long = "\n".join(
        f"Rule {number}: consider the review's clause number {number}, then go on." for number in range(900)
    )
    found = BETTER.model_copy(update={"text": long, "diff": unified_diff(HEAD_TEXT, long, PATH)})
    wide = WORSE.model_copy(
        update={
            "broken": tuple(
                change(number, fixed=False).model_copy(update={"input": "話" * 5_000}) for number in range(50)
            )
        }
    )
    prompts = tuple(
        sentiment(path=f"prompts/team-{number}/sentiment.prompt.md", suggestion=found, comparison=wide)
        for number in range(40)
    )
    return report(*prompts, verdict="fail")


def several_searches() -> tuple[PromptReport, ...]:
    """Three searches on one budget: one found something, one did not, one met a dead endpoint."""
    passing = {"verdict": "pass", "blocks": False, "reasons": (WHY_SAME,), "comparison": SAME}
    return (
        sentiment(
            suggestion=BETTER.model_copy(update={"calls": 276, "usd": 0.06}),
            search_share=SearchShare(calls=276, usd=0.06, share=0.67, rounds=2, dev_gain=0.24, gain=0.222),
        ),
        sentiment(
            path="prompts/tone.prompt.md",
            suggestion=NO_BETTER.model_copy(update={"calls": 106, "usd": 0.02}),
            search_share=SearchShare(calls=106, usd=0.02, share=0.26, rounds=2, finish_reason="stalled"),
            **passing,
        ),
        sentiment(
            path="prompts/routing.prompt.md",
            suggestion=None,
            search_share=SearchShare(calls=30, usd=None, share=0.07, finish_reason="error"),
            **passing,
        ),
    )


SITUATIONS: dict[str, Report] = {
    "fail_with_better_suggestion": report(SENTIMENT, verdict="fail"),
    "pass_nothing_affected": report(ledger=LedgerReport(seconds=0.4), budget=Caps()),
    "pass_unchanged": report(
        sentiment(verdict="pass", blocks=False, reasons=(WHY_SAME,), comparison=SAME, suggestion=None)
    ),
    "pass_improved": report(
        sentiment(verdict="pass", blocks=False, reasons=(WHY_IMPROVED,), comparison=IMPROVED, suggestion=UNCONFIRMED)
    ),
    "inconclusive": report(
        sentiment(verdict="inconclusive", blocks=False, reasons=(WHY_UNSURE,), comparison=UNSURE, suggestion=NO_BETTER),
        verdict="inconclusive",
    ),
    "error_infrastructure": report(BROKEN_ENDPOINT, verdict="error", blocks=True),
    "new_prompt": report(NEW, config_from="head", unevaluated=("prompts/draft.prompt.md",)),
    "deleted": report(deleted=("prompts/old.prompt.md", "prompts/older.prompt.md"), ledger=LedgerReport(seconds=0.4)),
    "cheaper": report(
        sentiment(verdict="pass", blocks=False, reasons=(WHY_SAME,), comparison=SAME, suggestion=CHEAPER)
    ),
    "revert": report(sentiment(suggestion=REVERT), verdict="fail"),
    "many_prompts": report(*many(), verdict="fail"),
    "several_searches": report(*several_searches(), verdict="fail"),
    "two_verdicts": report(sentiment(head_verdict=OTHER_EVAL, suggestion=None), verdict="fail"),
    "no_better_prompt": report(sentiment(suggestion=NO_BETTER), verdict="fail"),
    "budget_stopped": report(
        sentiment(suggestion=NO_BETTER.model_copy(update={"finish_reason": "budget: calls"})),
        verdict="fail",
        finish_reason="budget",
        warnings=("The search had 120 calls left after both evaluations; it was run with 1 round instead of 4.",),
    ),
    "without_a_model": report(
        NOT_EVALUATED,
        verdict="inconclusive",
        without_model="the pull request comes from a fork, which meets no key",
        finish_reason="no model",
        ledger=LedgerReport(seconds=0.4),
    ),
    "project_in_a_folder": report(
        sentiment(suggestion=None, noise=NOISE),
        verdict="fail",
        directory="services/web",
        deleted=("prompts/old.prompt.md",),
    ),
    "huge_shortened": huge(),
    "hostile": hostile(),
}
