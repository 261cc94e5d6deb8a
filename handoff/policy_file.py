"""The file of handoff rules: read, checked, and refused in words that say where and what to do."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from agent.draft import TurnKind
from conversations.model import HandoffReason

_SLOT: Final = re.compile(r"\{(\w*)\}")
_SLOTS: Final = frozenset({"found", "times", "draft"})
_MOST_RULES: Final = 200
_LONGEST_PATTERN: Final = 2_000
_BACKTRACKS: Final = re.compile(r"\([^()]*[+*][^()]*\)[+*{]")
"""A repeated group that repeats inside: "(a+)+b" keeps the matcher busy for years on thirty letters."""


class InvalidPolicy(ValueError):
    """The rules cannot be used; the message has a line for each thing to mend."""


class Rule(BaseModel):
    """One rule; what its fields mean stands at the top of policy.toml."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=60)
    then: Literal["hand_off", "offer"]
    reason: Annotated[HandoffReason, Field(strict=False)] | None = None
    why: str = Field(min_length=1, max_length=300)
    kinds: tuple[Annotated[TurnKind, Field(strict=False)], ...] = Field(default=(), strict=False)
    not_kinds: tuple[Annotated[TurnKind, Field(strict=False)], ...] = Field(default=(), strict=False)
    words: tuple[str, ...] = Field(default=(), strict=False)
    gives_up: bool = False
    angry: float | None = Field(default=None, ge=0, le=1)
    asked: int | None = Field(default=None, ge=2)
    abusive: int | None = Field(default=None, ge=1)
    replies: int | None = Field(default=None, ge=1)
    ignored: bool = False

    @field_validator("words")
    @classmethod
    def _patterns(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in words:
            if len(pattern) > _LONGEST_PATTERN or _BACKTRACKS.search(pattern):
                raise ValueError(f"{pattern[:60]!r} could take for ever: repeat no group that repeats something inside")
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern[:60]!r} is no regular expression: {error}") from error
            if pattern != pattern.lower() and not re.search(r"\\[A-Z]", pattern):
                raise ValueError(f"{pattern[:60]!r} can never be found: the customer's words are read in lower case")
        return words

    @model_validator(mode="after")
    def _whole(self) -> Rule:
        conditions = (self.kinds, self.words, self.gives_up, self.asked, self.abusive, self.replies, self.ignored)
        if not any(conditions) and self.angry is None:
            raise ValueError("states nothing that must hold: add kinds, words, gives_up, angry, asked or replies")
        if (self.then == "hand_off") != (self.reason is not None):
            raise ValueError('a reason is needed with then = "hand_off", and only there')
        unknown = set(_SLOT.findall(self.why)) - _SLOTS
        if unknown:
            raise ValueError(f"why knows {{found}}, {{times}} and {{draft}}, not {{{unknown.pop()}}}")
        return self

    def worded(self, *, found: str, times: int, draft: str) -> str:
        """`why` with what applied in its slots."""
        values = {"found": found, "times": str(times), "draft": draft}
        return _SLOT.sub(lambda slot: values[slot[1]], self.why)


_RULES: Final = TypeAdapter(tuple[Rule, ...])


def shipped_rules() -> tuple[Rule, ...]:
    """The rules that come with Baton."""
    return read_rules(resources.files("handoff").joinpath("policy.toml").read_text("utf-8"))


def rules_in(path: Path | None) -> tuple[Rule, ...]:
    """The rules of a file; without one those that come with Baton. Raises InvalidPolicy."""
    if path is None:
        return shipped_rules()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidPolicy(f"{path}: cannot be read ({error})") from error
    try:
        return read_rules(text)
    except InvalidPolicy as invalid:
        raise InvalidPolicy("\n".join(f"{path}: {line}" for line in str(invalid).splitlines())) from invalid


def read_rules(text: str) -> tuple[Rule, ...]:
    """The rules of a policy file's text, in their order. Raises InvalidPolicy with everything that is wrong."""
    try:
        stored = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidPolicy(f"is not TOML: {error}") from error
    listed = stored.get("rule")
    if set(stored) != {"rule"} or not isinstance(listed, list) or not 0 < len(listed) <= _MOST_RULES:
        raise InvalidPolicy(f"holds 1 to {_MOST_RULES} [[rule]] tables and nothing else")
    try:
        rules = _RULES.validate_python(listed, strict=False)
    except ValidationError as error:
        raise InvalidPolicy("\n".join(_problem(listed, one["loc"], one["msg"]) for one in error.errors())) from error
    problems = [*_doubles(rules), *_missing(rules)]
    if problems:
        raise InvalidPolicy("\n".join(problems))
    return rules


def _problem(listed: list[object], place: tuple[int | str, ...], message: str) -> str:
    number = int(place[0])
    rule = listed[number]
    name = rule.get("name") if isinstance(rule, dict) else None
    field = " › ".join(str(part) for part in place[1:]) or "the rule"
    return f"rule {number + 1} ({name or 'without a name'}), {field}: {message.removeprefix('Value error, ')}"


def _doubles(rules: tuple[Rule, ...]) -> list[str]:
    names = [rule.name for rule in rules]
    return [f"two rules are called {name!r}" for name in dict.fromkeys(names) if names.count(name) > 1]


def _missing(rules: tuple[Rule, ...]) -> list[str]:
    """Without these two a customer could be left alone with an AI agent that cannot help."""
    hand_off = [rule for rule in rules if rule.then == "hand_off"]
    missing = []
    if not any(rule.kinds == (TurnKind.WANTS_PERSON,) and _only(rule, "kinds") for rule in hand_off):
        missing.append('a rule with kinds = ["wants_person"] alone must hand off: who asks for a person gets one')
    if not any(rule.gives_up and _only(rule, "gives_up") for rule in hand_off):
        missing.append("a rule with gives_up = true alone must hand off: the AI agent has nothing to say then")
    return missing


def _only(rule: Rule, condition: str) -> bool:
    return set(rule.model_fields_set) <= {"name", "then", "reason", "why", condition}
