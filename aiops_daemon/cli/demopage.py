"""What the demo says of paging: who would have been told of its gravest incident, when, why, and in which words.

Enters: incidents as the API tells them, and the message to the first person. Leaves: lines. Sends nothing: the demo's
routes are in shadow mode.
"""

from __future__ import annotations

from typing import Any

from aiops_daemon.cli.table import plain, when

Item = dict[str, Any]

_KINDS = ("opened", "escalation", "acknowledged", "reopened", "resolved")  # who was told is taken from the messages
_GRAVE = ("none", "info", "warning", "critical")
_MOST_LINES = 12


def gravest(incidents: list[Item]) -> Item | None:
    """Return the most urgent incident, of several the worst, of those the one with most alerts, then the first."""
    return min(incidents, key=_rank, default=None)


def page_lines(told: Item, text: str) -> list[str]:
    """Write who would have been told, the message, and the timeline of the escalation."""
    name = told["incident"]["name"]
    first = [one for one in reversed(told["notifications"]) if one["event"] == "trigger"]
    if not first:
        return [f"Nobody would have been told of {name}: {told['incident']['notify_reason']}"]
    lines = [f"Who would have been told of {name}, and when (its route is in shadow mode: nothing was sent):", ""]
    lines += [f"  {when(at)}  {plain(text)}" for at, text in _events(told, first)[:_MOST_LINES]]
    lines += ["", f"The page to {first[0]['destination'].split('/')[1]}, as a letter:", ""]
    return lines + [f"  | {plain(line)}".rstrip() for line in text.splitlines()]


def _events(told: Item, messages: list[Item]) -> list[tuple[str, str]]:
    """Return messages and what moved the incident, oldest first; one line for all channels of one step."""
    destinations: dict[tuple[str, str], list[str]] = {}
    for one in messages:
        destinations.setdefault((one["at"], one["why"]), []).append(one["destination"])
    found = [(at, f"{', '.join(names)}: {why}") for (at, why), names in destinations.items()]
    moved = [(one["at"], one["text"]) for one in told["timeline"] if one["kind"] in _KINDS]
    return sorted(moved + found, key=lambda event: event[0])


def _rank(told: Item) -> tuple[str, int, int, int]:
    incident = told["incident"]
    severity = _GRAVE.index(incident["severity"])
    return (incident["priority"], -severity, -incident["alerts_total"], incident["number"])
