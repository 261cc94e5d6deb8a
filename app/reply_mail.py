"""People's answers, and how the help was, by mail: written from the record when sent, with a signed link back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.deliverer import NotDelivered
from app.identity import ConversationLink, Tokens
from conversations.deliveries import Delivery
from conversations.model import Conversation, Status
from conversations.plain_text import plain_text
from conversations.ratings import Ratings, Scale
from conversations.store import ConversationStore
from tools.verification import Mail, Mailer, MailFailed

SUBJECT_CHARS = 80
QUESTIONS: Final = {
    Scale.SOLVED: "Did that answer your question?",
    Scale.CSAT: "How was the help you got from us?",
    Scale.CES: "How easy was it to get your matter settled with us?",
    Scale.NPS: "How likely would you recommend us to a friend?",
}
"""What each scale asks, here and on the page behind the link."""
_ABOUT_THE_LINK: Final = (
    "The link is for you alone and works for 14 days. Please do not answer this e-mail; nobody reads it.\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyMail:
    """A Sender of the mail channel."""

    store: ConversationStore
    ratings: Ratings
    tokens: Tokens
    mailer: Mailer
    company: str
    home: str
    """Where customers reach this service."""

    async def send(self, delivery: Delivery) -> None:
        assert delivery.conversation_id is not None  # noqa: S101  (a reply belongs to one)
        conversation = await self.store.conversation(delivery.conversation_id)
        link = ConversationLink(conversation_id=conversation.id, customer_id=conversation.customer_id)
        address = f"{self.home}/c/{self.tokens.sign_link(link)}"
        if "rating_id" in delivery.payload:
            text = await self._asking(conversation, str(delivery.payload["rating_id"]), address)
        else:
            text = await self._reply(conversation, str(delivery.payload["message_id"]), address)
        if text is None:
            return
        subject = one_line(conversation.subject or "Your question")
        try:
            await self.mailer.send(Mail(to=delivery.target, subject=f"Re: {subject}", text=text))
        except MailFailed as failed:
            raise NotDelivered(problem=f"The mail server refused: {failed}") from failed

    async def _reply(self, conversation: Conversation, message_id: str, address: str) -> str:
        message = await self.store.message(conversation.id, message_id)
        if message is None:
            raise NotDelivered(problem="The message is gone.", gone=True)
        author = message.author.display_name or "The team"
        return (
            f"{author} from {self.company} wrote:\n\n{plain_text(message)}\n\n--\n"
            f"Read everything and answer here: {address}\n{_ABOUT_THE_LINK}"
        )

    async def _asking(self, conversation: Conversation, rating_id: str, address: str) -> str | None:
        """None where there is nothing to ask any more: it was answered meanwhile, or the conversation goes on."""
        rating = await self.ratings.rating(rating_id)
        goes_on = conversation.status is not Status.RESOLVED
        if rating is None or rating.score is not None or goes_on or rating.episode != conversation.episode:
            return None
        return (
            f"{QUESTIONS[rating.scale]}\n\nIt takes one press: {address}#rating\n\n--\n"
            f"{self.company} asks this once. {_ABOUT_THE_LINK}"
        )


def one_line(text: str) -> str:
    """A subject has no line breaks: a customer's must not smuggle a second header in."""
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(printable.split())[:SUBJECT_CHARS]
