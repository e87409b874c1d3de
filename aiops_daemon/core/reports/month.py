"""A calendar month in a time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

_FORM = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, slots=True)
class Month:
    """A month from its first midnight to the next one's; unix seconds."""

    name: str  # 2026-10
    time_zone: str
    start: float
    end: float


def month_of(text: str, time_zone: str) -> Month:
    """Read `2026-10`; raises ValueError for what is no month."""
    found = _FORM.fullmatch(text)
    year, month = (int(part) for part in found.groups()) if found else (0, 0)
    if not 1 <= month <= 12 or not 1970 <= year <= 9998:
        raise ValueError(f"{text!r} is no month; write 2026-10")
    return Month(text, time_zone, _begin(year, month, time_zone), _begin(year + month // 12, month % 12 + 1, time_zone))


def _begin(year: int, month: int, time_zone: str) -> float:
    return datetime(year, month, 1, tzinfo=ZoneInfo(time_zone)).timestamp()
