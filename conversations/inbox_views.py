"""The inbox lists of the console, as conditions on conversations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, select

from conversations import tables
from conversations.model import HumanAgentId, Status

_c = tables.conversations.c
_s = tables.sla_clocks.c


class View(StrEnum):
    """QUEUE has what nobody has; TEAM what waits for or is with the teams of whoever asks."""

    QUEUE = "queue"
    MINE = "mine"
    TEAM = "team"
    AT_RISK = "at_risk"
    SNOOZED = "snoozed"
    OPEN = "open"
    AUTOMATED = "automated"
    RESOLVED = "resolved"


_WITH_PEOPLE = (Status.QUEUED.value, Status.ASSIGNED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who looks at their inbox, and when."""

    human_agent_id: HumanAgentId
    now: datetime
    teams: Collection[str] = ()


def condition(view: View, asking: Asking) -> ColumnElement[bool]:
    said_something = _c.last_seq > 0
    if view is View.MINE:
        return and_(_c.assignee_id == asking.human_agent_id, _c.status == Status.ASSIGNED.value)
    if view is View.TEAM:
        return and_(_c.team.in_(sorted(asking.teams)), _c.status.in_((*_WITH_PEOPLE, Status.SNOOZED.value)))
    if view is View.AT_RISK:
        # A paused clock has no time to be due at.
        running_out = select(_s.conversation_id).where(_s.stopped_at.is_(None), _s.warn_at <= asking.now)
        return and_(_c.id.in_(running_out.where(_s.due_at.is_not(None))), _c.status.in_(_WITH_PEOPLE))
    if view is View.OPEN:
        return and_(said_something, _c.status != Status.RESOLVED.value)
    status = Status.QUEUED.value if view is View.QUEUE else view.value
    return and_(said_something, _c.status == status)
