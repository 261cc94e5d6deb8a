from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pydantic import ValidationError

from tests.tools.action_cast import usd
from tools.action_model import (
    HOLDING,
    NEXT,
    ActionKind,
    ActionState,
    Funds,
    Proposal,
    ProposedLine,
    digest_of,
    proposal_of,
)

PROPOSAL = Proposal(
    kind=ActionKind.EXCHANGE,
    external_customer_id="cust_1001",
    order_number="NP-1",
    lines=(ProposedLine(line="bottle", name="Flasche, grün", units=(0, 2), amount=usd(6_800)),),
    destination="12 Pine Street",
    reason="damaged",
    policy_version="1",
    rule="r",
    arguments={"b": "2", "a": "1"},
)


def test_the_digest_is_of_what_is_said_and_not_of_how_it_is_written_down() -> None:
    """Known to the byte: cards and approvals that are on record must still fit after a change of this code."""
    assert digest_of({"b": 1, "a": "ü"}) == digest_of({"a": "ü", "b": 1})
    assert digest_of({"b": 1, "a": "ü"}) == "4e7ff4080b1a00acdaf71eb0cdf2d504aa8068bbb375c002eac2df3f064047a7"
    changed = json.loads(json.dumps(PROPOSAL.payload))
    assert digest_of(changed) == PROPOSAL.digest
    changed["lines"][0]["units"] = [0, 1]
    assert digest_of(changed) != PROPOSAL.digest


def test_a_payload_with_a_number_that_is_none_has_no_digest() -> None:
    with pytest.raises(ValueError, match="JSON"):
        digest_of({"amount": float("nan")})


def test_a_proposal_comes_back_whole_from_what_is_stored_and_nothing_else_does() -> None:
    assert proposal_of(PROPOSAL.payload) == PROPOSAL
    assert (PROPOSAL.lines[0].quantity, PROPOSAL.pieces) == (2, (("bottle", 0), ("bottle", 2)))
    loose = json.loads(json.dumps(PROPOSAL.payload))
    loose["lines"][0]["amount"]["minor"] = "6800"
    with pytest.raises(ValidationError):
        proposal_of(loose)


def test_what_has_ended_goes_nowhere_and_what_was_sent_is_never_offered_again() -> None:
    ended = {ActionState.FAILED, ActionState.WITHDRAWN, ActionState.EXPIRED, ActionState.REFUSED}
    assert {state for state in ActionState if not NEXT[state]} == ended
    assert not ended & HOLDING
    sent = {ActionState.SENDING, ActionState.UNKNOWN, ActionState.SUCCEEDED}
    assert all(NEXT[state] <= sent | {ActionState.FAILED} for state in sent)


@pytest.mark.parametrize(("amount", "elsewhere"), [(0, 0), (-1, 0), (1, -1), (60, 41)])
def test_funds_give_back_something_and_never_more_than_was_captured(amount: int, elsewhere: int) -> None:
    whole = Funds(amount=usd(1), payment="pay", captured=usd(100), refunded_elsewhere=usd(99))
    with pytest.raises(ValueError, match="proposal"):
        replace(whole, amount=usd(amount), refunded_elsewhere=usd(elsewhere))
    assert replace(whole, amount=usd(60), refunded_elsewhere=usd(40)).amount == usd(60)
