"""Compares our books with the provider's: on demand, and once a day. What does not agree freezes automatic refunds."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tools.action_ledger import ActionLedger
from tools.action_model import Action, ActionId, ActionKind, ActionState
from tools.payments import EffectState, Payments, Receipt

LOOK_BACK: Final = timedelta(days=45)
"""Further back than banks undo refunds that were called done."""
_SLACK: Final = timedelta(days=1)
"""So long after the start of what is compared, our refunds must be in it: the two clocks differ."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """`reference` is the id of our action as the provider knows it; `text` says what does not agree."""

    reference: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`agreed` refunds are the same in both books; `undone` are those that the bank undid, taken over into ours."""

    agreed: int
    pending: int
    undone: int
    elsewhere: int
    """Refunds that the provider made for somebody else: they carry no reference of ours."""
    mismatches: tuple[Mismatch, ...]


class Reconciliation:
    def __init__(self, ledger: ActionLedger, payments: Payments, *, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._payments = payments
        self._clock = clock

    async def run(self) -> Report:
        """Compare, take over what the bank undid, and freeze on whatever is left. Raises ToolFailed."""
        since = self._clock() - LOOK_BACK
        # Ours first: what is done by then must be in books that are read later.
        recent = await self._ledger.actions.in_states(list(ActionState), since=since + _SLACK)
        receipts = await self._payments.refunds(since)
        named = await self._ledger.actions.by_reference({one.reference for one in receipts if one.reference})
        refunds = {action.id: action for action in recent if action.proposal.kind is ActionKind.REFUND}
        refunds.update({action.id: action for action in named.values()})
        undone = await self._take_over_undone(refunds, receipts)
        report = compare(refunds, receipts, undone=undone)
        if report.mismatches:
            for mismatch in report.mismatches:
                log.error("reconciliation: %s: %s", mismatch.reference, mismatch.text)
            await self._ledger.freeze(_in_words(report))
        return report

    async def _take_over_undone(self, refunds: dict[ActionId, Action], receipts: Sequence[Receipt]) -> int:
        """A refund that was done and that the bank sent back: not an error of ours, and known by its receipt."""
        undone = 0
        for receipt in receipts:
            action = refunds.get(ActionId(receipt.reference or ""))
            if action is None or receipt.state is not EffectState.FAILED or action.receipt != receipt.id:
                continue
            if action.state is ActionState.SUCCEEDED:
                failed = await self._ledger.failed(action, "The bank sent the money back after it was done.")
                refunds[action.id] = failed or action
                undone += failed is not None
        return undone


def compare(refunds: Mapping[ActionId, Action], receipts: Sequence[Receipt], *, undone: int = 0) -> Report:
    """`refunds` are our actions by id, all of those that `receipts` name among them."""
    wrong: list[Mismatch] = []
    made = [one for one in receipts if one.reference and one.state is not EffectState.FAILED]
    booked = {ActionId(one.reference or ""): one for one in made}
    times = Counter(one.reference or "" for one in made)
    wrong += [
        Mismatch(reference=reference, text=f"the provider refunded it {count} times")
        for reference, count in times.items()
        if count > 1
    ]
    agreed = pending = 0
    for reference, receipt in booked.items():
        action = refunds.get(reference)
        text = _disagreement(action, receipt)
        if text or action is None:
            wrong.append(Mismatch(reference=reference, text=text))
        elif action.state is ActionState.SUCCEEDED:
            agreed += 1
        else:
            pending += 1
    wrong += [
        Mismatch(reference=action.id, text="we call it done, and the provider does not have it")
        for action in refunds.values()
        if action.state is ActionState.SUCCEEDED
        and action.proposal.kind is ActionKind.REFUND
        and action.id not in booked
    ]
    elsewhere = sum(1 for one in receipts if one.reference is None)
    return Report(agreed=agreed, pending=pending, undone=undone, elsewhere=elsewhere, mismatches=tuple(wrong))


def _disagreement(action: Action | None, receipt: Receipt) -> str:
    if action is None:
        return f"the provider refunded {receipt.amount} under a reference that we do not know"
    funds = action.proposal.funds
    if funds is None or receipt.amount != funds.amount:
        return f"the provider refunded {receipt.amount}, we {funds.amount if funds else 'nothing'}"
    if action.state in (ActionState.SENDING, ActionState.UNKNOWN, ActionState.SUCCEEDED):
        return ""
    return f"the provider refunded {receipt.amount}, and we call it {action.state.value}"


def _in_words(report: Report) -> str:
    first = report.mismatches[0]
    more = f" and {len(report.mismatches) - 1} more" if len(report.mismatches) > 1 else ""
    return f"The books do not agree: {first.reference}: {first.text}{more}."
