"""Who is asking: the shop's identity tokens, our own widget sessions, and passwords of human agents."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import jwt
from pwdlib import PasswordHash

from conversations.model import Assurance, ConversationId, CustomerId

IDENTITY_AUDIENCE = "baton"
SESSION_AUDIENCE = "baton-widget"
LINK_AUDIENCE = "baton-conversation"
LINK_VALID = timedelta(days=14)
IDENTITY_MAX_AGE = timedelta(minutes=15)
NAMED_SESSION = timedelta(hours=1)
VISITOR_SESSION = timedelta(days=30)
MAX_NAME = 200
MAX_SEGMENTS = 50
MAX_SEGMENT_NAME = 64
MAX_TOKEN_ID = 200
_ALGORITHM = "HS256"
_LAST_INSTANT = 253_402_300_799  # 9999-12-31; beyond it there is no date to compare with
_JOINERS = frozenset("\u200c\u200d")  # between letters of Persian and the parts of an emoji


class InvalidIdentity(Exception):
    """The identity token is broken, expired, too long-lived, used before, or not the shop's."""


class InvalidSession(Exception):
    """The session token is missing, broken or expired; a new session is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the shop vouches for."""

    external_id: str
    display_name: str | None
    email: str | None
    segments: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIdentity:
    """A token's own id beside what it says: who takes it note the id, so that it is taken once."""

    identity: Identity
    token_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WidgetSession:
    customer_id: CustomerId
    assurance: Assurance


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """`identity` holds the shop's secrets by the `kid` that a token names: two while they are being changed.

    `claim` is a secret of its own. With one for both, a customer who may choose their identifier could have the shop's
    server sign a token's first two parts for them.
    """

    session: str
    identity: Mapping[str, str]
    claim: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationLink:
    """The customer is named too: a conversation that passed to somebody else since is not opened."""

    conversation_id: ConversationId
    customer_id: CustomerId


class Tokens:
    """Signs and reads tokens. Times are checked against the clock that was passed in."""

    def __init__(self, keys: Keys, *, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._keys = keys
        self._clock = clock
        self._new_id = new_id

    def read_identity(self, token: str) -> Identity:
        """What a shop's token says, however often it is read. Raises InvalidIdentity."""
        return self.read_once(token).identity

    def read_once(self, token: str) -> SignedIdentity:
        """What a shop's token says, with the id under which it may be used once. Raises InvalidIdentity."""
        claims = self._read(token, self._named_key(token), IDENTITY_AUDIENCE)
        if claims is None or self._remaining(claims) > IDENTITY_MAX_AGE:
            raise InvalidIdentity
        token_id = claims.get("jti")
        if not isinstance(token_id, str) or not 0 < len(token_id) <= MAX_TOKEN_ID:
            raise InvalidIdentity
        expires_at = self._clock() + self._remaining(claims)
        return SignedIdentity(identity=self._identity(claims), token_id=token_id, expires_at=expires_at)

    def read_claim(self, identifier: str, identifier_hash: str) -> str:
        """The identifier, if the shop's server made its hash (HMAC-SHA256, hex). Raises InvalidIdentity.

        Such a hash is good for ever and for whoever has seen it: it names a customer, and proves little.
        """
        if self._keys.claim is None or not identifier.strip() or not identifier.isprintable():
            raise InvalidIdentity
        made = hmac.new(self._keys.claim.encode(), identifier.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(made.encode(), identifier_hash.lower().encode()):
            raise InvalidIdentity
        return identifier

    def _named_key(self, token: str) -> str:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
        except jwt.InvalidTokenError:
            raise InvalidIdentity from None
        key = self._keys.identity.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise InvalidIdentity
        return key

    @staticmethod
    def _identity(claims: Mapping[str, object]) -> Identity:
        return Identity(
            external_id=str(claims["sub"]),
            display_name=_shown(claims.get("name")),
            email=_shown(claims.get("email")),
            segments=_segments(claims.get("segments")),
        )

    def sign_identity(self, identity: Identity, *, valid_for: timedelta) -> str:
        """What a shop's own server does; here for the demo shop."""
        claims = {
            "sub": identity.external_id,
            "name": identity.display_name,
            "email": identity.email,
            "segments": sorted(identity.segments),
            "jti": self._new_id(),
        }
        kid, key = next(iter(self._keys.identity.items()))
        return self._sign(claims, key, IDENTITY_AUDIENCE, valid_for, kid=kid)

    def new_session(self, session: WidgetSession) -> tuple[str, datetime]:
        """A session token and the instant at which it expires."""
        valid_for = VISITOR_SESSION if session.assurance is Assurance.ANONYMOUS else NAMED_SESSION
        claims: dict[str, object] = {"sub": session.customer_id, "level": session.assurance.name}
        return self._sign(claims, self._keys.session, SESSION_AUDIENCE, valid_for), self._clock() + valid_for

    def read_session(self, token: str) -> WidgetSession:
        """Raises InvalidSession."""
        claims = self._read(token, self._keys.session, SESSION_AUDIENCE)
        if claims is None or claims.get("level") not in Assurance.__members__:
            raise InvalidSession
        level = Assurance[str(claims["level"])]
        return WidgetSession(customer_id=CustomerId(str(claims["sub"])), assurance=level)

    def sign_link(self, link: ConversationLink) -> str:
        """What a mail's link carries: one conversation, to read and to answer."""
        claims: dict[str, object] = {"sub": link.customer_id, "conversation": link.conversation_id}
        return self._sign(claims, self._keys.session, LINK_AUDIENCE, LINK_VALID)

    def read_link(self, token: str) -> ConversationLink:
        """Raises InvalidSession."""
        claims = self._read(token, self._keys.session, LINK_AUDIENCE)
        if claims is None:
            raise InvalidSession
        conversation_id = ConversationId(str(claims.get("conversation")))
        return ConversationLink(conversation_id=conversation_id, customer_id=CustomerId(str(claims["sub"])))

    def _sign(
        self, claims: Mapping[str, object], key: str, audience: str, valid_for: timedelta, *, kid: str | None = None
    ) -> str:
        now = self._clock()
        times = {"iat": now, "exp": now + valid_for}
        headers = None if kid is None else {"kid": kid}
        return jwt.encode({**claims, **times, "aud": audience}, key, algorithm=_ALGORITHM, headers=headers)

    def _read(self, token: str, key: str, audience: str) -> dict[str, object] | None:
        try:
            claims: dict[str, object] = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],  # never the token's own choice: "none" and RS/HS mix-ups end here
                audience=audience,
                options={"require": ["exp", "sub", "aud"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return None
        subject, expires = str(claims["sub"]), claims["exp"]
        if not subject.strip() or not subject.isprintable() or not isinstance(expires, int) or expires > _LAST_INSTANT:
            return None
        return claims if self._remaining(claims) > timedelta(0) else None

    def _remaining(self, claims: dict[str, object]) -> timedelta:
        return timedelta(seconds=float(str(claims["exp"])) - self._clock().timestamp())


def _shown(value: object) -> str | None:
    """A name or address as one short line. Customers choose them: half an emoji from a cut-off name cannot be stored,
    and signs that turn the direction of writing disguise what stands beside them in the console.
    """
    if not isinstance(value, str):
        return None
    visible = "".join(sign if sign.isprintable() or sign in _JOINERS else " " for sign in value)
    return " ".join(visible.split())[:MAX_NAME] or None


def _segments(value: object) -> frozenset[str]:
    """Names of groups. A claim that is no list of short names puts the customer in none, and so hides, never shows."""
    if not isinstance(value, list) or len(value) > MAX_SEGMENTS:
        return frozenset()
    return frozenset(name for name in value if isinstance(name, str) and 0 < len(name) <= MAX_SEGMENT_NAME)


class Passwords:
    """Argon2id, in a thread: one check takes 0.1–0.3 s of CPU and must not hold up the event loop."""

    def __init__(self) -> None:
        self._hash = PasswordHash.recommended()
        # Forty sign-ins at once filled all threads, and a customer's answer took 5.4 s instead of 0.5.
        self._one_at_a_time = asyncio.Lock()

    async def hash(self, password: str) -> str:
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._hash.hash, password)

    async def matches(self, password: str, stored: str | None) -> bool:
        """With `stored` None the same work is done, so that timing does not tell which addresses have accounts."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._matches, password, stored)

    def _matches(self, password: str, stored: str | None) -> bool:
        return self._hash.verify(password, stored or self._nobody) and stored is not None

    @cached_property
    def _nobody(self) -> str:
        return self._hash.hash("nobody has this password")
