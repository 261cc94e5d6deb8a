from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.desk_rules import DeskRules, SlaTarget, When
from handoff.hours import ALWAYS, Hours, OpeningHours
from handoff.routing import Asked
from handoff.sla import Clock, ClockState, Happened, Reading, What, readings, target_of

MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)
TARGET = SlaTarget(
    name="all", first_response_minutes=30, next_response_minutes=60, resolution_minutes=8 * 60, warn_at_percent=50
)
OFFICE = Hours(OpeningHours(zone="UTC", week=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ["09:00-17:00"])))


def at(minute: float, what: What) -> Happened:
    return Happened(at=MONDAY + timedelta(minutes=minute), what=what)


def read(clock: Clock, *happened: Happened, now: float, hours: Hours = ALWAYS) -> Reading:
    found = readings(TARGET, hours, happened, MONDAY + timedelta(minutes=now))
    return [one for one in found if one.clock is clock][-1]


QUEUED = at(0, What.QUEUED)


def test_the_first_response_is_due_and_warned_of_before() -> None:
    running = read(Clock.FIRST_RESPONSE, QUEUED, now=10)
    assert (running.state, running.due_at) == (ClockState.RUNNING, MONDAY + timedelta(minutes=30))
    assert running.warn_at == MONDAY + timedelta(minutes=15)
    assert read(Clock.FIRST_RESPONSE, QUEUED, now=31).state is ClockState.BREACHED
    assert read(Clock.FIRST_RESPONSE, QUEUED, at(29, What.PERSON_REPLIED), now=500).state is ClockState.MET
    late = read(Clock.FIRST_RESPONSE, QUEUED, at(31, What.PERSON_REPLIED), now=500)
    assert (late.state, late.stopped_at) == (ClockState.BREACHED, MONDAY + timedelta(minutes=31))


def test_several_messages_in_a_row_are_one_question_and_its_clock_starts_with_the_first() -> None:
    happened = [
        QUEUED,
        at(5, What.PERSON_REPLIED),
        at(10, What.CUSTOMER_WROTE),
        at(40, What.CUSTOMER_WROTE),
    ]
    waiting = read(Clock.NEXT_RESPONSE, *happened, now=50)
    assert waiting.due_at == MONDAY + timedelta(minutes=70)
    assert read(Clock.NEXT_RESPONSE, *happened, at(60, What.PERSON_REPLIED), now=99).state is ClockState.MET
    assert len(readings(TARGET, ALWAYS, [QUEUED, at(1, What.CUSTOMER_WROTE)], MONDAY)) == 2, "first response covers it"


def test_a_clock_stands_still_outside_hours() -> None:
    evening = Happened(at=MONDAY + timedelta(hours=7, minutes=45), what=What.QUEUED)
    [first, _] = readings(TARGET, OFFICE, [evening], MONDAY + timedelta(hours=20))
    assert first.due_at == MONDAY + timedelta(days=1, minutes=15)
    assert first.state is ClockState.RUNNING


def test_resolution_pauses_while_the_customer_is_waited_for() -> None:
    snoozed = [QUEUED, at(60, What.SNOOZED)]
    paused = read(Clock.RESOLUTION, *snoozed, now=10_000)
    assert (paused.state, paused.due_at) == (ClockState.PAUSED, None)
    woke = read(Clock.RESOLUTION, *snoozed, at(1_000, What.WOKE), now=1_001)
    assert woke.due_at == MONDAY + timedelta(minutes=1_000 + 7 * 60)
    done = read(Clock.RESOLUTION, *snoozed, at(1_000, What.WOKE), at(1_100, What.ENDED), now=9_999)
    assert (done.state, done.due_at) == (ClockState.MET, None)


def test_time_used_up_before_a_snooze_stays_used_up() -> None:
    breached = read(Clock.RESOLUTION, QUEUED, at(481, What.SNOOZED), now=482)
    assert (breached.state, breached.due_at) == (ClockState.BREACHED, MONDAY + timedelta(minutes=480))


def test_hours_that_change_in_the_middle_count_as_they_are_now() -> None:
    """A lead moves the desk to another time zone: clocks follow the hours that hold, none runs backwards."""
    moved = Hours(OpeningHours(zone="America/New_York", week={"mon": ["09:00-17:00"], "tue": ["09:00-17:00"]}))
    before = read(Clock.FIRST_RESPONSE, QUEUED, now=0, hours=OFFICE)
    after = read(Clock.FIRST_RESPONSE, QUEUED, now=0, hours=moved)
    assert before.due_at == MONDAY + timedelta(minutes=30)
    assert after.due_at == datetime(2026, 11, 30, 14, 30, tzinfo=UTC)


def test_the_first_target_that_fits_holds() -> None:
    vip = SlaTarget(name="vip", when=When(segments=["vip"]), first_response_minutes=5)
    asked = Asked(reason="loop", language="English", mood="neutral", wants="help")
    rules = DeskRules(sla=[vip, TARGET])
    assert target_of(rules, asked) == TARGET
    assert target_of(DeskRules(sla=[vip]), asked) is None


STEPS = st.lists(
    st.tuples(st.integers(1, 600), st.sampled_from([w for w in What if w is not What.QUEUED])), max_size=14
)
HOURS = st.sampled_from([ALWAYS, OFFICE, Hours(OpeningHours(zone="Asia/Kathmandu", week={"mon": ["22:00-06:00"]}))])


def story(steps: list[tuple[int, What]]) -> list[Happened]:
    minute, found = 0, [QUEUED]
    for gap, what in steps:
        minute += gap
        found.append(at(minute, what))
    return found


@settings(max_examples=150, deadline=None)
@given(STEPS, HOURS, st.integers(0, 9_000), st.integers(0, 9_000))
def test_a_clock_never_goes_back_on_what_it_said(
    steps: list[tuple[int, What]], hours: Hours, early: int, more: int
) -> None:
    """Breached stays breached, met stays met, and a deadline that was announced moves only when the clock paused."""
    whole = story(steps)

    def seen(minute: int) -> dict[tuple[Clock, datetime], Reading]:
        now = MONDAY + timedelta(minutes=minute)
        so_far = [event for event in whole if event.at <= now]
        return {(one.clock, one.started_at): one for one in readings(TARGET, hours, so_far, now)}

    before, after = seen(early), seen(early + more)
    assert set(before) <= set(after)
    for key, was in before.items():
        now = after[key]
        if was.state in (ClockState.MET, ClockState.BREACHED):
            assert now.state is was.state
        if was.due_at is not None and was.clock is not Clock.RESOLUTION and now.due_at is not None:
            assert now.due_at == was.due_at
        if now.due_at is not None:
            assert now.warn_at is not None
            assert now.started_at <= now.warn_at <= now.due_at
