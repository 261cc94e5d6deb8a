"""The port to the shop's customer accounts: whose order it is, and the address that a code may be sent to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tools.order_model import compact_number, same_number
from tools.tool import ToolFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer as the shop knows them. `email` is the address on file: codes go there and nowhere else."""

    external_id: str
    email: str
    display_name: str


class Accounts(Protocol):
    """Both methods raise ToolFailed while the shop cannot answer. They serve verification only: no tool has them."""

    async def account(self, external_id: str) -> Account | None: ...

    async def account_of_order(self, number: str) -> Account | None:
        """Whose order that compact number is; None for a missing one."""


class FakeAccounts:
    """Accounts in memory; `orders` gives the external id that each order number belongs to."""

    def __init__(self, accounts: Sequence[Account], orders: Mapping[str, str], *, failing: bool = False) -> None:
        self.by_id = {account.external_id: account for account in accounts}
        self._orders = orders
        self.failing = failing

    async def account(self, external_id: str) -> Account | None:
        if self.failing:
            raise ToolFailed("the fake shop is set to fail")
        return self.by_id.get(external_id)

    async def account_of_order(self, number: str) -> Account | None:
        compact = compact_number(number)
        owner = next((who for order, who in self._orders.items() if compact and same_number(order, compact)), None)
        return None if owner is None else await self.account(owner)
