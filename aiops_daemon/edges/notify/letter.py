"""One message as one e-mail: headers, a text part and an HTML part.

Enters: a notification and its words. Leaves: bytes, the same for every attempt. All messages of an incident answer the
same Message-ID, so that mail programs show one thread. Text of alerts cannot add a header: values are one line.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from aiops_daemon.core.model.channels.email import EmailSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Notification
from aiops_daemon.core.model.quantity import utc

LONGEST_SUBJECT = 200  # characters
_UNFIT = re.compile(r"[^A-Za-z0-9.-]+")  # in the left part of a Message-ID, kept simple
_URGENT = frozenset((MessageEvent.TRIGGER, MessageEvent.STORM))


def letter(notification: Notification, spec: EmailSpec, to: tuple[str, ...], words: tuple[str, str, str]) -> bytes:
    """Write a letter; `words` are subject, text and HTML."""
    subject, text, html = words
    message = EmailMessage(policy=SMTP)
    headers = {
        "From": spec.sender,
        "To": ", ".join(to),
        "Subject": _one_line(subject)[:LONGEST_SUBJECT] or "aiops-daemon",
        "Date": format_datetime(utc(notification.created_at) or datetime(1970, 1, 1, tzinfo=UTC)),
        "Message-ID": f"<{_id(notification.uid)}@{_domain(spec)}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
        "X-Auto-Response-Suppress": "All",
        "X-Aiops-Event": str(notification.message.event),
    }
    if notification.incident:
        root = f"<incident-{_id(notification.incident)}@{_domain(spec)}>"
        headers |= {"In-Reply-To": root, "References": root}
    if notification.message.severity == "critical" and notification.message.event in _URGENT:
        headers |= {"Importance": "high", "X-Priority": "1"}
    for name, value in (headers | dict(spec.headers)).items():
        message[name] = _one_line(value)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    # The library's own boundary is random; a retry should be the same letter to the byte.
    message.set_boundary(f"=_{hashlib.sha256(notification.uid.encode()).hexdigest()[:32]}")
    return message.as_bytes()


def _one_line(text: str) -> str:
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _id(text: str) -> str:
    """Return an id that a header may carry."""
    return _UNFIT.sub("-", text)[:100] or "none"


def _domain(spec: EmailSpec) -> str:
    return _UNFIT.sub("-", spec.sender.rpartition("@")[2]) or "localhost"
