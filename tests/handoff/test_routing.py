from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.model import ConversationId, HumanAgentId
from handoff.desk_rules import DeskRules, Finding, HeadStart, Person, Route, Team, When, check
from handoff.routing import Asked, AtWork, Choice, NobodyYet, Placement, Waiting, choose, dispatch, place

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ASKED = Asked(reason="customer_asked", language="German", mood="neutral", wants="Mein Zelt ist kaputt")
RULES = DeskRules(
    automatic=True,
    match_language=True,
    teams=[Team(name="Returns", members=["noor", "sam"])],
    people={"noor": Person(languages=["german"], skills=["refunds"]), "sam": Person(languages=["English"], capacity=1)},
    routes=[
        Route(name="money", when=When(words=["refund"]), team="Returns", skills=["refunds"]),
        Route(name="broken", when=When(words=["kaputt"]), team="Returns"),
    ],
    head_starts=[
        HeadStart(name="frustrated", when=When(moods=["frustrated"]), minutes=10),
        HeadStart(name="VIP", when=When(segments=["vip"]), minutes=20),
    ],
)


def waiting(name: str = "c", minutes: int = 0, placement: Placement | None = None, **more: object) -> Waiting:
    at = NOW - timedelta(minutes=minutes)
    placed = placement or Placement()
    values: dict[str, object] = {
        "conversation_id": ConversationId(name),
        "owner_epoch": 1,
        "queued_at": at,
        "ranked_at": placed.ranked_at(at),
        "placement": placed,
    }
    return Waiting(**(values | more))  # type: ignore[arg-type]


def person(name: str, open: int = 0, **more: object) -> AtWork:
    return AtWork(id=HumanAgentId(name), name=name.title(), **({"online": True, "open": open} | more))  # type: ignore[arg-type]


def given_to(choice: Choice | NobodyYet) -> str:
    assert isinstance(choice, Choice), choice
    return choice.to


def test_the_first_route_that_fits_sends_it_to_its_team_and_says_so() -> None:
    placed = place(RULES, ASKED)
    assert (placed.team, placed.skills, placed.language) == ("Returns", (), "German")
    assert placed.why == ("“broken” sends it to Returns",)
    assert place(RULES, replace(ASKED, wants="a REFUND, es ist kaputt")).skills == ("refunds",)
    assert place(DeskRules(), ASKED) == Placement()


def test_head_starts_add_up_and_are_named() -> None:
    placed = place(RULES, replace(ASKED, mood="frustrated", segments=frozenset({"VIP"})))
    assert placed.head_start_minutes == 30
    assert placed.why[1:] == ("10 min head start: frustrated", "20 min head start: VIP")
    assert Placement.from_json(placed.as_json()) == placed


def test_only_somebody_of_the_team_with_the_language_gets_it() -> None:
    placed = place(RULES, ASKED)
    both = [person("sam"), person("noor", 4), person("ivo")]
    assert given_to(choose(RULES, waiting(placement=placed), both, NOW)) == "noor"
    nobody = choose(RULES, waiting(placement=placed), [person("sam"), person("noor", online=False)], NOW)
    assert nobody == NobodyYet(why="Nobody for Returns, German is available.")


def test_after_the_rules_patience_anybody_will_do_and_it_says_so() -> None:
    placed = place(RULES, ASKED)
    late = waiting(placement=placed, minutes=15)
    choice = choose(RULES, late, [person("sam"), person("ivo", 2)], NOW)
    assert given_to(choice) == "ivo" or given_to(choice) == "sam"
    assert isinstance(choice, Choice)
    assert "anybody may" in choice.why[0]
    never = RULES.model_copy(update={"widen_after_minutes": None})
    assert isinstance(choose(never, late, [person("ivo")], NOW), NobodyYet)


def test_nobody_gets_more_than_their_capacity() -> None:
    rules = DeskRules(automatic=True, capacity=2, people={"sam": Person(capacity=1)})
    queue = [waiting(f"c{n}", 9 - n) for n in range(9)]
    choices = list(dispatch(rules, queue, [person("sam"), person("noor"), person("away", online=False)], NOW))
    assert [choice.to for choice in choices].count(HumanAgentId("sam")) == 1
    assert [choice.to for choice in choices].count(HumanAgentId("noor")) == 2
    assert len(choices) == 3
    full = choose(rules, queue[0], [person("sam", 1)], NOW)
    assert full == NobodyYet(why="Everybody who could take it has as many conversations as they may have.")
    assert isinstance(choose(DeskRules(people={"x": Person(capacity=0)}), queue[0], [person("x")], NOW), NobodyYet)


def test_whoever_helped_last_comes_first_while_they_have_room() -> None:
    rules = DeskRules(automatic=True, capacity=3)
    again = waiting(last_helped_by=HumanAgentId("noor"))
    assert given_to(choose(rules, again, [person("sam"), person("noor", 2)], NOW)) == "noor"
    assert given_to(choose(rules, again, [person("sam"), person("noor", 3)], NOW)) == "sam"


def test_round_robin_goes_to_whoever_has_waited_longest_for_one() -> None:
    rules = DeskRules(automatic=True, share="round_robin", capacity=9)
    people = [person("a", 0, last_given_at=NOW), person("b", 5, last_given_at=NOW - timedelta(hours=1)), person("c", 8)]
    choices = list(dispatch(rules, [waiting(f"c{n}") for n in range(3)], people, NOW))
    assert [choice.to for choice in choices] == ["c", "b", "a"]


def test_a_fair_limit_passes_over_whoever_got_far_more_than_the_others() -> None:
    fast = person("fast", 0, given_last_hour=6)
    slow = person("slow", 1, given_last_hour=2)
    assert given_to(choose(DeskRules(automatic=True), waiting(), [fast, slow], NOW)) == "fast"
    fair = DeskRules(automatic=True, fair_limit=3)
    assert given_to(choose(fair, waiting(), [fast, slow], NOW)) == "slow"
    assert given_to(choose(fair, waiting(), [fast], NOW)) == "fast", (
        "nobody else is free: no customer waits for fairness"
    )


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 60)), max_size=25),
    st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=6),
)
def test_whatever_the_queue_the_order_is_kept_and_no_room_is_left_while_somebody_waits(
    queue: list[tuple[int, int]], people: list[tuple[int, bool]]
) -> None:
    rules = DeskRules(automatic=True, capacity=3)
    line = [waiting(f"c{n}", waited, Placement(head_start_minutes=ahead)) for n, (waited, ahead) in enumerate(queue)]
    line.sort(key=lambda each: (each.ranked_at, each.conversation_id))
    team = [person(f"p{n}", open, online=online) for n, (open, online) in enumerate(people)]
    choices = list(dispatch(rules, line, team, NOW))
    room = sum(max(0, 3 - each.open) for each in team if each.online)
    assert [choice.waiting for choice in choices] == line[: min(room, len(line))]
    for each in team:
        got = sum(choice.to == each.id for choice in choices)
        assert got == 0 or (each.online and each.open + got <= 3)


@pytest.mark.parametrize(
    ("rules", "blocks", "words"),
    [
        (DeskRules(routes=[Route(name="r", team="Gone")]), True, "no team 'Gone'"),
        (DeskRules(teams=[Team(name="t", members=["ghost"])]), True, "nobody who has an account"),
        (DeskRules(people={"ghost": Person()}), True, "nobody who has an account"),
        (DeskRules(teams=[Team(name="t", members=["noor"])] * 2), True, "given twice"),
        (DeskRules(routes=[Route(name="r", when=When(reasons=["bored"]))]), True, "no reason 'bored'"),
        (DeskRules(teams=[Team(name="t")]), False, "Nobody is in this team"),
        (DeskRules(teams=[Team(name="t")], widen_after_minutes=None), True, "Nobody is in this team"),
        (DeskRules(routes=[Route(name="r", skills=["welding"])]), False, "Nobody is marked as able"),
        (DeskRules(routes=[Route(name="all"), Route(name="r")]), False, "'all' before it takes everything"),
    ],
)
def test_the_checker_says_what_rules_cannot_mean(rules: DeskRules, blocks: bool, words: str) -> None:
    found = check(rules, ["noor"])
    assert [(finding.blocks, words in finding.words) for finding in found] == [(blocks, True)], found


def test_rules_that_make_sense_have_no_findings() -> None:
    assert check(RULES, ["noor", "sam"]) == []
    assert check(DeskRules(), []) == list[Finding]()
