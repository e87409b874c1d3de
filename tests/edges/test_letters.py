"""Letters of any text: they can be written, read back, and hold no header that alerts made."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from hypothesis import example, given
from hypothesis import strategies as st
from notify_world import notification

from aiops_daemon.core.model.channels.email import EmailSpec
from aiops_daemon.edges.notify.letter import LONGEST_SUBJECT, letter
from aiops_daemon.edges.notify.wording import plain

SPEC = EmailSpec("aiops@example.org", "mail.example.org", 587, ("ops@example.org",))
OURS = [
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "X-Aiops-Event"),
    *("In-Reply-To", "References", "Importance", "X-Priority", "MIME-Version", "Content-Type"),
]


def read(raw: bytes) -> EmailMessage:
    """Read a letter as a mail program does."""
    return message_from_bytes(raw, policy=default)  # type: ignore[return-value]


@given(st.text(), st.text())
@example("x" * 500, "")
@example("ü" * 500, "")
@example("\U0001f525 " * 100, "\ud800\r\n.\r\n")
@example("a =?utf-8?q?b?= c", ".\n..\nFrom x\n")
@example('a, b: c; <d@e> (f) "g', "\r\nBcc: eve@example.org")
def test_any_subject_and_text_make_a_letter(subject: str, text: str) -> None:
    """Header names are ours whatever the text; every line is ASCII and no longer than SMTP allows (RFC 5322, 2.1.1)."""
    raw = letter(notification(), SPEC, SPEC.to, (plain(subject), plain(text), f"<p>{plain(text)}</p>"))
    got = read(raw)

    assert OURS == list(got.keys())
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert [] == got.defects
    body = got.get_body(("plain",))
    assert body is not None
    assert plain(text) == body.get_content().rstrip("\n").strip()


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_categories=["Cc"]), max_size=60))
def test_a_subject_arrives_as_it_was(subject: str) -> None:
    """What is no longer than a subject may be."""
    clean = plain(subject)
    got = read(letter(notification(), SPEC, SPEC.to, (clean, "x", "x")))

    assert (clean[:LONGEST_SUBJECT] or "aiops-daemon") == got["Subject"]


@given(st.text(max_size=200), st.text(max_size=200))
def test_ids_of_any_text_make_headers(uid: str, incident: str) -> None:
    """They are ours, but what is read back from a store is not trusted with a header."""
    got = read(letter(notification(uid=uid, incident=incident or "x"), SPEC, SPEC.to, ("s", "t", "h")))

    assert OURS == list(got.keys())
    assert str(got["Message-ID"]).endswith("@example.org>")
