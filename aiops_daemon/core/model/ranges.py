"""How Alertmanager writes the ranges of a time interval: `monday:friday`, `1:5`, `-3:-1`, `january:march`, `08:00`.

Enters: one text as written. Leaves: first and last, both included, as `TimeInterval` holds them. Accepts what
Alertmanager accepts and refuses what it refuses; the words of a refusal never repeat the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from aiops_daemon.core.model.timeinterval import Range

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_CLOCK = re.compile(r"((?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,4}", re.ASCII)
_SHORTEST_MONTH = 28


def weekdays(text: str) -> Range:
    """Read `monday:friday` or one day; 0 is Sunday. Raises ValueError."""
    return _range(text, lambda word: _named(word, WEEKDAYS, "a weekday"))


def months(text: str) -> Range:
    """Read `january:march`, `1:3` or one month; raises ValueError. A number that no month has is taken, as there."""
    return _range(text, _month)


def years(text: str) -> Range:
    """Read `2026:2028` or one year. Raises ValueError."""
    return _range(text, lambda word: _whole(word, "a year"))


def days_of_month(text: str) -> Range:
    """Read `1:5`, or `-3:-1` counted from the end of the month; raises ValueError.

    Refused like Alertmanager does: from the end into the beginning, and what is backwards even in February.
    """
    first, last = _bounds(text, _day)
    if first < 0 < last:
        raise ValueError("begins at the end of the month and ends at its beginning")
    if _in_february(first) > _in_february(last):
        raise ValueError("ends before it begins")
    return first, last


def times(start: str, end: str) -> Range:
    """Read two times of day as minutes, the end left out of the range; raises ValueError."""
    first, last = minute(start), minute(end)
    if first >= last:
        raise ValueError("must end after it begins; split one that passes midnight in two")
    return first, last


def minute(text: str) -> int:
    """Read `08:00` as minutes since midnight, up to `24:00`; raises ValueError."""
    if not _CLOCK.fullmatch(text):
        raise ValueError("is no time of day; write HH:MM, from 00:00 to 24:00")
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _range(text: str, member: Callable[[str], int]) -> Range:
    first, last = _bounds(text, member)
    if first > last:
        raise ValueError("ends before it begins; split it in two")
    return first, last


def _bounds(text: str, member: Callable[[str], int]) -> Range:
    words = text.lower().split(":")
    if len(words) > 2:
        raise ValueError("is no range; write first:last")
    return member(words[0]), member(words[-1])


def _named(word: str, names: tuple[str, ...], what: str) -> int:
    if word not in names:
        raise ValueError(f"is no name of {what}; write it out in English, such as {names[1]}")
    return names.index(word)


def _month(word: str) -> int:
    if not _NUMBER.fullmatch(word):
        return _named(word, MONTHS, "a month") + 1
    return int(word)


def _day(word: str) -> int:
    day = _whole(word, "a day")
    if day == 0 or not -31 <= day <= 31:
        raise ValueError("is no day of a month; write 1 to 31, or -1 (the last) to -31")
    return day


def _whole(word: str, what: str) -> int:
    if not _NUMBER.fullmatch(word):
        raise ValueError(f"is not {what}; write a number, or first:last")
    return int(word)


def _in_february(day: int) -> int:
    return day if day > 0 else _SHORTEST_MONTH + day
