"""Proving who a customer is by a code to the address on file.

In: a conversation, its customer, and (from strangers) an order number with an e-mail address. Out: the principal that
tools act for. Never: a code to an address that somebody typed, a word about whether an order exists, a level that a
model or a text could set.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from conversations.model import Assurance, ConversationId, Customer
from conversations.verifications import CODE_VALID, CodeId, NewCode, Tried, Verifications, Verified
from tools.accounts import Account, Accounts
from tools.order_model import compact_number
from tools.tool import Principal, ToolFailed

log = logging.getLogger(__name__)
DIGITS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    to: str
    subject: str
    text: str


class MailFailed(Exception):
    """The mail server did not take the mail."""


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Raises MailFailed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFor:
    """What a stranger gives: the number of an order of theirs and the e-mail address they ordered with."""

    order_number: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """A code that is noted and not sent yet. `shown_to` is the masked address, for a signed-in customer only: to
    anybody else it would tell that the account exists."""

    code_id: CodeId
    code: str
    customer: Customer
    asked: AskedFor | None
    expires_at: datetime
    shown_to: str | None


class NothingToGoBy(Exception):
    """Nobody is signed in, and no order was named: there is no address to send to."""


def new_code() -> str:
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


class Verification:
    """`key` makes the stored hashes useless to whoever has only the database."""

    def __init__(
        self,
        kept: Verifications,
        accounts: Accounts,
        mailer: Mailer,
        *,
        key: str,
        company: str,
        new_id: Callable[[], str],
        new_code: Callable[[], str] = new_code,
    ) -> None:
        self._kept = kept
        self._accounts = accounts
        self._mailer = mailer
        self._key = hashlib.sha256(f"verification codes {key}".encode()).digest()
        self._company = company
        self._new_id = new_id
        self._new_code = new_code

    async def promise(self, conversation_id: ConversationId, customer: Customer, asked: AskedFor | None) -> Promised:
        """Note a new code; `deliver` sends it afterwards. The same is done whether anybody is found or not, and the
        looking is left to `deliver`: neither the answer nor its time tells a stranger anything.

        Raises TooManyCodes, NothingToGoBy, and ToolFailed for a signed-in customer while the shop is away.
        """
        subject = customer.external_id or customer.claimed_id
        shown_to = None
        if subject is None and asked is None:
            raise NothingToGoBy
        about = f"account:{subject}" if subject is not None or asked is None else _normal(asked.email)
        if customer.external_id is not None:
            account = await self._accounts.account(customer.external_id)
            shown_to = masked(account.email) if account else None
            about = _normal(account.email) if account else about
        code_id, code = CodeId(self._new_id()), self._new_code()
        expires_at = await self._kept.add_code(
            NewCode(
                id=code_id,
                conversation_id=conversation_id,
                customer_id=customer.id,
                address_hash=self._hash(about),
                code_hash=self._hash(f"{code_id}:{code}"),
            )
        )
        return Promised(
            code_id=code_id, code=code, customer=customer, asked=asked, expires_at=expires_at, shown_to=shown_to
        )

    async def deliver(self, promised: Promised) -> None:
        """Send the code to the address on file, if there is one that it may go to. Failures are logged, not raised:
        nobody waits for this, and a code that did not arrive can be asked for again."""
        try:
            account = await self._account(promised.customer, promised.asked)
            if account is None or not account.email:
                return
            if await self._kept.name_subject(promised.code_id, account.external_id, self._hash(_normal(account.email))):
                await self._mailer.send(self._mail(account, promised.code))
        except (ToolFailed, MailFailed) as failure:
            log.warning("a verification code could not be sent: %s", type(failure).__name__)

    async def enter(self, conversation_id: ConversationId, customer: Customer, code: str) -> Tried:
        """One try at the conversation's code."""
        code_id = await self._kept.code_id(conversation_id, customer.id)
        if code_id is None:
            return Tried(right=False, left=0)
        digits = "".join(character for character in code if character.isascii() and character.isdigit())
        return await self._kept.try_code(code_id, self._hash(f"{code_id}:{digits}"))

    async def end(self, customer: Customer) -> None:
        """Signing out, another address, an erasure: what a code proved is over."""
        await self._kept.end(customer.id)

    async def principal(self, conversation_id: ConversationId, customer: Customer) -> Principal:
        """On whose behalf a turn of this conversation runs.

        A verification counts while the account still has the address that the code went to. If the shop cannot say so
        now, it does not count now.
        """
        found = (await self._kept.of([conversation_id])).get(conversation_id)
        if found is None or found.customer_id != customer.id or not await self._still_theirs(found, customer):
            return principal_of(customer)
        return Principal(
            customer_id=customer.id,
            external_id=found.external_id,
            assurance=Assurance.VERIFIED,
            segments=customer.segments,
        )

    async def _still_theirs(self, found: Verified, customer: Customer) -> bool:
        if customer.external_id not in (None, found.external_id):
            return False
        try:
            account = await self._accounts.account(found.external_id)
        except ToolFailed:
            return False
        return account is not None and self._hash(_normal(account.email)) == found.address_hash

    async def _account(self, customer: Customer, asked: AskedFor | None) -> Account | None:
        subject = customer.external_id or customer.claimed_id
        if subject is not None:
            return await self._accounts.account(subject)
        number = compact_number(asked.order_number) if asked else None
        if asked is None or number is None:
            return None
        account = await self._accounts.account_of_order(number)
        # The address that was typed only has to match. The code goes to the one that the shop has.
        theirs = account is not None and hmac.compare_digest(
            _normal(account.email).encode(), _normal(asked.email).encode()
        )
        return account if theirs else None

    def _mail(self, account: Account, code: str) -> Mail:
        minutes = int(CODE_VALID.total_seconds() // 60)
        return Mail(
            to=account.email,
            subject=f"Your code for {self._company}: {code}",
            text=(
                f"{code} is your code for the chat with {self._company}. It is valid for {minutes} minutes.\n\n"
                "Enter it in the chat window only. Nobody from our team will ever ask you for it.\n"
                "If you did not ask for a code, you need not do anything: without it nobody gets any further.\n"
            ),
        )

    def _hash(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


def principal_of(customer: Customer) -> Principal:
    """What is proven without a code."""
    return Principal(
        customer_id=customer.id,
        external_id=customer.external_id,
        assurance=customer.assurance,
        segments=customer.segments,
    )


def masked(email: str) -> str:
    """ "maya.okafor@example.com" as "m•••@example.com": enough to know which mailbox to open."""
    local, at, domain = email.rpartition("@")
    return f"{local[:1]}•••{at}{domain}" if at else "•••"


def _normal(email: str) -> str:
    """An address as people type it, to be compared. A plus part or a dot makes it another one, as for mail servers."""
    return email.strip().casefold()
