"""Who is asking: the shop's identity tokens, our own widget sessions, and passwords of human agents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import jwt
from pwdlib import PasswordHash

from conversations.model import CustomerId

IDENTITY_AUDIENCE = "baton"
SESSION_AUDIENCE = "baton-widget"
IDENTITY_MAX_AGE = timedelta(minutes=15)
VERIFIED_SESSION = timedelta(hours=1)
VISITOR_SESSION = timedelta(days=30)
MAX_NAME = 200
MAX_SEGMENTS = 50
MAX_SEGMENT_NAME = 64
_ALGORITHM = "HS256"
_LAST_INSTANT = 253_402_300_799  # 9999-12-31; beyond it there is no date to compare with
_JOINERS = frozenset("\u200c\u200d")  # between letters of Persian and the parts of an emoji


class InvalidIdentity(Exception):
    """The identity token is broken, expired, too long-lived, or not the shop's."""


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
class WidgetSession:
    customer_id: CustomerId
    verified: bool


class Tokens:
    """Signs and reads tokens. Times are checked against the clock that was passed in."""

    def __init__(self, *, session_key: str, identity_key: str, clock: Callable[[], datetime]) -> None:
        self._session_key = session_key
        self._identity_key = identity_key
        self._clock = clock

    def read_identity(self, token: str) -> Identity:
        """What a shop's token says. Raises InvalidIdentity."""
        claims = self._read(token, self._identity_key, IDENTITY_AUDIENCE)
        if claims is None or self._remaining(claims) > IDENTITY_MAX_AGE:
            raise InvalidIdentity
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
        }
        return self._sign(claims, self._identity_key, IDENTITY_AUDIENCE, valid_for)

    def new_session(self, session: WidgetSession) -> tuple[str, datetime]:
        """A session token and the instant at which it expires."""
        valid_for = VERIFIED_SESSION if session.verified else VISITOR_SESSION
        claims: dict[str, object] = {"sub": session.customer_id, "verified": session.verified}
        return self._sign(claims, self._session_key, SESSION_AUDIENCE, valid_for), self._clock() + valid_for

    def read_session(self, token: str) -> WidgetSession:
        """Raises InvalidSession."""
        claims = self._read(token, self._session_key, SESSION_AUDIENCE)
        if claims is None:
            raise InvalidSession
        return WidgetSession(customer_id=CustomerId(str(claims["sub"])), verified=claims.get("verified") is True)

    def _sign(self, claims: Mapping[str, object], key: str, audience: str, valid_for: timedelta) -> str:
        now = self._clock()
        times = {"iat": now, "exp": now + valid_for}
        return jwt.encode({**claims, **times, "aud": audience}, key, algorithm=_ALGORITHM)

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
