"""Labelled questions, one JSON object a line: what is asked, which articles answer it, what should be decided."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

_SHOWN: Final = 5
"""Bad lines that are shown; a file of another kind has nothing else."""
_EXAMPLE: Final = 'A line reads {"id": "1", "question": "how do i …", "relevant": ["article-7"], "answerable": true}.'
_ROLES: Final = {
    "user": "customer",
    "human": "customer",
    "visitor": "customer",
    "assistant": "ai_agent",
    "agent": "ai_agent",
}

_Kind = TypeVar("_Kind", bound=BaseModel)
Identity = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]
"""An id; some systems write theirs as numbers."""


class Turn(BaseModel):
    """One message of a conversation, also in the words that other systems use for roles."""

    model_config = ConfigDict(extra="ignore")

    role: Annotated[
        Literal["customer", "ai_agent", "human_agent", "system"],
        BeforeValidator(lambda role: _ROLES.get(role, role) if isinstance(role, str) else role),
        Field(validation_alias=AliasChoices("role", "speaker")),
    ]
    text: str = Field(validation_alias=AliasChoices("text", "content"))


class Said(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    role: Literal["customer", "ai_agent"]
    text: str = Field(min_length=1)


class LabelledQuestion(BaseModel):
    """Either `question` alone or the `messages` so far, the customer's question last. `relevant` are article ids.

    A right answer holds each of `says` (of "a|b" one is enough) and none of `never_says`.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str
    question: str | None = None
    messages: list[Said] = Field(default_factory=list)
    relevant: list[str]
    answerable: bool
    decision: Literal["answer", "clarify", "handoff"]
    says: list[str] = Field(default_factory=list)
    never_says: list[str] = Field(default_factory=list)
    tags: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _asks_something(self) -> LabelledQuestion:
        if self.question is None and not (self.messages and self.messages[-1].role == "customer"):
            raise ValueError(f"{self.id}: neither a question nor messages ending with the customer's")
        return self

    @property
    def said(self) -> list[Said]:
        """The conversation, oldest first."""
        return self.messages or [Said(role="customer", text=self.question or "")]


class RetrievalQuestion(BaseModel):
    """A question for the search alone: a line of anybody's file. `relevant` are ids of the articles that answer it.

    With `messages` the question is the whole conversation so far. Further keys are left alone.
    """

    model_config = ConfigDict(extra="ignore")

    id: Identity
    question: str | None = None
    messages: list[Turn] = Field(default_factory=list)
    relevant: list[Identity]
    answerable: bool = True
    tags: list[str] = Field(default_factory=list)
    group: Identity | None = None
    """Questions that say the same in other words share one."""

    @model_validator(mode="after")
    def _asks_something(self) -> RetrievalQuestion:
        if not self.said or not self.said[-1].strip():
            raise ValueError('needs a "question", or "messages" of which the last is the customer\'s')
        if self.messages and self.messages[-1].role != "customer":
            raise ValueError("the last message is the question, so it must be the customer's")
        if self.answerable and not self.relevant:
            raise ValueError('is answerable, so "relevant" must name an article')
        return self

    @property
    def said(self) -> list[str]:
        """What the customer said, oldest first; the last is the question."""
        if not self.messages:
            return [self.question or ""]
        return [one.text for one in self.messages if one.role == "customer"]


class BadQuestions(ValueError):
    """A file of questions cannot be used. The message names the lines and what is wrong with them."""


def read_questions(path: Path) -> list[LabelledQuestion]:
    """Raises OSError, or BadQuestions."""
    return _read(path, LabelledQuestion)


def read_retrieval_questions(path: Path) -> list[RetrievalQuestion]:
    """Raises OSError, or BadQuestions."""
    found = _read(path, RetrievalQuestion)
    twice = [identity for identity, times in Counter(one.id for one in found).items() if times > 1]
    if twice:
        raise BadQuestions(f"{path} has several questions with the id {twice[0]!r}. Give each its own.")
    if not found:
        raise BadQuestions(f"{path} holds no question. {_EXAMPLE}")
    return found


def _read(path: Path, kind: type[_Kind]) -> list[_Kind]:
    found: list[_Kind] = []
    bad: list[str] = []
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                found.append(kind.model_validate_json(line.removeprefix(b"\xef\xbb\xbf")))
            except ValidationError as failure:
                bad.append(f"line {number}: {_in_words(failure)}")
    if bad:
        more = f"\nand {len(bad) - _SHOWN} lines more." if len(bad) > _SHOWN else ""
        raise BadQuestions(f"{path} cannot be used. " + "\n".join(bad[:_SHOWN]) + more + f"\n{_EXAMPLE}")
    return found


def _in_words(failure: ValidationError) -> str:
    error = failure.errors()[0]
    where = ".".join(str(part) for part in error["loc"])
    said = error["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said
