from __future__ import annotations

from datetime import UTC, datetime, timedelta

from conversations.model import HumanAgentId
from handoff.desk_rules import DeskRules, HeadStart, Person, Route, Team, When
from handoff.desk_store import Handled
from handoff.routing import Asked
from handoff.simulating import recorded, shifts_in, simulate

MORNING = datetime(2026, 11, 30, 9, tzinfo=UTC)
NOOR, SAM = HumanAgentId("noor"), HumanAgentId("sam")


def handled(minute: int, *, mood: str = "neutral", wants: str = "help", by: HumanAgentId | None = NOOR) -> Handled:
    return Handled(
        queued_at=MORNING + timedelta(minutes=minute),
        asked=Asked(reason="customer_asked", language="English", mood=mood, wants=wants),
        team=None,
        waited=timedelta(minutes=30) if by else None,
        took=timedelta(minutes=10) if by else None,
        by=by,
    )


SHIFTS = {NOOR: [(MORNING, MORNING + timedelta(hours=8))], SAM: [(MORNING, MORNING + timedelta(hours=8))]}


def test_people_were_there_from_the_first_they_took_to_the_last_they_finished() -> None:
    day = [handled(0), handled(60), handled(24 * 60), handled(5, by=SAM), handled(9, by=None)]
    assert shifts_in(day) == {
        NOOR: [
            (MORNING + timedelta(minutes=30), MORNING + timedelta(minutes=100)),
            (MORNING + timedelta(minutes=24 * 60 + 30), MORNING + timedelta(minutes=24 * 60 + 40)),
        ],
        SAM: [(MORNING + timedelta(minutes=35), MORNING + timedelta(minutes=45))],
    }


def test_what_was_recorded_is_told_as_it_was() -> None:
    was = recorded([handled(0), handled(1, by=SAM), handled(2, by=None)])
    assert (was.handoffs, was.left, was.median_wait_s) == (3, 1, 1800.0)
    assert was.by_person == {"noor": 1, "sam": 1}


def test_less_room_makes_longer_waits_and_nobody_is_forgotten() -> None:
    rush = [handled(0) for _ in range(12)]
    wide = simulate(DeskRules(capacity=6), rush, SHIFTS)
    narrow = simulate(DeskRules(capacity=1), rush, SHIFTS)
    assert (wide.p90_wait_s, wide.left) == (0.0, 0)
    assert narrow.p90_wait_s == 50 * 60, "the last two of twelve start when five pairs are done"
    assert narrow.left == 0
    assert narrow.by_person == {"noor": 6, "sam": 6}


def test_a_team_of_one_that_is_full_waits_until_anybody_will_do() -> None:
    rules = DeskRules(
        capacity=1,
        teams=[Team(name="Money", members=["noor"])],
        routes=[Route(name="money", when=When(words=["refund"]), team="Money")],
        widen_after_minutes=5,
    )
    away = {NOOR: [(MORNING + timedelta(hours=4), MORNING + timedelta(hours=8))], SAM: SHIFTS[SAM]}
    found = simulate(rules, [handled(0, wants="a refund")], away)
    assert (found.anybody, found.median_wait_s, found.by_team) == (1, 300.0, {"Money": 1})
    never = simulate(rules.model_copy(update={"widen_after_minutes": None}), [handled(0, wants="a refund")], away)
    assert never.median_wait_s == 4 * 3600


def test_a_head_start_is_seen_in_who_goes_first() -> None:
    line = [handled(0), handled(1), handled(2, mood="frustrated")]
    one = {SAM: SHIFTS[SAM]}
    first = DeskRules(capacity=1, head_starts=[HeadStart(name="f", when=When(moods=["frustrated"]), minutes=30)])
    assert simulate(first, line, one).p90_wait_s == 19 * 60, "the second one now waits for two others"
    assert simulate(DeskRules(capacity=1), line, one).p90_wait_s == 18 * 60


def test_without_anybody_everybody_is_left() -> None:
    found = simulate(DeskRules(people={"sam": Person(capacity=0)}), [handled(0)], {SAM: SHIFTS[SAM]})
    assert (found.left, found.median_wait_s) == (1, None)
