"""The desk's rules as a lead writes them: teams, people, which conversation goes where, and what comes first.

One document, checked as a whole. Without anything in it the desk works as it does by default: one queue in the order
of waiting, and people claim by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from conversations.model import HandoffReason
from handoff.hours import OpeningHours

Name = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
Names = Annotated[list[Name], Field(max_length=100)]
MAX_RULES = 100
DAY_MINUTES = 24 * 60


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class When(_Part):
    """Which conversations are meant: each list that is not empty must hold; an empty `When` means all of them."""

    reasons: list[str] = Field(default=[], max_length=50, description="Codes of why the AI agent passed it on.")
    languages: Names = []
    moods: Names = []
    segments: Names = Field(default=[], description="Groups that the shop put the customer in.")
    words: Names = Field(default=[], description="Any of these stands in what the customer wants.")


class Team(_Part):
    name: Name
    members: Annotated[list[str], Field(max_length=1_000)] = []
    hours: OpeningHours | None = Field(default=None, description="Instead of the desk's own hours.")


class Person(_Part):
    capacity: int | None = Field(default=None, ge=0, le=200, description="Open conversations at once.")
    skills: Names = []
    languages: Names = Field(default=[], description="Without any, a person answers in every language.")


class Route(_Part):
    """The first route that fits a conversation sends it to its team."""

    name: Name
    when: When = When()
    team: Name | None = None
    skills: Names = []


class HeadStart(_Part):
    """Conversations that are meant count as if they had waited this much longer; several head starts add up."""

    name: Name
    when: When
    minutes: int = Field(ge=1, le=7 * DAY_MINUTES)


class SlaTarget(_Part):
    """How fast people promise to be; of several the first that fits holds. Only the team's hours count."""

    name: Name
    when: When = When()
    first_response_minutes: int | None = Field(default=None, ge=1, le=90 * DAY_MINUTES)
    next_response_minutes: int | None = Field(default=None, ge=1, le=90 * DAY_MINUTES)
    resolution_minutes: int | None = Field(default=None, ge=1, le=90 * DAY_MINUTES)
    warn_at_percent: int = Field(default=75, ge=1, le=99, description="Of the time, used up, when a warning is due.")


class DeskRules(_Part):
    automatic: bool = Field(default=False, description="Give conversations to people instead of letting them claim.")
    share: Literal["least_busy", "round_robin"] = "least_busy"
    fair_limit: int | None = Field(
        default=None, ge=1, le=100, description="Nobody is given more than this many more per hour than a colleague."
    )
    capacity: int = Field(default=5, ge=1, le=200, description="Of people without one of their own.")
    sticky_days: int = Field(default=7, ge=0, le=365, description="Who helped lately comes first; 0 is off.")
    match_language: bool = False
    widen_after_minutes: int | None = Field(
        default=15, ge=0, le=DAY_MINUTES, description="After this wait anybody will do, of any team; null is never."
    )
    idle_minutes: int = Field(default=15, ge=1, le=DAY_MINUTES, description="Without a sign of life: away.")
    take_back_minutes: int | None = Field(
        default=15, ge=1, le=7 * DAY_MINUTES, description="A customer waits for somebody who is gone; null is never."
    )
    ask_solved_minutes: int | None = Field(
        default=3,
        ge=1,
        le=DAY_MINUTES,
        description="Of quiet after an answer, until its customer is asked; null: never.",
    )
    survey: Literal["off", "csat", "ces", "nps"] = Field(
        default="csat", description="What customers are asked after people have helped them."
    )
    survey_mail_minutes: int | None = Field(
        default=60, ge=1, le=7 * DAY_MINUTES, description="Unanswered for so long, it is asked by mail; null: never."
    )
    hours: OpeningHours | None = None
    teams: Annotated[list[Team], Field(max_length=MAX_RULES)] = []
    people: Annotated[dict[str, Person], Field(max_length=1_000)] = {}
    routes: Annotated[list[Route], Field(max_length=MAX_RULES)] = []
    head_starts: Annotated[list[HeadStart], Field(max_length=MAX_RULES)] = []
    sla: Annotated[list[SlaTarget], Field(max_length=MAX_RULES)] = []

    def person(self, human_agent_id: str) -> Person:
        return self.people.get(human_agent_id, Person())

    def team(self, name: str | None) -> Team | None:
        return next((team for team in self.teams if team.name == name), None)

    def hours_of(self, team: str | None) -> OpeningHours | None:
        found = self.team(team)
        return found.hours if found is not None and found.hours is not None else self.hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong (`blocks`), or probably not meant, and where."""

    where: str
    words: str
    blocks: bool


def check(rules: DeskRules, known_people: Collection[str]) -> list[Finding]:
    """Everything that the rules cannot mean or probably do not; saved are only rules where nothing blocks."""
    return [*_names(rules), *_people(rules, known_people), *_routes(rules)]


def _names(rules: DeskRules) -> Iterator[Finding]:
    named = {
        "teams": [team.name for team in rules.teams],
        "routes": [route.name for route in rules.routes],
        "head starts": [rule.name for rule in rules.head_starts],
        "targets": [target.name for target in rules.sla],
    }
    for kind, names in named.items():
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Finding(where=f"{kind}: {name}", words="This name is given twice.", blocks=True)
    conditions = [(f"route {route.name}", route.when) for route in rules.routes]
    conditions += [(f"head start {rule.name}", rule.when) for rule in rules.head_starts]
    conditions += [(f"target {target.name}", target.when) for target in rules.sla]
    codes = {reason.value for reason in HandoffReason}
    for where, when in conditions:
        for code in sorted(set(when.reasons) - codes):
            words = f"There is no reason {code!r}; the reasons are {', '.join(sorted(codes))}."
            yield Finding(where=where, words=words, blocks=True)


def _people(rules: DeskRules, known: Collection[str]) -> Iterator[Finding]:
    for team in rules.teams:
        for member in sorted(set(team.members) - set(known)):
            words = f"{member!r} is nobody who has an account."
            yield Finding(where=f"team {team.name}", words=words, blocks=True)
        if not team.members:
            words = "Nobody is in this team; its conversations wait until anybody will do."
            yield Finding(where=f"team {team.name}", words=words, blocks=rules.widen_after_minutes is None)
    for human_agent_id in sorted(set(rules.people) - set(known)):
        words = f"{human_agent_id!r} is nobody who has an account."
        yield Finding(where="people", words=words, blocks=True)


def _routes(rules: DeskRules) -> Iterator[Finding]:
    has = {one for person in rules.people.values() for one in person.skills}
    catches_all: str | None = None
    for route in rules.routes:
        where = f"route {route.name}"
        if route.team is not None and rules.team(route.team) is None:
            yield Finding(where=where, words=f"There is no team {route.team!r}.", blocks=True)
        for lacking in sorted(set(route.skills) - has):
            words = f"Nobody is marked as able to do {lacking!r}; what goes this way waits until anybody will do."
            yield Finding(where=where, words=words, blocks=rules.widen_after_minutes is None)
        if catches_all is not None:
            words = f"Nothing ever comes here: {catches_all!r} before it takes everything."
            yield Finding(where=where, words=words, blocks=False)
        elif route.when == When():
            catches_all = route.name
