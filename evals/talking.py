"""One conversation with the real service, from the customer's side: what they can write, press and prove.

It calls the functions behind the widget's routes, with the checks that these make; turns are run by the service's own
runner, and confirmed actions are carried out by its own worker.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Final

from agent.choices import choices_in
from app import action_api, verification_api, widget_api
from app.actions import ActionDesk
from app.cards import Card
from app.errors import PROBLEMS, Refused
from app.schemas import AskForCode, AskForPerson, Empty, EnterCode, SendMessage
from app.wiring import Baton
from conversations.change import NewMessage
from conversations.events import ACTIONS
from conversations.inbound import customer_actor
from conversations.model import (
    AI_AGENT,
    AuthorKind,
    ConversationId,
    Customer,
    JsonObject,
    Message,
    TurnId,
    TurnState,
)
from evals.questions import Said
from tools.action_model import Action, ActionId, ActionState

TURN_SECONDS: Final = 120.0
"""Longer than any turn may take by the service's own deadlines: it is reached when nobody runs the turn."""
ACTION_SECONDS: Final = 30.0
MESSAGES: Final = 500
_UNDER_WAY: Final = frozenset({ActionState.CONFIRMED, ActionState.APPROVED, ActionState.RESERVED, ActionState.SENDING})


class CannotGoOn(Exception):
    """There is nothing to do the next step with: no open card, no such choice. The message says what was missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """What a customer did that the service answers: the place in the log from which on it is answered, the turn that
    does, and the seconds until it was over. `turn_id` is None where they pressed "Talk to a person"."""

    from_seq: int
    turn_id: TurnId | None
    seconds: float


class Talk:
    """A conversation under way. Each step returns when everything that it set off has ended."""

    def __init__(self, baton: Baton, customer: Customer, conversation_id: ConversationId) -> None:
        self.baton = baton
        self.customer = customer
        self.conversation_id = conversation_id
        self.began: list[Began] = []
        self.before_seq = 0
        """The last place of what was said before the run."""
        self.traces: dict[TurnId, JsonObject] = {}
        """What the AI agent recorded for the turns that are over."""
        self.refusals: list[str] = []
        """What the service refused, in the words that the customer saw."""
        self._asked_for_code = False
        self._keys = itertools.count(1)

    async def said_before(self, said: list[Said]) -> None:
        """Put what was said so far on the record, each customer's message answered by what follows it."""
        if not said:
            return
        async with self.baton.store.change(self.conversation_id) as change:
            open_turn: TurnId | None = None
            for one in said:
                if one.role == "customer":
                    if open_turn is not None:
                        await change.finish_turn(open_turn, TurnState.ANSWERED, {})
                    await change.post(NewMessage(author=customer_actor(self.customer), text=one.text))
                    open_turn = await change.accept_turn()
                    continue
                await change.post(NewMessage(author=AI_AGENT, text=one.text, turn_id=open_turn))
                if open_turn is not None:
                    await change.finish_turn(open_turn, TurnState.ANSWERED, {})
                    open_turn = None
            if open_turn is not None:
                await change.finish_turn(open_turn, TurnState.ANSWERED, {})
            self.before_seq = change.conversation.last_seq

    async def say(self, text: str) -> None:
        """Write a message and wait for its turn to end. Raises TimeoutError where no turn does."""
        body = SendMessage(client_message_id=f"said-{next(self._keys):06d}", text=text)
        started = asyncio.get_running_loop().time()
        with self.baton.bus.subscribe(self.conversation_id) as woken:
            sent = await widget_api.send_message(self.conversation_id, body, self.baton, self.customer)
            turn_id = TurnId(sent.turn_id) if sent.turn_id is not None else None
            async with asyncio.timeout(TURN_SECONDS):
                while turn_id is not None and not await self._ended(turn_id):
                    while not (await woken.next(1.0)).look:
                        pass
        seconds = asyncio.get_running_loop().time() - started
        if turn_id is not None:
            self.began.append(Began(from_seq=sent.message.seq, turn_id=turn_id, seconds=seconds))

    async def choose(self, choice: str | int) -> None:
        """Press a choice of the last reply, by its words, a part of them, or its place from 1. Raises CannotGoOn."""
        listed = choices_in(await self.last_reply())
        if isinstance(choice, int):
            found = listed[choice - 1] if 0 < choice <= len(listed) else None
        else:
            found = next((one for one in listed if choice.casefold() in one.casefold()), None)
        if found is None:
            raise CannotGoOn(f"the last reply gives no choice {choice!r} (it gives {', '.join(listed) or 'none'})")
        await self.say(found)

    async def confirm(self) -> None:
        """Press the confirming button of the newest open card, and wait for what it sets off. Raises CannotGoOn."""
        desk, card = await self._open_card()
        yes = action_api.Confirm(token=card.token or "")
        with self.baton.bus.subscribe(ACTIONS) as woken:
            await self._press(
                action_api.confirm(self.conversation_id, ActionId(card.id), yes, self.baton, desk, self.customer)
            )
            async with asyncio.timeout(ACTION_SECONDS):
                while any(_under_way(action) for action in await self.actions()):
                    await woken.next(0.2)

    async def decline(self) -> None:
        """Press "No" on the newest open card. Raises CannotGoOn."""
        desk, card = await self._open_card()
        await self._press(
            action_api.decline(self.conversation_id, ActionId(card.id), Empty(), self.baton, desk, self.customer)
        )

    async def ask_for_person(self) -> None:
        """Press "Talk to a person"."""
        seq = (await self.baton.store.conversation(self.conversation_id)).last_seq + 1
        body = AskForPerson(client_message_id=f"person-{next(self._keys):06d}")
        await self._press(widget_api.ask_for_person(self.conversation_id, body, self.baton, self.customer))
        self.began.append(Began(from_seq=seq, turn_id=None, seconds=0.0))

    async def enter_code(self, code: str = "right", *, order: str | None = None, email: str | None = None) -> None:
        """Ask for a code, the first time, and enter this one: "right" is the one that arrived. Raises CannotGoOn."""
        if not self._asked_for_code:
            self._asked_for_code = True
            asked = AskForCode(order_number=order, email=email)
            await self._press(verification_api.ask_for_code(self.conversation_id, asked, self.baton, self.customer))
            await asyncio.gather(*self.baton.background)
        entered = EnterCode(code=self._arrived() if code == "right" else code)
        await self._press(verification_api.enter_code(self.conversation_id, entered, self.baton, self.customer))

    async def sign_in(self, named: str) -> None:
        """Prove to be a demo customer, by key or external id; the conversation goes along. Raises CannotGoOn."""
        shop = self.baton.shop
        known = (await shop.customer(named) or await shop.customer_by_external_id(named)) if shop is not None else None
        if known is None:
            raise CannotGoOn(f"there is no customer {named!r} to sign in as")
        people = self.baton.people
        signed = await people.identified(known.external_id, display_name=known.display_name, email=known.email)
        await people.adopt(self.customer.id, signed)
        self.customer = signed

    async def messages(self) -> list[Message]:
        """All public messages, oldest first."""
        return await self.baton.store.messages(self.conversation_id, limit=MESSAGES, public_only=True)

    async def last_reply(self) -> str:
        """What Baton said last, or ""."""
        said = [one.text for one in await self.messages() if one.author.kind is AuthorKind.AI_AGENT]
        return said[-1] if said else ""

    async def waits_for_person(self) -> bool:
        """Whether the AI agent answers no more."""
        return not (await self.baton.store.conversation(self.conversation_id)).ai_answers

    async def actions(self) -> list[Action]:
        """What was offered in the conversation, oldest first."""
        return await self.baton.actions.offered(self.conversation_id) if self.baton.actions is not None else []

    async def has_open_card(self) -> bool:
        """Whether a card waits for the customer to confirm it."""
        return self.baton.actions is not None and bool(await self._open_cards(self.baton.actions))

    async def _ended(self, turn_id: TurnId) -> bool:
        self.traces |= await self.baton.store.traces([turn_id])
        return turn_id in self.traces

    async def _open_card(self) -> tuple[ActionDesk, Card]:
        if self.baton.actions is None:
            raise CannotGoOn("no shop is connected, so there is no card")
        opened = await self._open_cards(self.baton.actions)
        if not opened:
            raise CannotGoOn("there is no open card")
        return self.baton.actions, opened[-1]

    async def _open_cards(self, desk: ActionDesk) -> list[Card]:
        return [card for card in await desk.customer_cards(self.conversation_id) if card.standing == "open"]

    def _arrived(self) -> str:
        mails = self.baton.mailbox.mails if self.baton.mailbox is not None else ()
        if not mails:
            raise CannotGoOn("no code arrived in a mailbox")
        return mails[-1].text.partition(" ")[0]

    async def _press(self, pressed: Coroutine[object, object, object]) -> None:
        """A refusal is shown to the customer, who may go on."""
        try:
            await pressed
        except Refused as refused:
            self.refusals.append(refused.problem.detail)
        except tuple(PROBLEMS) as refused:
            self.refusals.append(PROBLEMS[type(refused)].detail)


def _under_way(action: Action) -> bool:
    return action.state in _UNDER_WAY and not action.waits_for_person
