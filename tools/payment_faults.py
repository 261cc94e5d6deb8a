"""A payment provider that misbehaves on a schedule, with books that stay true: a kit for testing whoever refunds.

Each call to `refund` meets the next fault of the schedule; when that is used up, everything works. What
happened is always in the books, whatever the caller was told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from tools.payments import Answer, Declined, EffectState, FakePayments, Receipt, RefundRequest, Unsure
from tools.tool import ToolFailed


class Fault(StrEnum):
    """What goes wrong with one call.

    The names say whether the effect had happened: `TIMEOUT_BEFORE` leaves the books as they were, `TIMEOUT_AFTER` and
    `ERROR_AFTER` do not. `PENDING_THEN_…` are accepted first and decided later, by `let_time_pass`.
    """

    NONE = "none"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    IN_FLIGHT = "in_flight"
    DECLINED = "declined"
    PENDING_THEN_DONE = "pending_then_done"
    PENDING_THEN_FAILED = "pending_then_failed"
    DONE_THEN_FAILED = "done_then_failed"
    KEY_FORGOTTEN = "key_forgotten"
    """As KEY_FORGOTTEN says, and the caller is not told: asking again without looking would refund twice."""


class FaultyPayments:
    def __init__(
        self,
        books: FakePayments,
        faults: Iterable[Fault],
        *,
        clock: Callable[[], datetime],
        look_ups_down: Iterable[bool] = (),
    ) -> None:
        self.books = books
        self._faults = iter(faults)
        self._look_ups_down = iter(look_ups_down)
        self._clock = clock
        self._later: list[tuple[str, EffectState]] = []
        self.asked: list[RefundRequest] = []

    @property
    def key_window(self) -> timedelta:
        return self.books.key_window

    async def refund(self, request: RefundRequest) -> Answer:
        self.asked.append(request)
        fault = next(self._faults, Fault.NONE)
        match fault:
            case Fault.TIMEOUT_BEFORE:
                raise TimeoutError
            case Fault.ERROR_BEFORE:
                raise ToolFailed("500")
            case Fault.IN_FLIGHT:
                return Unsure(detail="409: a request with this key is in flight")
            case Fault.DECLINED:
                return Declined(code="insufficient_funds", detail="The shop's balance does not cover it.")
            case Fault.PENDING_THEN_DONE | Fault.PENDING_THEN_FAILED:
                return await self._pending(request, fault)
            case _:
                return self._told(fault, request, await self.books.refund(request))

    def _told(self, fault: Fault, request: RefundRequest, answer: Answer) -> Answer:
        if fault is Fault.TIMEOUT_AFTER:
            raise TimeoutError
        if fault is Fault.ERROR_AFTER:
            raise ToolFailed("500")
        if fault is Fault.KEY_FORGOTTEN:
            self.books.forget(request.key)
            raise TimeoutError
        if fault is Fault.DONE_THEN_FAILED and isinstance(answer, Receipt):
            self._later.append((request.reference, EffectState.FAILED))
        return answer

    async def _pending(self, request: RefundRequest, fault: Fault) -> Answer:
        answer = await self.books.refund(request)
        if isinstance(answer, Receipt) and answer.state is EffectState.SUCCEEDED:
            self.books.settle(request.reference, EffectState.PENDING)
            done = fault is Fault.PENDING_THEN_DONE
            self._later.append((request.reference, EffectState.SUCCEEDED if done else EffectState.FAILED))
            return await self.books.look_up(request.reference) or answer
        return answer

    def let_time_pass(self) -> None:
        """The banks decide what was pending, and undo what they undo."""
        for reference, state in self._later:
            self.books.settle(reference, state)
        self._later.clear()

    async def look_up(self, reference: str) -> Receipt | None:
        if next(self._look_ups_down, False):
            raise ToolFailed("503")
        return await self.books.look_up(reference)

    async def refunds(self, since: datetime) -> list[Receipt]:
        return await self.books.refunds(since)
