"""A veiled world shows its features under other names, and is the plain world of its seed in all else."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO
from random import Random

import pytest
from rich.console import Console

from apo_ci.search.claims import Claims
from apo_ci.search.relevance import Relevance
from benchmarks.search.cases import FEWEST_WORDS, MOST_WORDS, Truth
from benchmarks.search.hidden import ADVICE
from benchmarks.search.models import SimulatedModels
from benchmarks.search.reach import best_reachable
from benchmarks.search.showing import show
from benchmarks.search.statement import Statement
from benchmarks.search.veil import FIRST_WORDS, NAMES_EACH, OTHER_WORDS, SECOND_WORDS
from benchmarks.search.vocabulary import ADJECTIVES, BESIDE, DID, FILLERS, NAMES, PLACES, THEMES, THINGS
from benchmarks.search.wordings import ADVICE_CORES, PATTERNS, REASONS, criticise, say
from benchmarks.search.world import World, make_world
from tests.unit.benchmarks.prompts import failures, optimizer_body, rule_of, said_in, samples, task_body, worded

SEEDS = range(12)
Pair = tuple[World, World]


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return [(make_world(seed), make_world(seed, veiled=True)) for seed in SEEDS]


@pytest.fixture(scope="module")
def veiled() -> World:
    return make_world(3, veiled=True)


def words(*texts: str) -> set[str]:
    return set(re.findall(r"\w+", " ".join(texts).lower()))


def statements(world: World) -> list[Statement]:
    rules = [Statement("rule", rule.feature, rule.label) for rule in world.hidden.rules]
    harmful = [Statement("rule", trap.feature, trap.label) for trap in world.hidden.traps]
    advice = [Statement("advice", name) for name in ADVICE]
    kinds = [Statement("task"), Statement("format"), Statement("labels"), Statement("steps"), Statement("order")]
    about = [Statement(kind, rule.subject) for rule in rules for kind in ("garbled", "removal")]
    return [*kinds, *rules, *harmful, *advice, *about]


def features_of(truth: Truth) -> list[str]:
    return [rule.feature for rule in truth.rules] + [trap.feature for trap in truth.traps]


def test_all_but_the_texts_of_the_cases_is_as_in_the_plain_world(pairs: list[Pair]) -> None:
    for plain, veiled in pairs:
        assert (veiled.start, veiled.labels, veiled.hidden) == (plain.start, plain.labels, plain.hidden)
        for one, other in zip(plain.truths.values(), veiled.truths.values(), strict=True):
            assert replace(other, text=one.text) == one
            assert len(other.text.split()) == len(one.text.split())
            assert FEWEST_WORDS <= len(other.text.split()) <= MOST_WORDS
        for before, after in zip(plain.cases, veiled.cases, strict=True):
            assert replace(after, inputs=before.inputs) == before


def test_everything_follows_from_the_seed() -> None:
    assert make_world(5, veiled=True) == make_world(5, veiled=True)
    assert make_world(5, veiled=True) != make_world(5)
    assert make_world(5).veil == {}


def test_no_word_that_a_statement_can_have_stands_in_a_case_but_two_that_all_cases_have(pairs: list[Pair]) -> None:
    patterns = [text for table in (PATTERNS, REASONS, ADVICE_CORES) for group in table.values() for text in group]
    for _, veiled in pairs:
        rng = Random(1)
        said = [wording(one, veiled.hidden, rng) for one in statements(veiled) for wording in (say, criticise)]
        shared = words(veiled.start, *patterns, *said, *(f"a {one}" for one in veiled.hidden.features))
        texts = [words(case.inputs["text"]) for case in veiled.cases]
        assert words(*(case.inputs["text"] for case in veiled.cases)) & shared == {"the", "from"}
        assert all({"the", "from"} <= text for text in texts)


def test_the_words_of_the_veil_stand_for_nothing_else() -> None:
    names = [*FIRST_WORDS, *SECOND_WORDS]
    cues = [cue for theme in THEMES for group in theme.cues.values() for cue in group]
    others = words(*ADJECTIVES, *THINGS, *DID, *BESIDE, *FILLERS, *NAMES, *PLACES, *OTHER_WORDS.values(), *cues)
    assert len(set(names)) == len(names)
    assert not set(names) & others
    assert not words(*OTHER_WORDS.values()) & words(*cues, *(label for theme in THEMES for label in theme.cues))


def test_a_feature_has_names_of_its_own_and_each_of_them_is_shown(pairs: list[Pair]) -> None:
    for _, veiled in pairs:
        assert list(veiled.veil) == list(veiled.hidden.features)
        names = [name for group in veiled.veil.values() for name in group]
        parts = [part for name in names for part in name.split()]
        assert len(set(parts)) == len(parts) == 2 * NAMES_EACH * len(veiled.veil)
        text = "\n".join(case.inputs["text"] for case in veiled.cases)
        assert sum(name in text for name in names) > 0.9 * len(names)


def test_each_case_shows_one_name_of_each_of_its_features_and_of_no_other(pairs: list[Pair]) -> None:
    for _, veiled in pairs:
        for truth in veiled.truths.values():
            shown = {
                feature for feature, names in veiled.veil.items() if sum(name in truth.text for name in names) == 1
            }
            assert shown == set(features_of(truth))
            assert set(veiled.recognition.mentioned(truth.text)) == shown


def test_most_cases_of_a_rule_share_no_word_of_their_names(pairs: list[Pair]) -> None:
    alike = [
        set(one) == set(other)
        for _, veiled in pairs
        for names in veiled.veil.values()
        for shown in [[{n for n in names if n in truth.text} for truth in veiled.truths.values()]]
        for found in [[each for each in shown if each]]
        for nth, one in enumerate(found)
        for other in found[:nth]
    ]
    assert sum(alike) / len(alike) == pytest.approx(1 / NAMES_EACH, abs=0.05)


def test_words_lead_from_a_rule_to_its_cases_in_the_plain_world_and_to_none_in_the_veiled(pairs: list[Pair]) -> None:
    for world, led in ((world, not world.veiled) for pair in pairs[:4] for world in pair):
        relevance = Relevance(world.splits.train)
        claims, rng = Claims(relevance, world.labels), Random(2)
        rules = [Statement("rule", rule.feature, rule.label) for rule in world.hidden.rules]
        texts = [say(rule, world.hidden, rng) for rule in rules]
        assert any(relevance.about(text, 10) for text in texts) is led
        assert any(claims.holds(text) is not None for text in texts) is led


def test_a_prompt_without_cases_is_as_good_as_in_the_plain_world(pairs: list[Pair]) -> None:
    for plain, veiled in pairs[:4]:
        best = best_reachable(plain, plain.splits.test, wordings=1)
        for prompt in (plain.start, best, "Say something."):
            for split in ("train", "dev", "test"):
                before, after = getattr(plain.splits, split), getattr(veiled.splits, split)
                assert veiled.accuracy(prompt, after) == plain.accuracy(prompt, before)
        before, after = (
            [SimulatedModels(world).reply(task_body(world, case, best)) for case in world.cases]
            for world in (plain, veiled)
        )
        assert before == after


def test_worked_examples_teach_as_much_as_in_the_plain_world(pairs: list[Pair]) -> None:
    for plain, veiled in pairs[:4]:
        shown = [
            f"{world.start}\n\n" + "".join(f"Text: {c.inputs['text']}\nAnswer: {c.target}\n\n" for c in world.cases[:6])
            for world in (plain, veiled)
        ]
        assert veiled.accuracy(shown[1], veiled.cases) == plain.accuracy(shown[0], plain.cases)
        assert veiled.accuracy(shown[1], veiled.cases) != veiled.accuracy(veiled.start, veiled.cases)


def test_the_models_know_a_feature_by_all_of_its_names(veiled: World) -> None:
    feature, names = next(iter(veiled.veil.items()))
    label = veiled.labels[0]
    for name in (feature, *names):
        assert veiled.recognition.statements(f"A {name} means {label}.") == (Statement("rule", feature, label),)
    assert make_world(3).recognition.statements(f"Mind the {names[0]}.") == ()


def test_the_optimizer_model_sees_through_the_veil_and_speaks_of_features_by_their_own_names(veiled: World) -> None:
    rule, other = rule_of(veiled), make_world(3)
    prompt = worded(veiled, Statement("task"), Statement("format"))

    def replies(world: World) -> list[str]:
        shown = failures(world, rule, 4)
        request = f"The prompt:\n```\n{prompt}\n```\n\nIt got these wrong:\n\n{shown}\n\nWrite an improved prompt."
        return samples(world, optimizer_body(f"{request} Never quote the cases."), 200)

    shares = [sum(rule in said_in(world, text) for text in replies(world)) / 200 for world in (other, veiled)]
    assert 0.65 < shares[1] < 0.95
    assert shares[0] == pytest.approx(shares[1], abs=0.12)
    hidden = [name for names in veiled.veil.values() for name in names]
    assert not any(name in text for text in replies(veiled) for name in hidden)


def test_a_veiled_world_can_be_null() -> None:
    null = make_world(3, null=True, veiled=True)
    assert null.cases == make_world(3, veiled=True).cases
    assert null.accuracy(null.start, null.cases) == make_world(3, null=True).accuracy(null.start, null.cases)


def test_a_veiled_world_shows_the_names_of_its_features(veiled: World) -> None:
    console = Console(record=True, width=160, file=StringIO())
    show(veiled, console)
    text = console.export_text()
    assert text.startswith("A veiled world, seed 3")
    assert all(name in text for names in veiled.veil.values() for name in names)
