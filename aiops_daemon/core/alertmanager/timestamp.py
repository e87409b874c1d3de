"""Times as Go writes them (RFC 3339 with up to nanoseconds) as unix seconds.

Enters: text. Leaves: a float, None for Go's zero time (year 1). Never depends on a local time zone.
"""

from __future__ import annotations

import re
from datetime import date

_FORM = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,18}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):?([0-9]{2}))"
)
_EPOCH = date(1970, 1, 1).toordinal()


def parse(text: str) -> float | None:
    """Read a time of the years 1 to 9999; year 1 is Go's "no time": None. Raises ValueError when it is none."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError("no RFC 3339 time")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    if hour > 23 or minute > 59 or second > 60:  # 60: a leap second
        raise ValueError("no time of day")
    days = date(year, month, day).toordinal() - _EPOCH
    if year == 1:
        return None
    whole = days * 86_400 + hour * 3_600 + minute * 60 + second - _offset(*found.groups()[7:])
    return whole + float(f"0.{found[7]}") if found[7] else float(whole)


def _offset(sign: str | None, hours: str | None, minutes: str | None) -> int:
    if sign is None or hours is None or minutes is None:
        return 0
    seconds = int(hours) * 3_600 + int(minutes) * 60
    return -seconds if sign == "-" else seconds
