"""Facts of a sentence, normalised."""

from __future__ import annotations

import pytest

from agent.facts import Fact, facts_in, holds


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("within 30 days", {("day", "30")}),
        ("within thirty days", {("day", "30")}),
        ("a 30-day window", {("day", "30")}),
        ("3–5 business days", {("workday", "3"), ("workday", "5"), ("workday range", "3–5")}),
        ("two to four weeks", {("week", "2"), ("week", "4"), ("week range", "2–4")}),
        ("$12.95 or 12.95 USD", {("USD", "12.95")}),
        ("€4,90", {("EUR", "4.9")}),
        ("€1.250,50 and $1,250.50", {("EUR", "1250.5"), ("USD", "1250.5")}),
        ("20 % and 15 percent", {("percent", "20"), ("percent", "15")}),
        ("on May 3rd, 2026", {("date", "5-3"), ("year", "2026")}),
        ("on 3 May", {("date", "5-3")}),
        ("2026-05-03T10:00:00Z", {("date", "5-3"), ("year", "2026")}),
        ("order NP-48213", {("code", "NP48213")}),
        ("up to 2 coupons", {("number", "2")}),
        ("this one is for you", set()),
        ("", set()),
    ],
)
def test_facts_are_read_in_any_spelling(text: str, facts: set[tuple[str, str]]) -> None:
    assert {(fact.kind, fact.value) for fact in facts_in(text)} == facts


def test_an_amount_is_not_a_duration() -> None:
    assert not holds(Fact("EUR", "30"), facts_in("within 30 days"))


def test_business_days_are_not_days() -> None:
    assert not holds(Fact("day", "5"), facts_in("5 business days"))


def test_a_bare_number_is_stated_by_the_same_number_with_a_unit() -> None:
    assert holds(Fact("number", "5"), facts_in("5 business days"))


def test_reading_facts_takes_time_in_proportion_to_the_text() -> None:
    assert len(facts_in("1,2.3-" * 20_000 + "january " * 5_000 + "A1-" * 20_000)) < 100_000
