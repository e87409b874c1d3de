"""Messages as e-mail, through one SMTP server.

Enters: a notification. Leaves: one attempt to hand in one letter. smtplib blocks, so it speaks on threads of its own
kind: a mail server that hangs holds up neither the loop nor any other channel, and ends with the deadline. The words of
a failure are the server's, without the password.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import re
import smtplib
from concurrent.futures import ThreadPoolExecutor

from aiops_daemon.core.model.channels.email import EmailSpec
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.edges.http import Credentials
from aiops_daemon.edges.notify.exchange import unusable
from aiops_daemon.edges.notify.letter import letter
from aiops_daemon.edges.notify.render import Renderer, TemplateError
from aiops_daemon.edges.notify.sandbox import Medium
from aiops_daemon.edges.notify.smtp import Call, UnencryptedError, plain
from aiops_daemon.edges.notify.statuses import unreachable
from aiops_daemon.errors import SourceError
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

DEADLINE = 15.0  # seconds from the first byte to the last, below what delivery grants an attempt
_THREADS = 4
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}")  # RFC 5321, without quotes
_AUTH_CODES = frozenset((530, 534, 535, 538))  # RFC 4954, 6
_TOLD = 300


class EmailNotifier:
    """Hands letters to one server."""

    def __init__(self, spec: EmailSpec, renderer: Renderer, *, deadline: float = DEADLINE) -> None:
        self._spec, self._renderer, self._deadline = spec, renderer, deadline
        self._threads: ThreadPoolExecutor | None = None

    async def send(self, notification: Notification) -> Outcome:
        """Hand in one letter once."""
        to = self._spec.to or (notification.address.strip(),)
        if not all(_ADDRESS.fullmatch(one) for one in to):
            return Failed(FailureReason.CLIENT_ERROR, "there is no mail address to write to", retry=False)
        try:
            password = self._spec.password().strip() if self._spec.password else ""
        except (OSError, ValueError) as error:
            return Failed(FailureReason.AUTH_ERROR, f"the password cannot be read: {type(error).__name__}", retry=True)
        try:
            written = letter(notification, self._spec, to, await self._words(notification))
        except TemplateError as error:
            return Failed(FailureReason.TEMPLATE_ERROR, str(error), retry=False)
        try:
            async with asyncio.timeout(self._deadline):
                refused = await self._handed_in(Call(self._spec, password, self._deadline), written, to)
        except SourceError as error:
            return unusable(error)
        except (smtplib.SMTPException, UnencryptedError, OSError, ValueError) as error:
            return failure(error, _known(self._spec.username, password))
        for address, (code, _) in refused.items():
            told = fields(destination=notification.destination, address=address, code=code)
            log.warning("mail server refused an address", extra=told)
        return Sent()

    async def close(self) -> None:
        """Let go of the threads; idempotent."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None

    async def _handed_in(self, call: Call, written: bytes, to: tuple[str, ...]) -> dict[str, tuple[int, bytes]]:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, "email")
        try:
            loop = asyncio.get_running_loop()
            return dict(await loop.run_in_executor(self._threads, call.hand_in, written, to))
        finally:
            call.break_off()

    async def _words(self, notification: Notification) -> tuple[str, str, str]:
        message, render = notification.message, self._renderer.render
        return (
            await render("email.subject", Medium.TEXT, message),
            await render("email", Medium.TEXT, message),
            await render("email", Medium.HTML, message),
        )


def failure(error: Exception, known: Credentials) -> Failed:
    """Return what went wrong: 4xx and broken connections may be tried again, 5xx not (RFC 5321, 4.2.1)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        # All are refused; one of them that may be taken later is worth another attempt.
        code, words = min(error.recipients.values(), default=(0, b""))
        return _answered(code, words, known)
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered(error.smtp_code, error.smtp_error, known)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Failed(FailureReason.UNREACHABLE, "the mail server closed the connection", retry=True)
    if isinstance(error, UnencryptedError | smtplib.SMTPNotSupportedError):
        return Failed(FailureReason.CLIENT_ERROR, str(error), retry=False)
    if isinstance(error, smtplib.SMTPException):
        return Failed(FailureReason.OTHER, f"the mail server spoke no SMTP ({type(error).__name__})", retry=True)
    return unreachable(error)


def _answered(code: int, words: bytes | str, known: Credentials) -> Failed:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    detail = " ".join(f"SMTP {code}: {known.redact(text)}".split())[:_TOLD]
    if code in _AUTH_CODES:
        return Failed(FailureReason.AUTH_ERROR, detail, retry=False)
    if code // 100 == 4:
        return Failed(FailureReason.SERVER_ERROR, detail, retry=True)
    if code // 100 == 5:
        return Failed(FailureReason.CLIENT_ERROR, detail, retry=False)
    return Failed(FailureReason.OTHER, detail, retry=True)


def _known(user: str, password: str) -> Credentials:
    """Return what to cut out: the password, alone and as AUTH LOGIN and AUTH PLAIN send it."""
    if not password:
        return Credentials({}, ())
    return Credentials({}, (password, base64.b64encode(password.encode()).decode(), plain(user, password)))
