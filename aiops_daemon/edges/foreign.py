"""What comes from outside, made fit to be shown: text as one line, addresses that are of the web, moments in a zone.

Enters: text of alerts and people. Leaves: text without control characters, cut to a length; or the answer whether an
address may become a link. Never escapes for a medium: that is the medium's own.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiops_daemon.core.model.quantity import UNKNOWN, utc


def one_line(text: str, most: int) -> str:
    """Return at most `most` characters, without line breaks and what steers terminals or the direction of writing."""
    head = text[: 4 * most + 4]  # blanks are rarely more of a text; a huge one is not walked through
    flat = " ".join("".join(" " if unicodedata.category(char)[0] == "C" else char for char in head).split())
    if len(flat) <= most and len(head) == len(text):
        return flat
    return flat[: most - 1].rstrip() + "…"


def is_web(url: str, most: int) -> bool:
    """Say whether this is an http or https address of at most `most` printable characters."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and len(url) <= most and url.isprintable()


def in_zone(at: float | None, time_zone: str) -> datetime | None:
    """Return a moment in its zone; in UTC where the zone is not known or the calendar ends there."""
    there = utc(at)
    if there is None:
        return None
    try:
        return there.astimezone(ZoneInfo(time_zone))
    except (ZoneInfoNotFoundError, ValueError, OverflowError, OSError):
        return there


def local_time(at: float | None, time_zone: str, *, without: str = UNKNOWN) -> str:
    """Say a moment to the minute in a zone: 2026-11-21 04:10 CET; `without` for none."""
    local = in_zone(at, time_zone)
    return f"{local:%Y-%m-%d %H:%M %Z}" if local else without
