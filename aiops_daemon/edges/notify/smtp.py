"""One conversation with a mail server, on a thread, which the event loop can break off.

Enters: a letter. Leaves: the addresses that the server refused, or an exception of smtplib, ssl or the system. The
password never goes over an unencrypted connection, except to the machine itself; the server's offers are believed only
as they are repeated under TLS.
"""

from __future__ import annotations

import base64
import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Mapping

from aiops_daemon.core.model.channels.email import EmailSpec
from aiops_daemon.edges.http import tls_context

_HERE = frozenset(("localhost", "127.0.0.1", "::1"))


class UnencryptedError(Exception):
    """The server does not offer the encryption without which nothing may be said to it."""


class _Line(smtplib.SMTP):
    """SMTP whose TLS takes the configured name, and whose socket is known before the greeting."""

    def __init__(self, call: Call, context: ssl.SSLContext | None, timeout: float) -> None:
        self._call, self._context = call, context
        super().__init__(local_hostname=call.spec.hello, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected = self._call.hold(socket.create_connection((host, port), timeout))
        return self._wrapped(connected) if self._call.spec.implicit_tls else connected

    def _wrapped(self, connected: socket.socket) -> socket.socket:
        spec = self._call.spec
        context = self._context or ssl.create_default_context()
        return self._call.hold(context.wrap_socket(connected, server_hostname=spec.tls.server_name or spec.host))

    def secure(self) -> None:
        """Begin TLS (RFC 3207): everything learned before is forgotten."""
        self.ehlo_or_helo_if_needed()
        if not self.has_extn("starttls"):
            raise UnencryptedError("the server does not offer STARTTLS")
        code, words = self.docmd("STARTTLS")
        if code != 220:
            raise smtplib.SMTPResponseException(code, words)
        assert self.sock is not None  # noqa: S101
        self.sock = self._wrapped(self.sock)
        self.file = None
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False


class Call:
    """One attempt to hand in one letter."""

    def __init__(self, spec: EmailSpec, password: str, timeout: float) -> None:
        self.spec = spec
        self._password = password
        self._timeout = timeout  # of each step; the whole is bounded by whoever breaks it off
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._over = False

    def hold(self, connected: socket.socket) -> socket.socket:
        """Remember what to shut when the call is broken off; raises TimeoutError when it was already."""
        with self._lock:
            if self._over:
                connected.close()
                raise TimeoutError
            self._socket = connected
        return connected

    def break_off(self) -> None:
        """Shut the connection, which ends the thread's waiting; idempotent, from any thread."""
        with self._lock:
            self._over = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def hand_in(self, letter: bytes, to: tuple[str, ...]) -> Mapping[str, tuple[int, bytes]]:
        """Say everything from the greeting to the end; return the addresses that were refused while others were not."""
        spec = self.spec
        context = tls_context(spec.tls) if spec.implicit_tls or spec.require_tls else None
        line = _Line(self, context, self._timeout)
        try:
            code, words = line.connect(spec.host, spec.port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, words)
            if spec.require_tls and not spec.implicit_tls:
                line.secure()
            line.ehlo_or_helo_if_needed()
            if spec.username:
                self._log_in(line)
            refused = line.sendmail(spec.sender, to, letter)
            # It is accepted: however the parting goes, it is no failure.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                line.quit()
            return refused
        finally:
            line.close()

    def _log_in(self, line: _Line) -> None:
        if not isinstance(line.sock, ssl.SSLSocket) and self.spec.host not in _HERE:
            raise UnencryptedError("the password would go over an unencrypted connection; set require_tls")
        if f"{self.spec.username}{self._password}".isascii():
            line.login(self.spec.username, self._password)
            return
        if "PLAIN" not in line.esmtp_features.get("auth", "").split():
            raise smtplib.SMTPNotSupportedError("a password beyond ASCII takes AUTH PLAIN, which is not offered")
        code, words = line.docmd("AUTH", f"PLAIN {plain(self.spec.username, self._password)}")  # smtplib's is ASCII
        if code != 235:
            raise smtplib.SMTPAuthenticationError(code, words)


def plain(user: str, password: str) -> str:
    """Return what AUTH PLAIN says, in UTF-8 (RFC 4616, 2)."""
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()
