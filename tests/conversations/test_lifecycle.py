from __future__ import annotations

import pytest

from conversations.lifecycle import MOVES, IllegalMove, Verb, target
from conversations.model import AuthorKind, Status

PERSON, AI, CUSTOMER = AuthorKind.HUMAN_AGENT, AuthorKind.AI_AGENT, AuthorKind.CUSTOMER


@pytest.mark.parametrize(
    ("verb", "status", "by", "to"),
    [
        (Verb.HAND_OFF, Status.AUTOMATED, AI, Status.QUEUED),
        (Verb.HAND_OFF, Status.AUTOMATED, CUSTOMER, Status.QUEUED),
        (Verb.CLAIM, Status.QUEUED, PERSON, Status.ASSIGNED),
        (Verb.CLAIM, Status.AUTOMATED, PERSON, Status.ASSIGNED),
        (Verb.RELEASE, Status.ASSIGNED, PERSON, Status.QUEUED),
        (Verb.RETURN_TO_AI, Status.ASSIGNED, PERSON, Status.AUTOMATED),
        (Verb.RESOLVE, Status.ASSIGNED, PERSON, Status.RESOLVED),
        (Verb.REOPEN, Status.RESOLVED, CUSTOMER, Status.AUTOMATED),
        (Verb.REOPEN, Status.RESOLVED, PERSON, Status.ASSIGNED),
    ],
)
def test_a_legal_move_leads_to_its_status(verb: Verb, status: Status, by: AuthorKind, to: Status) -> None:
    assert target(verb, status, by) is to


@pytest.mark.parametrize(
    ("verb", "status", "by"),
    [
        (Verb.CLAIM, Status.ASSIGNED, PERSON),
        (Verb.CLAIM, Status.RESOLVED, PERSON),
        (Verb.CLAIM, Status.QUEUED, CUSTOMER),
        (Verb.CLAIM, Status.QUEUED, AI),
        (Verb.HAND_OFF, Status.QUEUED, AI),
        (Verb.RETURN_TO_AI, Status.AUTOMATED, PERSON),
        (Verb.RETURN_TO_AI, Status.ASSIGNED, AI),
        (Verb.RESOLVE, Status.RESOLVED, PERSON),
        (Verb.RESOLVE, Status.AUTOMATED, AI),
    ],
)
def test_everything_else_is_illegal(verb: Verb, status: Status, by: AuthorKind) -> None:
    with pytest.raises(IllegalMove):
        target(verb, status, by)


def test_the_ai_agent_can_only_hand_off() -> None:
    assert {verb for verb, _, by in MOVES if by is AI} == {Verb.HAND_OFF}
