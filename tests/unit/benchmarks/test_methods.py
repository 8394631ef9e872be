"""Tests of the benchmark's methods."""

from __future__ import annotations

import pytest

from benchmarks.search.methods import METHODS, Method, named, obstacle, settings_of


def test_names_and_groups_give_each_method_once_in_the_order_asked() -> None:
    names = [method.name for method in named("gepa, peers, apo,gepa")]

    assert names == ["gepa", "gepa_default", "capo", "apo"]


def test_a_name_that_is_neither_method_nor_group_is_refused_with_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"'apoo'.*apo, protegi.*all"):
        named("apoo")


def test_all_names_every_method() -> None:
    assert named("all") == tuple(METHODS.values())


def test_settings_carry_the_runs_seed_and_only_what_the_method_changes() -> None:
    settings = settings_of(METHODS["no_demonstrations"], 7)

    assert settings.model_dump(exclude_unset=True) == {"demonstrations": 0, "seed": 7}


def test_a_setting_that_does_not_exist_is_an_obstacle_that_names_it() -> None:
    problem = obstacle(Method("odd", "", {"selector": "clairvoyant"}))

    assert problem is not None
    assert problem.startswith("search.selector: ")


def test_a_peer_that_is_not_installed_is_an_obstacle_that_says_where_to_find_it() -> None:
    problem = obstacle(Method("odd", "", package="no_such_package_anywhere"))

    assert problem == "no_such_package_anywhere is not installed (benchmarks/search/peers/requirements.txt)"


def test_the_default_search_has_no_obstacle() -> None:
    assert obstacle(METHODS["apo"]) is None
