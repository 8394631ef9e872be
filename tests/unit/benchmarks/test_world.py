"""The world: what it is made of, and what moves the true accuracy."""

from __future__ import annotations

import statistics
from io import StringIO

import pytest
from rich.console import Console

from apo_ci.inputs.datasets import Case
from benchmarks.search.cases import FEWEST_WORDS, MOST_WORDS, SIZES
from benchmarks.search.reach import best_reachable
from benchmarks.search.showing import show
from benchmarks.search.statement import Statement
from benchmarks.search.vocabulary import ADJECTIVES, DID, FILLERS, PLACES, THEMES, THINGS
from benchmarks.search.world import World, make_world
from tests.unit.benchmarks.prompts import cases_needing, rule_of, said_in, worded

TASK, FORMAT = Statement("task"), Statement("format")


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(3)


def plain(world: World, *more: Statement) -> str:
    return worded(world, TASK, FORMAT, *more)


def trap_cases(world: World, feature: str) -> list[Case]:
    truths = world.truths
    return [
        case
        for case in world.cases
        if feature in [trap.feature for trap in truths[case.id.removeprefix("ref-")].traps]
        and not truths[case.id.removeprefix("ref-")].rules
    ]


def test_everything_follows_from_the_seed() -> None:
    assert make_world(5) == make_world(5)
    assert make_world(5).cases != make_world(6).cases


def test_null_differs_in_what_helps_and_in_nothing_else() -> None:
    assert make_world(5, null=True).cases == make_world(5).cases
    assert make_world(5, null=True).start == make_world(5).start


def test_the_splits_have_their_sizes_and_share_no_case(world: World) -> None:
    parts = (world.splits.train, world.splits.dev, world.splits.test)
    assert tuple(map(len, parts)) == SIZES
    assert len({case.inputs["text"] for case in world.cases}) == sum(SIZES)


def test_a_case_has_12_to_25_words_and_a_number_of_its_own() -> None:
    for seed in range(20):
        cases = make_world(seed).cases
        lengths = [len(case.inputs["text"].split()) for case in cases]
        assert FEWEST_WORDS <= min(lengths) <= max(lengths) <= MOST_WORDS
        assert len({case.inputs["text"].rsplit(maxsplit=1)[1] for case in cases}) == len(cases)


def test_about_4_percent_of_the_targets_are_wrong() -> None:
    truths = [truth for seed in range(20) for truth in make_world(seed).truths.values()]
    assert 0.03 < statistics.mean(truth.target != truth.label for truth in truths) < 0.05


def test_a_rule_answers_other_than_the_surface() -> None:
    truths = [truth for seed in range(10) for truth in make_world(seed).truths.values()]
    assert all(truth.label != truth.surface for truth in truths if truth.rules)
    assert all(truth.label == truth.surface for truth in truths if not truth.rules)


def test_words_of_one_kind_never_stand_for_another() -> None:
    filler = " ".join((*DID, *FILLERS, *PLACES)).lower().split()
    labels = [label for theme in THEMES for label in theme.cues]
    cues = [cue for theme in THEMES for group in theme.cues.values() for cue in group]
    words = [*labels, *cues, *ADJECTIVES, *THINGS]
    assert len(set(words)) == len(words)
    assert not set(words) & set(filler)


def test_start_prompts_reach_45_to_65_percent_and_the_best_85_to_95() -> None:
    worlds = [make_world(seed) for seed in range(41)]
    starts = [one.accuracy(one.start, one.cases) for one in worlds]
    assert 0.4 < min(starts) < max(starts) < 0.75
    assert 0.5 < statistics.median(starts) < 0.6
    best = [one.accuracy(best_reachable(one, one.cases, wordings=2), one.cases) for one in worlds[:8]]
    assert 0.8 < min(best) < max(best) < 0.97
    assert 0.85 < statistics.median(best) < 0.94


def test_a_start_prompt_states_the_task_the_format_and_few_rules() -> None:
    for seed in range(41):
        one = make_world(seed)
        said = said_in(one, one.start)
        assert {TASK, FORMAT} <= said
        assert len([statement for statement in said if statement.kind == "rule"]) <= 3


def test_in_a_null_world_all_prompts_that_state_the_task_are_equal() -> None:
    null = make_world(3, null=True)
    prompts = [null.start, plain(null), plain(null, rule_of(null)), worded(null, TASK), f"{null.start} {'word ' * 500}"]
    assert len({null.accuracy(prompt, null.cases) for prompt in prompts}) == 1
    assert 0.6 <= null.accuracy(null.start, null.cases) <= 0.85
    assert null.accuracy("Say something.", null.cases) < null.accuracy(null.start, null.cases)


@pytest.mark.parametrize("seed", range(5))
def test_a_stated_rule_helps_the_cases_that_need_it_and_no_other(seed: int) -> None:
    one = make_world(seed)
    free = [nth for nth, rule in enumerate(one.hidden.rules) if rule.feature not in one.hidden.needs]
    rule = rule_of(one, free[0])
    needing = cases_needing(one, rule)
    others = [case for case in one.cases if rule.subject not in case.inputs["text"]]
    without, stated = plain(one), plain(one, rule)
    assert one.accuracy(without, needing) < 0.3
    assert one.accuracy(stated, needing) > 0.55
    assert one.accuracy(stated, others) == pytest.approx(one.accuracy(without, others), abs=0.03)  # the format's place


def test_saying_a_rule_twice_is_no_better_than_its_wordings(world: World) -> None:
    rule = rule_of(world)
    one, other = worded(world, rule, seed=1), worded(world, rule, seed=2)
    needing = cases_needing(world, rule)
    single = [world.accuracy(f"{plain(world)} {text}", needing) for text in (one, other)]
    twice = world.accuracy(f"{plain(world)} {one} {other}", needing)
    assert min(single) <= twice <= max(single)


def test_a_rule_that_needs_another_one_is_no_use_without_it(world: World) -> None:
    feature, needed = next(iter(world.hidden.needs.items()))
    rules = {rule.feature: Statement("rule", rule.feature, rule.label) for rule in world.hidden.rules}
    cases = cases_needing(world, rules[feature])
    assert world.accuracy(plain(world, rules[feature]), cases) < 0.3
    assert world.accuracy(plain(world, rules[needed], rules[feature]), cases) > 0.5


def test_clashing_rules_need_an_order(world: World) -> None:
    rules = [Statement("rule", one.feature, one.label) for one in world.hidden.rules]
    clash = [rule for rule in rules if rule.subject in world.hidden.clash]
    cases = cases_needing(world, clash[0])
    both = plain(world, *rules)
    assert world.accuracy(f"{both} {worded(world, Statement('order'))}", cases) > world.accuracy(both, cases) + 0.1


def test_a_harmful_rule_hurts_its_cases_and_no_other(world: World) -> None:
    trap = world.hidden.traps[0]
    hurt = [case for case in trap_cases(world, trap.feature) if world.truths[case.id[4:]].label != trap.label]
    stated = plain(world, Statement("rule", trap.feature, trap.label))
    assert world.accuracy(plain(world), hurt) > 0.75
    assert world.accuracy(stated, hurt) < 0.45


def test_a_rule_with_the_wrong_label_is_worse_than_none(world: World) -> None:
    rule = rule_of(world)
    wrong = Statement("rule", rule.subject, next(label for label in world.labels if label != rule.label))
    cases = cases_needing(world, rule)
    assert world.accuracy(plain(world, wrong), cases) < world.accuracy(plain(world), cases)


def test_a_hundred_words_too_many_cost_one_and_a_half_points(world: World) -> None:
    padded = f"{world.start} {'word ' * 150}"
    longer = f"{padded} {'word ' * 100}"
    assert world.accuracy(padded, world.cases) - world.accuracy(longer, world.cases) == pytest.approx(0.015, abs=0.001)


def test_worked_examples_work_like_a_weakly_stated_rule(world: World) -> None:
    rule = rule_of(world)
    first, second, *rest = cases_needing(world, rule)
    shown = [f"Text: {case.inputs['text']}\nAnswer: {case.target}\n\n" for case in (first, second)]
    bare, one, two = (world.accuracy(f"{world.start}\n\n{text}", rest) for text in ("", shown[0], "".join(shown)))
    assert bare < one < two
    assert 0.3 < one < 0.45
    assert 0.45 < two < 0.6


def test_examples_with_a_wrong_answer_teach_nothing(world: World) -> None:
    rule = rule_of(world)
    first, *rest = cases_needing(world, rule)
    wrong = next(label for label in world.labels if label != first.target)
    shown = f"{world.start}\n\nText: {first.inputs['text']}\nAnswer: {wrong}\n\n"
    assert world.accuracy(shown, rest) < 0.3


@pytest.mark.parametrize("lost", ["task", "format"])
def test_losing_the_task_or_the_format_costs_points(world: World, lost: str) -> None:
    kept = worded(world, *[one for one in (TASK, FORMAT, Statement("labels")) if one.kind != lost])
    assert world.accuracy(kept, world.cases) < world.accuracy(plain(world, Statement("labels")), world.cases)


def test_the_place_of_the_case_is_no_part_of_the_instruction(world: World) -> None:
    assert world.accuracy(f"{world.start}\n\nText: {{{{ text }}}}\nAnswer:", world.cases) == world.accuracy(
        world.start, world.cases
    )


def test_a_world_can_be_shown(world: World) -> None:
    console = Console(record=True, width=160, file=StringIO())
    show(world, console)
    text = console.export_text()
    assert all(rule.feature in text for rule in world.hidden.rules)
    assert all(trap.feature in text for trap in world.hidden.traps)
    assert f"{world.accuracy(world.start, world.splits.test):.1%}" in text
