"""E-mail: encryption, passwords, headers, what is tried again and what is not, and servers that hang."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from certificates import self_signed
from mail_server import PASSWORD, USER, Mailbox, mail_server
from notify_world import AT, BY_EVENT, HOSTILE, notification

from aiops_daemon.config.secret import FileSecret, HeldSecret
from aiops_daemon.core.model.channels.email import EmailSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.core.model.source import TlsSpec
from aiops_daemon.edges.notify.email import EmailNotifier
from aiops_daemon.edges.notify.render import Renderer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for mail.example that is its own CA."""
    return self_signed(tmp_path_factory.mktemp("tls"), "mail.example")


def plain(port: int, **changes: object) -> EmailSpec:
    """Describe a server without encryption."""
    spec = EmailSpec("aiops@example.org", "127.0.0.1", port, ("ops@example.org",), require_tls=False)
    return replace(spec, **changes)  # type: ignore[arg-type]


def encrypted(port: int, certificate: tuple[str, str], **changes: object) -> EmailSpec:
    """Describe a server with encryption."""
    tls = TlsSpec(ca_file=certificate[0], server_name="mail.example")
    return plain(port, require_tls=True, tls=tls, **changes)


@asynccontextmanager
async def notifier(spec: EmailSpec, deadline: float = 10.0) -> AsyncIterator[EmailNotifier]:
    """Open a channel, and close it."""
    renderer = Renderer()
    made = EmailNotifier(spec, renderer, deadline=deadline)
    try:
        yield made
    finally:
        await made.close()
        await renderer.close()


async def send(spec: EmailSpec, row: Notification | None = None) -> Outcome:
    """Send one letter."""
    async with notifier(spec) as channel:
        return await channel.send(row or notification())


async def letter(**changes: object) -> EmailMessage:
    """Send one letter and return what the server got."""
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        assert Sent() == await send(plain(port), notification(**changes))  # type: ignore[arg-type]
    return mailbox.letters()[0]


async def test_a_letter_has_two_parts_and_its_headers() -> None:
    """Subject, sender, both parts, no answer wanted from machines."""
    got = await letter()
    text, html = got.get_body(("plain",)), got.get_body(("html",))

    assert text is not None
    assert html is not None
    assert "5 of 7 alerts fire on 3 services" in text.get_content()
    assert "<b>checkout</b>" in html.get_content()
    assert "[P1] INC-42 Checkout answers too slowly" == got["Subject"]
    assert ("aiops@example.org", "ops@example.org") == (got["From"], got["To"])
    assert ("auto-generated", "high", "trigger") == (got["Auto-Submitted"], got["Importance"], got["X-Aiops-Event"])
    assert AT == got["Date"].datetime.timestamp()


async def test_letters_of_an_incident_are_a_thread() -> None:
    """Each has an id of its own, and all answer the same one."""
    first = await letter()
    last = await letter(message=BY_EVENT[MessageEvent.RESOLVE], uid="0199a0b0-0000-7000-8000-00000000d002")

    assert first["Message-ID"] != last["Message-ID"]
    assert first["References"] == first["In-Reply-To"] == last["References"] == last["In-Reply-To"]
    assert str(first["Message-ID"]).endswith("@example.org>")


async def test_a_retry_is_the_same_letter() -> None:
    """To the byte, so that mail servers can tell."""
    mailbox = Mailbox()
    async with mail_server(mailbox) as port, notifier(plain(port)) as channel:
        await channel.send(notification())
        await channel.send(notification(attempts=1))

    assert mailbox.raw[0] == mailbox.raw[1]


async def test_a_test_message_is_no_thread() -> None:
    """It belongs to no incident."""
    assert (await letter(message=BY_EVENT[MessageEvent.TEST]))["References"] is None


async def test_alert_text_adds_no_header() -> None:
    """Line breaks in a title end no header; half characters and control characters do not travel."""
    got = await letter(message=HOSTILE, uid="x\r\nBcc: eve@example.org", incident="y>\r\nBcc: eve@example.org")

    assert got["Bcc"] is None
    assert [] == got.defects
    assert got["Subject"].startswith("[Bcc: eve@example.org <script>")
    assert {"text/plain", "text/html"} == {part.get_content_type() for part in got.iter_parts()}


async def test_further_headers_are_sent() -> None:
    """As configured."""
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        await send(plain(port, headers=(("X-Team", "shop"),)))

    assert "shop" == mailbox.letters()[0]["X-Team"]


async def test_a_person_is_written_to_at_their_address() -> None:
    """Where the channel has no addresses of its own."""
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        assert Sent() == await send(plain(port, to=()), notification(address="bo@example.org"))

    assert [["bo@example.org"]] == mailbox.to


@pytest.mark.parametrize(
    "address", ["", "bo", "bo@example.org\r\nRCPT TO:<eve@example.org>", "a@b, c@d", "<a@b>", "bö@example.org"]
)
async def test_an_address_that_is_none_is_not_written_to(address: str) -> None:
    """It cannot smuggle a command; trying again would not help."""
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        outcome = await send(plain(port, to=()), notification(address=address))

    assert Failed(FailureReason.CLIENT_ERROR, "there is no mail address to write to", retry=False) == outcome
    assert [] == mailbox.raw


async def test_starttls_with_password(certificate: tuple[str, str], tmp_path: Path) -> None:
    """The certificate is checked, the password read from its file, the letter encrypted."""
    mailbox, file = Mailbox(), tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    async with mail_server(mailbox, tls=certificate, auth=True) as port:
        spec = encrypted(port, certificate, username=USER, password=FileSecret(file))
        assert Sent() == await send(spec)

    assert [True] == mailbox.encrypted
    assert mailbox.users


async def test_tls_from_the_first_byte(certificate: tuple[str, str]) -> None:
    """As on port 465."""
    mailbox = Mailbox()
    async with mail_server(mailbox, tls=certificate, implicit=True) as port:
        assert Sent() == await send(encrypted(port, certificate, implicit_tls=True))

    assert 1 == len(mailbox.raw)


@pytest.mark.parametrize("implicit", [False, True])
async def test_an_unknown_certificate_is_refused(certificate: tuple[str, str], implicit: bool) -> None:
    """Nothing is said to a server that is not who it should be."""
    mailbox = Mailbox()
    async with mail_server(mailbox, tls=certificate, implicit=implicit) as port:
        outcome = await send(plain(port, require_tls=True, implicit_tls=implicit))

    assert isinstance(outcome, Failed)
    assert (FailureReason.UNREACHABLE, True) == (outcome.reason, outcome.retry)
    assert "certificate" in outcome.detail
    assert [] == mailbox.raw


async def test_without_starttls_nothing_is_sent() -> None:
    """A server that does not offer what is required gets no letter."""
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        outcome = await send(plain(port, require_tls=True))

    assert Failed(FailureReason.CLIENT_ERROR, "the server does not offer STARTTLS", retry=False) == outcome
    assert [] == mailbox.raw


@pytest.mark.parametrize(("known", "outcome"), [("schlüssel-ñ", Sent()), ("another", None)])
async def test_a_password_beyond_ascii(certificate: tuple[str, str], known: str, outcome: Outcome | None) -> None:
    """It goes as UTF-8, which smtplib does not do; a wrong one is an answer of the server's."""
    async with mail_server(Mailbox(password=known), tls=certificate, auth=True) as port:
        told = await send(encrypted(port, certificate, username=USER, password=HeldSecret("schlüssel-ñ")))

    assert (outcome or FailureReason.AUTH_ERROR) == (told.reason if isinstance(told, Failed) else told)


async def test_a_password_as_auth_plain_sends_it_is_not_told(certificate: tuple[str, str]) -> None:
    """Some servers repeat the command that they refuse."""
    said = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    async with mail_server(Mailbox({"RCPT": f"550 AUTH PLAIN {said} is wrong"}), tls=certificate, auth=True) as port:
        outcome = await send(encrypted(port, certificate, username=USER, password=HeldSecret(PASSWORD)))

    assert isinstance(outcome, Failed)
    assert "SMTP 550: AUTH PLAIN <secret> is wrong" == outcome.detail


async def test_a_wrong_password_is_an_auth_error(certificate: tuple[str, str]) -> None:
    """It is not repeated, and not told."""
    async with mail_server(Mailbox(), tls=certificate, auth=True) as port:
        outcome = await send(encrypted(port, certificate, username=USER, password=HeldSecret("wrong-password")))

    assert isinstance(outcome, Failed)
    assert (FailureReason.AUTH_ERROR, False) == (outcome.reason, outcome.retry)
    assert "wrong-password" not in outcome.detail


async def test_a_password_file_that_is_gone_is_tried_again(tmp_path: Path) -> None:
    """Secrets are replaced; it may be there soon."""
    outcome = await send(plain(1, username=USER, password=FileSecret(tmp_path / "gone")))

    assert isinstance(outcome, Failed)
    assert (FailureReason.AUTH_ERROR, True) == (outcome.reason, outcome.retry)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "reason", "retry"),
    [
        ("421 4.3.2 going down", FailureReason.SERVER_ERROR, True),
        ("451 4.7.1 greylisted", FailureReason.SERVER_ERROR, True),
        ("452 4.2.2 mailbox full", FailureReason.SERVER_ERROR, True),
        ("550 5.1.1 no such user", FailureReason.CLIENT_ERROR, False),
        ("554 5.7.1 spam", FailureReason.CLIENT_ERROR, False),
        ("530 5.7.0 authentication required", FailureReason.AUTH_ERROR, False),
    ],
)
async def test_codes_say_what_is_tried_again(step: str, answer: str, reason: FailureReason, retry: bool) -> None:
    """4xx later, 5xx never, at whatever step."""
    async with mail_server(Mailbox({step: answer})) as port:
        outcome = await send(plain(port))

    assert Failed(reason, f"SMTP {answer[:3]}:{answer[3:]}", retry) == outcome


async def test_one_refused_address_does_not_send_to_the_others_again(caplog: pytest.LogCaptureFixture) -> None:
    """The letter is sent; the log names who did not get it."""
    mailbox = Mailbox({"gone@example.org": "550 no such user"})
    async with mail_server(mailbox) as port:
        with caplog.at_level(logging.WARNING):
            outcome = await send(plain(port, to=("ops@example.org", "gone@example.org")))

    assert Sent() == outcome
    assert [["ops@example.org"]] == mailbox.to
    assert ["gone@example.org"] == [record.fields["address"] for record in caplog.records]  # type: ignore[attr-defined]


async def test_nobody_there() -> None:
    """A refused connection is tried again."""
    outcome = await send(plain(1))

    assert Failed(FailureReason.UNREACHABLE, "connection refused", retry=True) == outcome


@pytest.mark.parametrize("where", ["greeting", "DATA"])
async def test_a_server_that_hangs_ends_with_the_deadline(where: str) -> None:
    """The loop turns meanwhile, and the connection is shut, which lets the thread go."""
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.set()

    mailbox = Mailbox(hang=asyncio.Event())
    silence = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with mail_server(mailbox) as port, silence:
        where_to = silence.sockets[0].getsockname()[1] if where == "greeting" else port
        async with notifier(plain(where_to), deadline=0.3) as channel:
            outcome = await channel.send(notification())
        if where == "greeting":
            await asyncio.wait_for(gone.wait(), 5)

    assert Failed(FailureReason.DEADLINE_EXCEEDED, "no answer in time", retry=True) == outcome


async def test_an_attempt_that_is_cancelled_hangs_up() -> None:
    """Delivery gives up by cancelling; the thread does not go on behind its back."""
    began, gone = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began.set()
        await reader.read()
        writer.close()
        gone.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, notifier(plain(server.sockets[0].getsockname()[1])) as channel:
        attempt = asyncio.create_task(channel.send(notification()))
        await began.wait()
        attempt.cancel()
        await asyncio.wait_for(gone.wait(), 5)

    assert attempt.cancelled()


async def test_a_connection_that_breaks_is_tried_again() -> None:
    """So is one with what speaks no SMTP."""

    async def rude(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def web(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    for serve in (rude, web):
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            outcome = await send(plain(server.sockets[0].getsockname()[1]))

        assert isinstance(outcome, Failed)
        assert outcome.retry


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
@pytest.mark.parametrize(("host", "sent"), [("127.0.0.1", True), ("127.0.0.2", False)])
async def test_a_password_stays_at_home_without_encryption(host: str, sent: bool) -> None:
    """Another machine would get it in the clear, and is not logged into."""
    mailbox = Mailbox()
    async with mail_server(mailbox, auth=True, host=host) as port:
        outcome = await send(plain(port, host=host, username=USER, password=HeldSecret(PASSWORD)))

    assert sent == isinstance(outcome, Sent)
    assert sent == bool(mailbox.users)
