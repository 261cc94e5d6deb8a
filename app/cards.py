"""An action as its customer sees it: a card that the server writes, word by word, and the token that confirms it."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from app.schemas import Shape
from conversations.model import JsonObject
from tools.action_ledger import ActionLedger
from tools.action_model import Action, ActionId, ActionKind, ActionState

Standing = Literal["open", "waiting", "pending", "done", "failed", "refused", "expired", "withdrawn"]

_S = ActionState
_STANDING: Final[dict[ActionState, Standing]] = {
    _S.PROPOSED: "open",
    _S.CONFIRMED: "pending",
    _S.APPROVED: "pending",
    _S.RESERVED: "pending",
    _S.SENDING: "pending",
    _S.UNKNOWN: "pending",
    _S.SUCCEEDED: "done",
    _S.FAILED: "failed",
    _S.REFUSED: "refused",
    _S.EXPIRED: "expired",
    _S.WITHDRAWN: "withdrawn",
}
_TITLE: Final = {
    ActionKind.REFUND: "Refund",
    ActionKind.CANCEL_ORDER: "Cancel the order",
    ActionKind.CHANGE_ADDRESS: "Change the address",
    ActionKind.RETURN_LABEL: "Return label",
    ActionKind.EXCHANGE: "Exchange",
    ActionKind.CANCEL_SUBSCRIPTION: "Cancel the subscription",
}
_CONFIRM: Final = {
    ActionKind.REFUND: "Confirm refund",
    ActionKind.CANCEL_ORDER: "Cancel this order",
    ActionKind.CHANGE_ADDRESS: "Change address",
    ActionKind.RETURN_LABEL: "Get the label",
    ActionKind.EXCHANGE: "Confirm exchange",
    ActionKind.CANCEL_SUBSCRIPTION: "Cancel subscription",
}


class CardLine(Shape):
    name: str
    quantity: int
    amount: str | None


class CardRow(Shape):
    label: str
    value: str


class Card(Shape):
    """`token` confirms it: only on the customer's own open card. `note` says how it stands, in a sentence."""

    id: str
    seq: int
    kind: str
    standing: Standing
    title: str
    amount: str | None
    lines: list[CardLine]
    rows: list[CardRow]
    note: str
    confirm: str
    token: str | None
    expires_at: datetime
    updated_at: datetime


class Cards:
    """Writes cards; `frame` is the form in which they travel in the event stream."""

    def __init__(self, ledger: ActionLedger) -> None:
        self._ledger = ledger

    def card(self, action: Action, *, for_customer: bool) -> Card:
        proposal = action.proposal
        standing = card_standing(action)
        return Card(
            id=action.id,
            seq=action.seq,
            kind=proposal.kind.value,
            standing=standing,
            title=_TITLE[proposal.kind],
            amount=str(proposal.funds.amount) if proposal.funds else None,
            lines=[
                CardLine(
                    name=_line_name(line.name, line.replacement_name), quantity=line.quantity, amount=_text(line.amount)
                )
                for line in proposal.lines
            ],
            rows=_rows(action),
            note=_note(action, standing),
            confirm=_CONFIRM[proposal.kind],
            token=self._ledger.tokens.token(action) if for_customer and standing == "open" else None,
            expires_at=action.expires_at,
            updated_at=action.updated_at,
        )

    async def frame(self, action_id: str, *, for_customer: bool) -> JsonObject:
        """{"card": …} of the action as it is now, or nothing where it is gone."""
        action = await self._ledger.actions.action(ActionId(action_id))
        if action is None:
            return {}
        return {"card": self.card(action, for_customer=for_customer).model_dump(mode="json")}


def card_standing(action: Action) -> Standing:
    return "waiting" if action.waits_for_person else _STANDING[action.state]


def _rows(action: Action) -> list[CardRow]:
    proposal = action.proposal
    rows = [CardRow(label="Order", value=proposal.order_number)] if proposal.order_number else []
    if len(proposal.breakdown) > 1:
        rows += [CardRow(label=label, value=value) for label, value in proposal.breakdown]
    rows.append(CardRow(label="Goes to", value=proposal.destination))
    if proposal.expected:
        rows.append(CardRow(label="Arrives", value=proposal.expected))
    return rows


def _note(action: Action, standing: Standing) -> str:
    match standing:
        case "open":
            return "Nothing happens before you confirm."
        case "waiting":
            return "A person on our team looks at this before it goes out. You will see it here."
        case "pending":
            return "Pending. We have your confirmation; this card will say when it is done."
        case "done":
            return "Done. The money is on its way to you." if action.proposal.funds else "Done."
        case "failed":
            return "This did not go through. Write to us here, and a person will put it right."
        case "refused":
            return f"A person looked at this and could not approve it. {action.note}".strip()
        case "expired":
            return "This offer has ended. Ask again for a new one."
        case "withdrawn":
            return "This offer is no longer open."


def _line_name(name: str, replacement: str | None) -> str:
    return f"{name} → {replacement}" if replacement else name


def _text(amount: object) -> str | None:
    return None if amount is None else str(amount)
