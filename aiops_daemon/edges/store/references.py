"""How people name an incident: INC-42, inc-42, 42 or its uid."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?:INC-)?0*([0-9]{1,18})", re.IGNORECASE | re.ASCII)


def number_of(reference: str) -> int | None:
    """Return the number that a reference gives; None when it can only be a uid."""
    found = _NUMBER.fullmatch(reference.strip())
    return int(found[1]) if found else None
