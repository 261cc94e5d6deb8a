"""How often one customer or address may do something; over it, the request is refused with a time to wait."""

from __future__ import annotations

import math
import time

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.errors import Problem, Refused


class RateLimits:
    """Counts per process; several processes let through that many times more."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def check(self, what: str, who: str, *, limit: str) -> None:
        """Raises Refused (429 with Retry-After) when `who` has used up `limit`, e.g. "30/minute", for `what`."""
        item = parse(limit)
        if await self._limiter.hit(item, what, who):
            return
        window = await self._limiter.get_window_stats(item, what, who)
        wait = max(1, math.ceil(window.reset_time - time.time()))
        raise Refused(
            Problem(
                status=429,
                code="rate_limited",
                detail=f"That was a little fast; please try again in {wait} seconds.",
                headers={"Retry-After": str(wait)},
            )
        )
