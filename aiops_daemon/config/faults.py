"""What is wrong with a configuration, as values.

A fault says where (file, line, column, dotted path), what, and what to do about it. It never repeats a value of
the file: the place is enough to find it, and a value may be a secret.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong (or, as a warning, doubtful); line 0 means that it came from no file."""

    path: str
    line: int
    column: int
    message: str
    remedy: str = ""
    file: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        words = f"{self.message}; {self.remedy}" if self.remedy else self.message
        return ": ".join(part for part in (place, self.path, words) if part)


def dotted(path: Path) -> str:
    """Write a path for people: `queries[0].labels.team`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def did_you_mean(wrong: object, known: Iterable[str]) -> str:
    """Return `did you mean 'x'?` for the closest known name, or nothing when none is close."""
    close = difflib.get_close_matches(str(wrong)[:100], list(known), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""
