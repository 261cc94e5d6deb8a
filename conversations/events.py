"""Event kinds, and the in-process bus that says "look again" to whoever waits on a topic.

The bus loses nothing that matters: durable events are read from the record; what travels here is a hint, or a live
sign such as "typing" that is worthless a moment later. Other processes' changes are found by polling.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from conversations.model import JsonObject

MESSAGE_POSTED = "message_posted"
MESSAGE_CHANGED = "message_changed"
"""A reply that is being written has grown, or has ended: the event brings the message as it is now."""
STATUS_CHANGED = "status_changed"
CUSTOMER_IDENTIFIED = "customer_identified"
CUSTOMER_VERIFIED = "customer_verified"
TURN_FINISHED = "turn_finished"
ROUTED = "routed"
"""Why a conversation was given to a person or taken back; the team's to see."""
ACTION_CHANGED = "action_changed"
SLA_WARNING = "sla_warning"
SLA_BREACHED = "sla_breached"
RATING_ASKED = "rating_asked"
RATING_GIVEN = "rating_given"
TAGS_CHANGED = "tags_changed"
"""The team's to see."""

BETWEEN_MESSAGES = (
    STATUS_CHANGED,
    CUSTOMER_IDENTIFIED,
    ROUTED,
    SLA_WARNING,
    SLA_BREACHED,
    RATING_ASKED,
    RATING_GIVEN,
    TAGS_CHANGED,
)
"""What a page of older messages is told of besides."""

INBOX = "inbox"
"""Topic: something about any conversation's place in the inbox, or about who is online, has changed."""
DELIVERIES = "deliveries"
"""Topic: a mail or webhook waits to be sent."""
TURNS = "turns"
"""Topic: a turn was accepted."""
ACTIONS = "actions"
"""Topic: an action may have something due."""

LIVE_KEPT = 32
"""Live signs kept for a slow reader; older ones are dropped, they are stale by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Woken:
    """Live signs that came, whether there may be something new in the record, and whether nobody called at all."""

    signs: list[JsonObject]
    look: bool
    timed_out: bool = False


@dataclass(slots=True, eq=False)
class Subscription:
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _live: deque[JsonObject] = field(default_factory=lambda: deque(maxlen=LIVE_KEPT))

    _changed: bool = False

    async def next(self, timeout: float) -> Woken:
        """Wait for a wake-up or `timeout` seconds. After a time-out, look: another process may have written."""
        try:
            # Not wait_for: in Python 3.11 it forgets a cancellation that comes together with the wake-up.
            async with asyncio.timeout(timeout):
                await self._woken.wait()
        except TimeoutError:
            return Woken(signs=[], look=True, timed_out=True)
        woken = Woken(signs=list(self._live), look=self._changed)
        self._woken.clear()
        self._live.clear()
        self._changed = False
        return woken

    def wake(self, live: JsonObject | None) -> None:
        if live is not None:
            self._live.append(live)
        else:
            self._changed = True
        self._woken.set()


class Bus:
    """Wake-ups by topic within one process and one event loop."""

    def __init__(self) -> None:
        self._subscriptions: defaultdict[str, list[Subscription]] = defaultdict(list)

    @contextmanager
    def subscribe(self, topic: str) -> Iterator[Subscription]:
        subscription = Subscription()
        self._subscriptions[topic].append(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions[topic].remove(subscription)
            if not self._subscriptions[topic]:
                del self._subscriptions[topic]

    def wake(self, topic: str, live: JsonObject | None = None) -> None:
        for subscription in self._subscriptions.get(topic, ()):
            subscription.wake(live)
