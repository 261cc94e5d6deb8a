"""Who gets which conversation, and in which order. Pure: the same rules, queue and people give the same answer.

A head start is minutes, so the whole order is one instant per conversation: when it was queued, less its head start.
Nobody is ever overtaken by somebody who came later by more than the largest head start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast

from conversations.model import ConversationId, HumanAgentId, JsonObject, JsonValue
from handoff.desk_rules import DeskRules, When


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What routing looks at of a conversation; all of it stands in its brief."""

    reason: str
    language: str
    mood: str
    wants: str
    segments: frozenset[str] = frozenset()


def asked_in(brief: Mapping[str, JsonValue], segments: frozenset[str]) -> Asked:
    """What a brief says, for routing; fields that it lacks are empty."""
    reason, wants = brief.get("reason"), brief.get("wants")
    return Asked(
        reason=str(reason.get("code", "")) if isinstance(reason, dict) else "",
        language=str(brief.get("language", "")),
        mood=str(brief.get("mood", "")),
        wants=str(wants.get("text", "")) if isinstance(wants, dict) else "",
        segments=segments,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a conversation goes and when its turn is, with the reasons in plain words."""

    team: str | None = None
    skills: tuple[str, ...] = ()
    language: str = ""
    head_start_minutes: int = 0
    why: tuple[str, ...] = ()

    def ranked_at(self, queued_at: datetime) -> datetime:
        return queued_at - timedelta(minutes=self.head_start_minutes)

    def as_json(self) -> JsonObject:
        return cast("JsonObject", asdict(self) | {"skills": list(self.skills), "why": list(self.why)})

    @classmethod
    def from_json(cls, data: Mapping[str, object] | None) -> Placement:
        if not data:
            return cls()
        return cls(
            team=cast("str | None", data["team"]),
            skills=tuple(cast("list[str]", data["skills"])),
            language=str(data["language"]),
            head_start_minutes=int(str(data["head_start_minutes"])),
            why=tuple(cast("list[str]", data["why"])),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    conversation_id: ConversationId
    owner_epoch: int
    queued_at: datetime
    ranked_at: datetime
    placement: Placement = field(default_factory=Placement)
    last_helped_by: HumanAgentId | None = None
    """Who looked after this customer last, within the rules' days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """A person and what they have to do. `online` is: there, available, and not idle."""

    id: HumanAgentId
    name: str
    online: bool
    open: int
    given_last_hour: int = 0
    last_given_at: datetime | None = None

    def with_one_more(self, now: datetime) -> AtWork:
        return replace(self, open=self.open + 1, given_last_hour=self.given_last_hour + 1, last_given_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    waiting: Waiting
    to: HumanAgentId
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NobodyYet:
    why: str


def meant(when: When, asked: Asked) -> bool:
    wants = asked.wants.casefold()
    return (
        _among(asked.reason, when.reasons)
        and _among(asked.language, when.languages)
        and _among(asked.mood, when.moods)
        and (not when.segments or bool(_folded(when.segments) & _folded(asked.segments)))
        and (not when.words or any(word.casefold() in wants for word in when.words))
    )


def place(rules: DeskRules, asked: Asked) -> Placement:
    """Team, what it takes, and head start, by the rules as they are."""
    route = next((route for route in rules.routes if meant(route.when, asked)), None)
    starts = [start for start in rules.head_starts if meant(start.when, asked)]
    why = [f"“{route.name}” sends it to {route.team or 'everybody'}"] if route else []
    why += [f"{start.minutes} min head start: {start.name}" for start in starts]
    return Placement(
        team=route.team if route else None,
        skills=tuple(route.skills) if route else (),
        language=asked.language if rules.match_language else "",
        head_start_minutes=sum(start.minutes for start in starts),
        why=tuple(why),
    )


def choose(rules: DeskRules, waiting: Waiting, people: Sequence[AtWork], now: datetime) -> Choice | NobodyYet:
    """The person who gets this conversation now, or why nobody does."""
    there = [person for person in people if person.online]
    if not there:
        return NobodyYet(why="Nobody is available.")
    fit, why = _fitting(rules, waiting, there, now)
    if not fit:
        return NobodyYet(why=why)
    free = [person for person in fit if person.open < capacity_of(rules, person.id)]
    if not free:
        return NobodyYet(why="Everybody who could take it has as many conversations as they may have.")
    sticky = next((person for person in free if person.id == waiting.last_helped_by), None)
    if sticky is not None:
        return Choice(waiting=waiting, to=sticky.id, why=(*_parts(why), f"{sticky.name} helped this customer last"))
    chosen, because = _share(rules, _within_fair_limit(rules, free))
    return Choice(waiting=waiting, to=chosen.id, why=(*_parts(why), because))


def dispatch(rules: DeskRules, queue: Iterable[Waiting], people: Sequence[AtWork], now: datetime) -> Iterator[Choice]:
    """Choices for the queue in its order, each made with the ones before it counted."""
    by_id = {person.id: person for person in people}
    free = sum(max(0, capacity_of(rules, person.id) - person.open) for person in people if person.online)
    for waiting in queue:
        if free <= 0:
            return
        choice = choose(rules, waiting, list(by_id.values()), now)
        if isinstance(choice, NobodyYet):
            continue
        free -= 1
        by_id[choice.to] = by_id[choice.to].with_one_more(now)
        yield choice


def capacity_of(rules: DeskRules, human_agent_id: str) -> int:
    own = rules.person(human_agent_id).capacity
    return rules.capacity if own is None else own


def _fitting(rules: DeskRules, waiting: Waiting, there: Sequence[AtWork], now: datetime) -> tuple[list[AtWork], str]:
    """Who may take it, and a word on why; after the rules' minutes anybody may."""
    placement = waiting.placement
    fit = [person for person in there if _fits(rules, placement, person.id)]
    if fit:
        return fit, f"{placement.team} is there" if placement.team else ""
    wanted = ", ".join(filter(None, [placement.team, *placement.skills, placement.language]))
    patience = rules.widen_after_minutes
    if patience is not None and now - waiting.queued_at >= timedelta(minutes=patience):
        return list(there), f"nobody for {wanted} in {patience} min, so anybody may"
    return [], f"Nobody for {wanted} is available."


def _fits(rules: DeskRules, placement: Placement, human_agent_id: str) -> bool:
    team, person = rules.team(placement.team), rules.person(human_agent_id)
    return (
        (team is None or human_agent_id in team.members)
        and _folded(placement.skills) <= _folded(person.skills)
        and (not placement.language or _among(placement.language, person.languages))
    )


def _within_fair_limit(rules: DeskRules, free: Sequence[AtWork]) -> Sequence[AtWork]:
    """Without those who got so many more than another who is free that it is somebody else's turn."""
    if rules.fair_limit is None:
        return free
    fewest = min(person.given_last_hour for person in free)
    return [person for person in free if person.given_last_hour - fewest < rules.fair_limit]


def _share(rules: DeskRules, free: Sequence[AtWork]) -> tuple[AtWork, str]:
    def turn(person: AtWork) -> tuple[bool, float, str]:
        at = person.last_given_at
        return (at is not None, at.timestamp() if at else 0.0, person.id)

    if rules.share == "round_robin":
        chosen = min(free, key=turn)
        return chosen, f"it is {chosen.name}'s turn"
    chosen = min(free, key=lambda person: (person.open / capacity_of(rules, person.id), *turn(person)))
    return chosen, f"{chosen.name} has the most room: {chosen.open} of {capacity_of(rules, chosen.id)}"


def _parts(why: str) -> tuple[str, ...]:
    return (why,) if why else ()


def _among(value: str, listed: Iterable[str]) -> bool:
    names = _folded(listed)
    return not names or value.casefold() in names


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}
