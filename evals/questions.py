"""Labelled questions, one JSON object a line: what is asked, which articles answer it, what should be decided."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Said(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    role: Literal["customer", "ai_agent"]
    text: str = Field(min_length=1)


class LabelledQuestion(BaseModel):
    """Either `question` alone or the `messages` so far, the customer's question last. `relevant` are article ids."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str
    question: str | None = None
    messages: list[Said] = Field(default_factory=list)
    relevant: list[str]
    answerable: bool
    decision: Literal["answer", "clarify", "handoff"]
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


def read_questions(path: Path) -> list[LabelledQuestion]:
    """Raises OSError, or ValueError with the first line that is not a labelled question."""
    lines = path.read_text("utf-8").splitlines()
    return [LabelledQuestion.model_validate_json(line) for line in lines if line.strip()]
