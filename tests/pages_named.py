"""Which page names which incident: its own, or the storm page of a destination.

Enters: what PagerDuty was sent. Leaves: by name of an incident the keys under which it was named last, and when first.
A storm page is sent again and again, and each version names all: the last one that was taken counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from fake_pagerduty import Request


class Naming(NamedTuple):
    """Where an incident was named, and when (unix seconds) that was first."""

    keys: list[str]
    first_at: float


def named(requests: Iterable[Request]) -> dict[str, Naming]:
    """Return where each incident was named, by its name."""
    last: dict[tuple[str, str], list[str]] = {}
    first: dict[str, float] = {}
    for one in requests:
        if one.status == 202 and one.body.get("event_action") == "trigger":
            names = _names(one.body["payload"]["custom_details"])
            last[one.body["routing_key"], one.body["dedup_key"]] = names
            for name in names:
                first.setdefault(name, one.at)
    keys = defaultdict(list)
    for (_, key), names in last.items():
        for name in names:
            keys[name].append(key)
    return {name: Naming(found, first[name]) for name, found in keys.items()}


def _names(details: dict[str, Any]) -> list[str]:
    """Return the names in one page: a line of a storm page begins with one."""
    lines = details.get("incidents")
    return [str(line).split()[0] for line in lines] if isinstance(lines, list) else [str(details["incident"])]
