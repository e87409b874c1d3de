"""Tables for terminals.

Enters: rows of text, which may come from alerts. Leaves: aligned lines. Never lets a control character through: what
somebody wrote into a label must not move the cursor or colour the screen.
"""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align columns, two spaces apart; the last one is as wide as it is."""
    lines = [[plain(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header) - 1)]
    return "\n".join("  ".join([*map(str.ljust, line, widths), line[-1]]).rstrip() for line in lines)


def plain(text: str) -> str:
    """Return text of one line: line feeds become spaces, control characters their escapes."""
    folded = " ".join(text.split("\n"))
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in folded)


def when(moment: str | None) -> str:
    """Write a time of the API as people read it: 2026-11-21 03:10 UTC."""
    return "" if not moment else f"{moment[:10]} {moment[11:16]} UTC"
