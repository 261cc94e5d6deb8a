"""A few passages and turns for the agent's tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from agent.draft import Activity, TurnHost, TurnInput
from conversations.model import (
    AI_AGENT,
    Actor,
    Assurance,
    AuthorKind,
    ConversationId,
    CustomerId,
    Message,
    MessageId,
    Visibility,
)
from knowledge_base.model import ArticleId, Hit, Passage, PassageId, Quote, QuoteKind, Vectors
from knowledge_base.sentences import sentences
from tools.tool import Principal

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MAYA = Principal(customer_id=CustomerId("c-maya"), external_id="cust_1001", assurance=Assurance.SIGNED)
VISITOR = Principal(customer_id=CustomerId("c-visitor"), external_id=None, assurance=Assurance.ANONYMOUS)


class RecordingHost(TurnHost):
    """Notes in `seen` what the AI agent does."""

    def __init__(self, seen: list[Activity]) -> None:
        self._seen = seen

    def activity(self, activity: Activity) -> None:
        self._seen.append(activity)


def question_vector() -> Vectors:
    return np.zeros(256, dtype=np.float32)


def hit(
    title: str,
    text: str,
    *,
    heading: str = "",
    quotes: Sequence[Quote] | None = None,
    scores: Sequence[float] = (),
    dense: float = 0.8,
    lexical: float = 8.0,
    position: int = 0,
    score: float = 1.0,
) -> Hit:
    """A first-ranked hit; without `quotes` each sentence of `text` is one, without `scores` they are all alike."""
    article = ArticleId(title.lower().replace(" ", "-"))
    units = tuple(quotes) if quotes is not None else tuple(_sentences(text))
    passage = Passage(
        id=PassageId(f"{article}#{position}"),
        article_id=article,
        title=title,
        heading=heading,
        text=text,
        position=position,
        url=f"/help/{article}",
        quotes=units,
    )
    return Hit(
        passage=passage,
        score=score,
        dense=dense,
        lexical=lexical,
        dense_rank=1,
        lexical_rank=1,
        quote_scores=tuple(scores) or (dense,) * len(units),
    )


def turn(*texts: str, principal: Principal = VISITOR, new: int = 1) -> TurnInput:
    """Messages by turns of customer and AI agent; the last `new` are the customer's and not answered yet."""
    answered = len(texts) - new
    authors = [AuthorKind.CUSTOMER if place % 2 == 0 else AuthorKind.AI_AGENT for place in range(answered)]
    authors += [AuthorKind.CUSTOMER] * new
    messages = tuple(
        _message(place, text, author) for place, (text, author) in enumerate(zip(texts, authors, strict=True))
    )
    return TurnInput(messages=messages, new_from=answered, principal=principal)


def _sentences(text: str) -> list[Quote]:
    return [Quote(text=sentence, kind=QuoteKind.SENTENCE) for sentence in sentences(text)]


def _message(place: int, text: str, author: AuthorKind) -> Message:
    return Message(
        id=MessageId(f"m{place}"),
        conversation_id=ConversationId("c1"),
        seq=place + 1,
        episode=1,
        author=Actor(kind=author, id="c-maya") if author is AuthorKind.CUSTOMER else AI_AGENT,
        visibility=Visibility.PUBLIC,
        text=text,
        created_at=NOW,
    )
