"""Sends what waits to leave the house, until it arrives or is given up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from conversations.deliveries import Channel, Deliveries, Delivery
from conversations.events import DELIVERIES, Bus

SWEEP_SECONDS = 1.0
TRY_SECONDS = 30.0
AT_ONCE = 8

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDelivered(Exception):
    """One try failed. `gone` is for good: no later try would be welcome."""

    problem: str
    after: timedelta | None = None
    gone: bool = False


class Sender(Protocol):
    async def send(self, delivery: Delivery) -> None:
        """Raises NotDelivered."""


class Deliverer:
    def __init__(self, deliveries: Deliveries, senders: Mapping[Channel, Sender]) -> None:
        self._deliveries = deliveries
        self._senders = senders
        self._places = asyncio.Semaphore(AT_ONCE)

    async def run_forever(self, bus: Bus) -> None:
        async with asyncio.TaskGroup() as tries:
            with bus.subscribe(DELIVERIES) as subscription:
                while True:
                    await self._places.acquire()
                    delivery = await self._lease()
                    if delivery is None:
                        self._places.release()
                        await subscription.next(SWEEP_SECONDS)
                    else:
                        tries.create_task(self._try(delivery)).add_done_callback(lambda _: self._places.release())

    async def _lease(self) -> Delivery | None:
        try:
            return await self._deliveries.lease()
        except OSError:  # the database is away: what waits is still in it when it comes back
            log.exception("cannot reach the database for deliveries")
            return None

    async def _try(self, delivery: Delivery) -> None:
        try:
            problem = await self.attempt(delivery)
            if problem is None:
                await self._deliveries.delivered(delivery)
            else:
                await self._deliveries.failed(delivery, problem.problem, after=problem.after, give_up=problem.gone)
        except OSError:  # its lease runs out, and it is tried again
            log.exception("delivery %s: its outcome could not be kept", delivery.id)

    async def attempt(self, delivery: Delivery) -> NotDelivered | None:
        """One try; None where it arrived."""
        sender = self._senders.get(delivery.channel)
        if sender is None:
            return NotDelivered(problem=f"Nothing is set up to send by {delivery.channel.value}.")
        try:
            async with asyncio.timeout(TRY_SECONDS):
                await sender.send(delivery)
        except TimeoutError:
            return NotDelivered(problem=f"No answer within {TRY_SECONDS:.0f} seconds.")
        except NotDelivered as failed:
            return failed
        return None
