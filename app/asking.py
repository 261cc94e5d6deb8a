"""One question outside any conversation: what `baton ask` and the evals put to the AI agent."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import cast

from agent.draft import Confidence, Decision, TurnHost, TurnInput
from agent.drafting import offering
from app.answering import Answering
from conversations.model import (
    Actor,
    Assurance,
    AuthorKind,
    Citation,
    ConversationId,
    CustomerId,
    HandoffReason,
    JsonObject,
    Message,
    MessageId,
    Visibility,
)
from handoff.policy import HandoffDecision, HandoffPolicy, Offer
from handoff.wording import lead
from tools.tool import Principal

ASK_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The AI agent's answer to one question, and what the policy makes of it."""

    answer: str
    citations: tuple[Citation, ...]
    confidence: Confidence
    decision: Decision
    reason: HandoffReason | None
    detail: str

    def as_json(self) -> JsonObject:
        confidence = asdict(self.confidence)
        return cast(
            "JsonObject",
            {
                "answer": self.answer,
                "citations": [asdict(citation) for citation in self.citations],
                "confidence": confidence["value"],
                "evidence": {
                    "calibrated": confidence["calibrated"],
                    "signals": confidence["evidence"],
                    "contributions": confidence["contributions"],
                },
                "decision": self.decision.value,
                "reason": self.reason.value if self.reason else None,
                "detail": self.detail,
            },
        )


async def ask(agent: Answering, question: str) -> Asked:
    """Put `question` to the AI agent as an unidentified visitor would."""
    turn = TurnInput(
        messages=(_message(question),),
        new_from=0,
        principal=Principal(customer_id=CustomerId("cli"), external_id=None, assurance=Assurance.ANONYMOUS),
    )
    draft = await agent.reply(turn, host=TurnHost(), deadline_s=ASK_SECONDS)
    decided = HandoffPolicy().decide(turn, draft)
    passed_on = decided if isinstance(decided, HandoffDecision) else None
    if isinstance(decided, Offer):
        draft = offering(draft)
    return Asked(
        answer=lead(passed_on.reason, draft.language) if passed_on else draft.text,
        citations=() if passed_on else draft.citations,
        confidence=draft.confidence,
        decision=Decision.HANDOFF if passed_on else draft.decision,
        reason=passed_on.reason if passed_on else None,
        detail=passed_on.detail if passed_on else draft.detail,
    )


def _message(text: str) -> Message:
    return Message(
        id=MessageId("question"),
        conversation_id=ConversationId("cli"),
        seq=1,
        episode=1,
        author=Actor(kind=AuthorKind.CUSTOMER),
        visibility=Visibility.PUBLIC,
        text=text,
        created_at=datetime.now(UTC),
    )
