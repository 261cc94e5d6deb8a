"""The table of legal moves: which verb, by whom, leads from which status to which."""

from __future__ import annotations

from enum import StrEnum

from conversations.model import AuthorKind, Status


class Verb(StrEnum):
    """The same words in code, routes, buttons, events and metrics."""

    HAND_OFF = "hand_off"
    CLAIM = "claim"
    ASSIGN = "assign"
    RELEASE = "release"
    RETURN_TO_AI = "return_to_ai"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    REOPEN = "reopen"


class IllegalMove(Exception):
    """The verb does not exist from this status for this author."""

    def __init__(self, verb: Verb, status: Status, by: AuthorKind) -> None:
        super().__init__(f"{verb.value!r} by {by.value!r} is not possible while the conversation is {status.value!r}")
        self.verb = verb
        self.status = status


_PERSON = AuthorKind.HUMAN_AGENT
_AI = AuthorKind.AI_AGENT
_CUSTOMER = AuthorKind.CUSTOMER
_SYSTEM = AuthorKind.SYSTEM

_OPEN = (Status.AUTOMATED, Status.QUEUED, Status.ASSIGNED, Status.SNOOZED)

MOVES: dict[tuple[Verb, Status, AuthorKind], Status] = {
    **{(Verb.HAND_OFF, Status.AUTOMATED, by): Status.QUEUED for by in (_AI, _CUSTOMER, _PERSON, _SYSTEM)},
    **{(Verb.CLAIM, at, _PERSON): Status.ASSIGNED for at in (Status.AUTOMATED, Status.QUEUED, Status.SNOOZED)},
    **{(Verb.ASSIGN, at, _PERSON): Status.ASSIGNED for at in _OPEN},
    (Verb.ASSIGN, Status.QUEUED, _SYSTEM): Status.ASSIGNED,
    **{(Verb.RELEASE, Status.ASSIGNED, by): Status.QUEUED for by in (_PERSON, _SYSTEM)},
    **{(Verb.RETURN_TO_AI, at, _PERSON): Status.AUTOMATED for at in (Status.QUEUED, Status.ASSIGNED)},
    **{(Verb.SNOOZE, at, _PERSON): Status.SNOOZED for at in (Status.QUEUED, Status.ASSIGNED)},
    **{(Verb.RESOLVE, at, by): Status.RESOLVED for at in _OPEN for by in (_PERSON, _SYSTEM)},
    # The customer says that the AI agent's answer solved it.
    (Verb.RESOLVE, Status.AUTOMATED, _CUSTOMER): Status.RESOLVED,
    # A new message after the end is a new episode with the AI agent; a person who reopens takes it themselves.
    (Verb.REOPEN, Status.RESOLVED, _CUSTOMER): Status.AUTOMATED,
    (Verb.REOPEN, Status.RESOLVED, _SYSTEM): Status.AUTOMATED,
    (Verb.REOPEN, Status.RESOLVED, _PERSON): Status.ASSIGNED,
    # A snoozed conversation wakes up when its customer writes or its time has come: with the person who had it, or
    # without one (see `target`) in the queue, at its old place.
    (Verb.REOPEN, Status.SNOOZED, _CUSTOMER): Status.QUEUED,
    (Verb.REOPEN, Status.SNOOZED, _SYSTEM): Status.QUEUED,
}


def target(verb: Verb, status: Status, by: AuthorKind, *, owned: bool = False) -> Status:
    """The status that `verb` by `by` leads to from `status`; `owned` where a person has it afterwards.

    Raises IllegalMove where the table has no such move.
    """
    try:
        found = MOVES[verb, status, by]
    except KeyError:
        raise IllegalMove(verb, status, by) from None
    wakes = verb is Verb.REOPEN and status is Status.SNOOZED
    return Status.ASSIGNED if wakes and owned else found
