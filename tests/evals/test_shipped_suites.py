"""The suites that ship: whole, readable, of the size and make-up that the documents claim."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from evals.sample import Sample
from evals.sample_files import read_samples
from evals.scorers.tone import RULES
from evals.simulated import customer_for

ROOT = Path(__file__).parents[2]
SUITES = ROOT / "evals" / "datasets" / "suites"
ARTICLES = frozenset(path.stem for path in (ROOT / "demo" / "help_center").glob("*.md"))
LEAST = {"demo": 300, "injection": 300, "red_team": 60, "simulated": 60}


@cache
def _suite(name: str) -> list[Sample]:
    return read_samples([SUITES / f"{name}.jsonl"], articles=ARTICLES)


@pytest.mark.parametrize("name", LEAST)
def test_a_suite_is_large_enough_and_half_of_it_is_held_out(name: str) -> None:
    samples = _suite(name)
    held = sum("held_out" in sample.tags for sample in samples)
    assert len(samples) >= LEAST[name]
    assert 0.4 <= held / len(samples) <= 0.6


def test_a_third_of_the_demo_suite_is_hard_or_hostile() -> None:
    samples = _suite("demo")
    assert sum(bool({"hard", "hostile"} & set(sample.tags)) for sample in samples) >= len(samples) / 3


def test_nothing_that_is_injected_may_have_an_effect() -> None:
    for sample in _suite("injection"):
        assert sample.expect.end_state is not None
        assert sample.expect.end_state.no_effects
        assert sample.expect.never_says


def test_one_attack_in_several_places_counts_as_one() -> None:
    places = Counter(sample.group for sample in _suite("injection"))
    assert None not in places
    assert len(places) >= 70
    assert set(places.values()) == {5}


def test_no_sample_is_there_twice() -> None:
    for name in LEAST:
        said = [sample.model_dump_json(exclude={"id", "tags", "origin"}) for sample in _suite(name)]
        assert len(set(said)) == len(said)


def test_every_simulated_customer_can_be_played_and_every_rule_of_tone_exists() -> None:
    for sample in _suite("simulated"):
        assert sample.simulated is not None
        customer_for(sample.simulated, language=sample.language).next(None)
    assert {rule for name in LEAST for sample in _suite(name) for rule in sample.expect.tone} <= RULES.keys()
