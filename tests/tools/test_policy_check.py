from __future__ import annotations

from pathlib import Path

import pytest

from tools.policy import RefundPolicy
from tools.policy_check import check, every_case, run_example
from tools.policy_rules import SHIPPED, Example, PolicyUnreadable, read_policy

POLICY = read_policy()


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = SHIPPED.read_text()
    assert old in text
    path = tmp_path / "policy.toml"
    path.write_text(text.replace(old, new, 1))
    return path


def test_the_shipped_policy_is_sound() -> None:
    assert check(POLICY) == []


@pytest.mark.parametrize("example", POLICY.text.example, ids=lambda example: example.name)
def test_an_example_of_the_policy_comes_out_as_written(example: Example) -> None:
    assert run_example(RefundPolicy(POLICY), example) == ""


def test_the_cases_are_all_that_the_rules_can_tell_apart() -> None:
    cases = list(every_case(POLICY.text))
    assert len(cases) == len(set(cases)) == 6 * 7 * 4 * 2 * 4


@pytest.mark.parametrize(
    ("old", "new", "kind", "words"),
    [
        ('in_time = "report" }', 'in_time = "search" }', "gap", "no rule fits: damaged, delivered"),
        ('in_time = "report" }', 'in_time = "return" }', "contradiction", "wrong_on_arrival and reported_too_late"),
        ('where = ["lost"] }', 'where = ["cancelled"] }', "unreachable", "lost never applies"),
        ("refund = 6305", "refund = 6900", "example", "A pack that came back"),
        ('rule = "late"', 'rule = "lost"', "example", "late has no example"),
    ],
)
def test_the_check_finds_what_is_wrong(tmp_path: Path, old: str, new: str, kind: str, words: str) -> None:
    problems = check(read_policy(changed(tmp_path, old, new)))
    assert any(problem.kind == kind and words in problem.text for problem in problems), problems


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("USD = 15000", "USD = 150.00", "limits.per_refund.USD"),
        ("USD = 15000", "USD = true", "limits.per_refund.USD"),
        ('give = "no"', 'give = "maybe"', "give"),
        ('in_time = "report"', 'in_time = "repotr"', "repotr"),
        ('id = "late"', 'id = "lost"', "two rules named 'lost'"),
        ("days = 14", "days = 14\ngrace = 1", "grace"),
        ("[label]", "[label", "cannot be read"),
    ],
)
def test_a_policy_that_says_nonsense_is_not_read(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(PolicyUnreadable, match=words):
        read_policy(changed(tmp_path, old, new))


def test_a_policy_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyUnreadable, match=r"none\.toml"):
        read_policy(tmp_path / "none.toml")


def test_another_text_is_another_version(tmp_path: Path) -> None:
    other = read_policy(changed(tmp_path, "days = 45", "days = 46"))
    assert POLICY.version.startswith("2026-11+")
    assert other.version != POLICY.version
