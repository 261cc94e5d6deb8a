"""Mail to customers: by SMTP, or into a list that the demo's shop page shows. The only file that knows aiosmtplib."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from tools.verification import Mail, MailFailed

log = logging.getLogger(__name__)
_SECONDS: Final = 15.0
_KEPT: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """`smtp://user:password@host:587` starts in the open and must switch to TLS; `smtps://` is TLS from the start.

    Only `smtp://` to this machine itself goes without.
    """

    host: str
    port: int
    username: str | None
    password: str | None
    tls: bool

    @classmethod
    def parse(cls, url: str) -> MailServer:
        """Raises ValueError, without repeating the URL: it may hold a password."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("the mail server's URL must be smtp://host:587 or smtps://host:465")
        tls = parts.scheme == "smtps"
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if tls else 587),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=tls,
        )

    @property
    def local(self) -> bool:
        return self.host in ("localhost", "127.0.0.1", "::1")


class SmtpMailer:
    def __init__(self, server: MailServer, *, sender: str) -> None:
        self._server = server
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        """Raises MailFailed."""
        server = self._server
        try:
            await aiosmtplib.send(
                self._written(mail),
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password,
                use_tls=server.tls,
                start_tls=None if server.local or server.tls else True,
                timeout=_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as failure:
            raise MailFailed(type(failure).__name__) from failure

    def _written(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = mail.to  # EmailMessage refuses line breaks in it: no second header can be smuggled in
        message["Subject"] = mail.subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2].rstrip(">") or "localhost")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message


class DemoMailbox:
    """Every demo customer's mailbox at once: the last mails, kept in memory and written to the log."""

    def __init__(self) -> None:
        self.mails: deque[Mail] = deque(maxlen=_KEPT)

    async def send(self, mail: Mail) -> None:
        self.mails.append(mail)
        log.warning("mail to %s: %s", mail.to, mail.subject)
