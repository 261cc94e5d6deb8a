import pytest

from knowledge_base.facts import Fact, facts_of, opposites, poles_of


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("Return it within 30 days.", [("time", 720, 720, "30 days")]),
        ("Two weeks, or a 14-day trial", [("time", 336, 336, "2 weeks"), ("time", 336, 336, "14-day")]),
        ("It takes 3–5 business days.", [("time", 72, 120, "3–5 business days")]),
        ("nach 3 bis 5 Werktagen", [("time", 72, 120, "3 bis 5 Werktagen")]),
        ("€4.90, then 1,250.00 USD", [("money €", 4.9, 4.9, "€4.90"), ("money $", 1250, 1250, "1,250.00 USD")]),
        ("1.000 € und 4,90 €", [("money €", 1000, 1000, "1.000 €"), ("money €", 4.9, 4.9, "4,90 €")]),
        ("from $10 to $20", [("money $", 10, 20, "$10 to $20")]),
        ("Shipping is free of charge.", [("money", 0, 0, "free of charge")]),
        ("Feel free to ask; sugar-free; free from $75", [("money $", 75, 75, "$75")]),
        ("up to 10% off", [("percent", 10, 10, "10%")]),
        ("-25°C to +70°C", [("°C", -25, 70, "-25°C to +70°C")]),
        ("0.5 m and 30 cm", [("length", 0.5, 0.5, "0.5 m"), ("length", 0.3, 0.3, "30 cm")]),
        ("on at most 5 devices", [("devic (count)", 5, 5, "5 devices")]),
        ("until 31 December 2025", [("date", 20251231, 20251231, "31 December 2025")]),
        ("on 2026-03-01", [("date", 20260301, 20260301, "2026-03-01")]),
        ("am 1.3.2026", [("date", 20260301, 20260301, "1.3.2026")]),
        ("by January 31st", [("day of the year", 131, 131, "January 31st")]),
        ("version 1.8.19, driver 3.7.2022.1, the UNO R4, IDE 2 projects, at 9:30, +49 555-123-4567 days", []),
    ],
)  # fmt: skip
def test_amounts_and_dates_are_read_with_their_kind(text: str, facts: list[tuple[str, float, float, str]]) -> None:
    assert [(fact.kind, round(fact.low, 6), round(fact.high, 6), fact.words) for fact in facts_of(text)] == facts


def one(text: str) -> Fact:
    (fact,) = facts_of(text)
    return fact


@pytest.mark.parametrize(
    ("first", "second", "agree"),
    [
        ("14 days", "2 weeks", True),
        ("30 days", "1 month", True),
        ("3–5 days", "4 days", True),
        ("3–5 days", "5–7 days", False),
        ("30 days", "14 days", False),
        ("free", "€4.90", False),
        ("50 cm", "0.5 m", True),
    ],
)
def test_facts_agree_where_one_says_nothing_that_the_other_rules_out(first: str, second: str, agree: bool) -> None:
    assert one(first).comparable(one(second))
    assert one(first).agrees(one(second)) is agree
    assert one(second).agrees(one(first)) is agree


def test_amounts_of_different_things_are_not_compared() -> None:
    assert not one("5 days").comparable(one("5 €"))
    assert not one("$5").comparable(one("5 €"))


def test_opposites_are_found_unless_a_text_has_both() -> None:
    assert opposites(poles_of("Always wash it."), poles_of("Never wash it.")) == ("always", "never")
    assert opposites(poles_of("Always or never."), poles_of("Never wash it.")) is None
