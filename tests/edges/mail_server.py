"""A mail server on the test's own loop: TLS, STARTTLS, AUTH, and answers as told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "aiops", "hunter2-hunter2"


@dataclass
class Mailbox:
    """What came in, and what is answered; keys are MAIL, RCPT, DATA and addresses."""

    answers: dict[str, str] = field(default_factory=dict)
    raw: list[bytes] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    password: str = PASSWORD
    hang: asyncio.Event | None = None  # DATA waits for it

    def letters(self) -> list[EmailMessage]:
        """Read what came in as a mail program does; no property, for the server looks at every one of its handler."""
        return [message_from_bytes(raw, policy=default) for raw in self.raw]  # type: ignore[misc]

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.answers.get(address) or self.answers.get("RCPT", "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.hang is not None:
            await self.hang.wait()
        answer = self.answers.get("DATA", "250 OK")
        if answer.startswith("250"):
            self.raw.append(bytes(envelope.content or b""))
            self.to.append(list(envelope.rcpt_tos))
            self.encrypted.append(session.ssl is not None)
        return answer

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, mechanism: str, given: Any) -> AuthResult:
        """Take the one user."""
        right = isinstance(given, LoginPassword) and (given.login, given.password) == (
            USER.encode(),
            self.password.encode(),
        )
        self.users.append(mechanism)
        return AuthResult(success=right, handled=False)


@asynccontextmanager
async def mail_server(
    mailbox: Mailbox,
    *,
    tls: tuple[str, str] | None = None,
    implicit: bool = False,
    auth: bool = False,
    host: str = "127.0.0.1",
) -> AsyncIterator[int]:
    """Serve until left; yields the port. With `tls` (certificate, key) by STARTTLS, or from the first byte."""
    context = None
    if tls is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*tls)
    loop = asyncio.get_running_loop()
    made: list[SMTP] = []

    def make() -> SMTP:
        made.append(
            SMTP(
                mailbox,
                hostname="mail.example",
                loop=loop,
                tls_context=None if implicit else context,
                require_starttls=context is not None and not implicit,
                auth_required=auth,
                auth_require_tls=context is not None and not implicit,
                authenticator=mailbox.authenticate if auth else None,
            )
        )
        return made[-1]

    server = await loop.create_server(make, host, 0, ssl=context if implicit else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        if mailbox.hang is not None:
            mailbox.hang.set()
        server.close()
        await server.wait_closed()
        for one in made:
            if one.transport is not None:
                one.transport.abort()
        await asyncio.sleep(0)
