"""Values of the record as the pages see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from app.rich_text import RichText
from app.schemas import (
    AssigneeShape,
    AuthorShape,
    Block,
    CitationShape,
    ClockShape,
    ConversationShape,
    CustomerShape,
    HandoffShape,
    HumanAgentShape,
    MessageShape,
    Preview,
    RatingShape,
    Summary,
)
from conversations.model import (
    Assurance,
    AuthorKind,
    Conversation,
    ConversationId,
    Customer,
    Event,
    Handoff,
    HumanAgent,
    HumanAgentId,
    JsonObject,
    Message,
)
from conversations.people import People
from conversations.plain_text import one_line
from conversations.ratings import Rating
from conversations.verifications import Verifications, Verified
from handoff.routing import Placement
from handoff.sla_store import KeptClock

PREVIEW_CHARS = 160


class Presenter:
    def __init__(self, people: People, rich_text: RichText, verifications: Verifications, *, ai_name: str) -> None:
        self._people = people
        self._verifications = verifications
        self._rich_text = rich_text
        self._ai_name = ai_name

    def message(self, message: Message) -> MessageShape:
        author = message.author
        ours = author.kind is AuthorKind.AI_AGENT
        return MessageShape(
            id=message.id,
            seq=message.seq,
            episode=message.episode,
            author=AuthorShape(
                kind=author.kind.value, id=author.id, display_name=self._ai_name if ours else author.display_name
            ),
            visibility=message.visibility.value,
            text=message.text,
            body=self._body(message),
            citations=[CitationShape(**asdict(citation)) for citation in message.citations],
            request=message.request,
            client_message_id=message.client_message_id,
            turn_id=message.turn_id,
            state=message.state.value,
            created_at=message.created_at,
        )

    def _body(self, message: Message) -> list[Block]:
        if message.author.kind is AuthorKind.CUSTOMER:
            return self._rich_text.plain(message.text)
        if message.author.kind is AuthorKind.AI_AGENT:
            return self._rich_text.article(message.text, markers=[c.marker for c in message.citations])
        return self._rich_text.typed(message.text)

    def event(self, event: Event, message: Message | None) -> JsonObject:
        """The data of an event frame."""
        if message is not None:
            return {"message": self.message(message).model_dump(mode="json")}
        return {**event.data, "at": event.at.isoformat()}

    def human_agent(self, human_agent: HumanAgent) -> HumanAgentShape:
        return HumanAgentShape(
            id=human_agent.id,
            email=human_agent.email,
            display_name=human_agent.display_name,
            available=human_agent.available,
            role=human_agent.role.value,
            online=self._people.is_connected(human_agent),
        )

    async def conversation(self, conversation: Conversation) -> ConversationShape:
        [shape] = await self.conversations([conversation])
        return shape

    async def conversations(self, found: Sequence[Conversation]) -> list[ConversationShape]:
        customers = await self._people.customers(sorted({conversation.customer_id for conversation in found}))
        people: Mapping[HumanAgentId, HumanAgent] = {}
        if any(conversation.assignee_id for conversation in found):
            people = {human_agent.id: human_agent for human_agent in await self._people.human_agents()}
        verified = await self._verifications.of([conversation.id for conversation in found])
        cards = {
            conversation.id: customer_shape(customers[conversation.customer_id], verified.get(conversation.id))
            for conversation in found
        }
        return [_conversation(conversation, cards[conversation.id], people) for conversation in found]

    async def summaries(
        self,
        found: Sequence[Conversation],
        handoffs: Mapping[ConversationId, Handoff],
        last_messages: Mapping[ConversationId, Message],
        clocks: Mapping[ConversationId, Sequence[KeptClock]],
        tags: Mapping[ConversationId, Sequence[str]],
    ) -> list[Summary]:
        return [
            _summary(
                shape,
                handoffs.get(conversation.id),
                last_messages.get(conversation.id),
                team=conversation.team,
                clocks=clocks.get(conversation.id, ()),
                tags=tags.get(conversation.id, ()),
            )
            for conversation, shape in zip(found, await self.conversations(found), strict=True)
        ]


def preview_text(message: Message) -> str:
    return one_line(message, PREVIEW_CHARS)


def customer_shape(customer: Customer, verified: Verified | None = None) -> CustomerShape:
    """`verified` is what a code proved in the conversation that is shown."""
    assurance = customer.assurance if verified is None else Assurance.VERIFIED
    return CustomerShape(
        id=customer.id,
        display_name=customer.display_name,
        email=customer.email,
        verified=assurance >= Assurance.SIGNED,
        assurance=assurance.name.lower(),
        verified_until=None if verified is None else verified.expires_at,
    )


def rating_shape(rating: Rating) -> RatingShape:
    return RatingShape(**{name: getattr(rating, name) for name in RatingShape.model_fields})


def handoff_shape(handoff: Handoff) -> HandoffShape:
    return HandoffShape(
        id=handoff.id,
        state=handoff.state.value,
        reason=handoff.reason.value,
        detail=handoff.detail,
        queued_at=handoff.queued_at,
        accepted_at=handoff.accepted_at,
        accepted_by=handoff.accepted_by,
    )


def clock_shapes(clocks: Sequence[KeptClock]) -> list[ClockShape]:
    return [
        ClockShape(
            clock=kept.reading.clock.value,
            target=kept.target,
            started_at=kept.reading.started_at,
            warn_at=kept.reading.warn_at,
            due_at=kept.reading.due_at,
        )
        for kept in clocks
    ]


def _conversation(
    conversation: Conversation,
    customer: CustomerShape,
    people: Mapping[HumanAgentId, HumanAgent],
) -> ConversationShape:
    owner = people.get(conversation.assignee_id) if conversation.assignee_id else None
    return ConversationShape(
        id=conversation.id,
        status=conversation.status.value,
        episode=conversation.episode,
        owner_epoch=conversation.owner_epoch,
        subject=conversation.subject,
        assignee=AssigneeShape(id=owner.id, display_name=owner.display_name) if owner else None,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        queued_at=conversation.queued_at,
        snoozed_until=conversation.snoozed_until,
        last_seq=conversation.last_seq,
        customer=customer,
    )


def _summary(
    shape: ConversationShape,
    handoff: Handoff | None,
    last: Message | None,
    *,
    team: str | None,
    clocks: Sequence[KeptClock],
    tags: Sequence[str],
) -> Summary:
    current = handoff if handoff is not None and handoff.episode == shape.episode else None
    placement = Placement.from_json(current.placement if current else None)
    return Summary(
        **shape.model_dump(),
        reason=current.reason.value if current else None,
        detail=current.detail if current else None,
        preview=Preview(author_kind=last.author.kind.value, text=preview_text(last)) if last else None,
        waiting_since=shape.queued_at,
        team=team,
        head_start_minutes=placement.head_start_minutes,
        placed_because=list(placement.why),
        clocks=clock_shapes(clocks),
        tags=list(tags),
    )
