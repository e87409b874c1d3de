"""The list of incidents in words: rows, and the links that narrow, order and turn the page.

Enters: one page of incidents, what was asked for, the time. Leaves: frozen rows of text and links. Pure; text is
escaped by the template, never here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from aiops_daemon.core.model.incident import Incident, IncidentState
from aiops_daemon.core.model.listing import IncidentPage, IncidentSort
from aiops_daemon.edges.web.api.parameters import ACTIVE
from aiops_daemon.edges.web.ui.cards import Stamp, stamp, tone

MOST_VALUES = 12  # of one facet
SORTS = {
    IncidentSort.OPENED: "newest",
    IncidentSort.UPDATED: "latest change",
    IncidentSort.PRIORITY: "priority",
    IncidentSort.SEVERITY: "severity",
}
_FACETS = (
    ("severity", "Severity"), ("priority", "Priority"), ("team", "Team"), ("service", "Service"),
    ("assignee", "Assignee"),
)  # fmt: skip
_STATE_TONES = {
    IncidentState.OPEN: "plain",
    IncidentState.ACKNOWLEDGED: "info",
    IncidentState.INVESTIGATING: "info",
    IncidentState.MITIGATED: "info",
    IncidentState.RESOLVED: "good",
    IncidentState.MERGED: "plain",
}

Pairs = tuple[tuple[str, str], ...]
"""Query parameters in order."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A link that narrows or orders; `here` says that it is what is shown."""

    text: str
    count: int | None
    link: str
    here: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One incident for people."""

    name: str
    title: str
    tone: str
    severity: str
    priority: str
    state: str
    state_tone: str
    since: Stamp
    firing: str
    why: str
    team: str
    assignee: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListView:
    """Everything that the list shows."""

    headline: str
    rows: tuple[Row, ...]
    states: tuple[Chip, ...]
    facets: tuple[tuple[str, tuple[Chip, ...]], ...]
    sorts: tuple[Chip, ...]
    words: str
    kept: Pairs  # what the search box must send along
    next: str
    first: str
    clear: str


def list_view(page: IncidentPage, asked: Pairs, now: float) -> ListView:
    """Put one page into words; `asked` are the page's own parameters."""
    sort = dict(asked).get("sort") or str(IncidentSort.OPENED)
    paged = any(name == "cursor" for name, _ in asked)
    bare = tuple(pair for pair in asked if pair[0] != "cursor")
    return ListView(
        headline=_headline(page.total, asked),
        rows=tuple(row(each, now) for each in page.incidents),
        states=_states(page.facets.get("state", {}), bare),
        facets=tuple(_facets(page.facets, bare)),
        sorts=tuple(Chip(text, None, _link(_set(bare, "sort", each)), each == sort) for each, text in SORTS.items()),
        words=dict(asked).get("q", ""),
        kept=tuple(pair for pair in bare if pair[0] != "q"),
        next="" if page.next is None else _link((*bare, ("cursor", page.next))),
        first=_link(bare) if paged else "",
        clear="incidents" if any(pair[0] != "sort" and pair != ("state", ACTIVE) for pair in bare) else "",
    )


def row(incident: Incident, now: float) -> Row:
    """Put one incident into words."""
    return Row(
        name=incident.name,
        title=incident.title,
        tone=tone(incident.severity),
        severity=str(incident.severity),
        priority=str(incident.priority),
        state=str(incident.state),
        state_tone=state_tone(incident.state),
        since=stamp(incident.opened_at, now),
        firing=firing_words(incident),
        why=incident.priority_reason,
        team=", ".join(incident.teams) or incident.team,
        assignee=incident.assignee,
        notes=notes(incident, now),
    )


def state_tone(state: IncidentState) -> str:
    """Name the colour of a state."""
    return _STATE_TONES[state]


def firing_words(incident: Incident) -> str:
    """Say how many of its alerts fire."""
    noun = "alert" if incident.alerts == 1 else "alerts"
    muted = f", {incident.muted:,} muted" if incident.muted else ""
    return f"{incident.firing:,} of {incident.alerts:,} {noun} firing{muted}"


def notes(incident: Incident, now: float) -> tuple[str, ...]:
    """Say what else is particular about it."""
    said = []
    if incident.snoozed_until is not None and incident.snoozed_until > now:
        said.append(f"snoozed, ends {stamp(incident.snoozed_until, now).relative}")
    if incident.notify_at is None and not incident.state.closed and incident.notify_reason:
        said.append(f"nobody is told: {incident.notify_reason}")
    if incident.reopened:
        said.append("reopened once" if incident.reopened == 1 else f"reopened {incident.reopened} times")
    if incident.false_positive:
        said.append("false positive")
    if incident.digest:
        said.append("digest of what fired already when this daemon first looked")
    return tuple(said)


def _headline(total: int, asked: Pairs) -> str:
    states = [value for name, value in asked if name == "state"]
    kind = "open " if states == [ACTIVE] else ""
    if not total:
        return f"No {kind}incident"
    return f"1 {kind}incident" if total == 1 else f"{total:,} {kind}incidents"


def _states(counts: Mapping[str, int], bare: Pairs) -> tuple[Chip, ...]:
    """Offer open ones together, each state, and all; one at a time."""
    now = [value for name, value in bare if name == "state"]
    rest = tuple(pair for pair in bare if pair[0] != "state")
    offered = [("all open", ACTIVE), *((str(state), str(state)) for state in IncidentState), ("any", "")]
    return tuple(
        Chip(text, counts.get(value), _link((*rest, ("state", value))), now == [value]) for text, value in offered
    )


def _facets(facets: Mapping[str, Mapping[str, int]], bare: Pairs) -> Iterable[tuple[str, tuple[Chip, ...]]]:
    for name, title in _FACETS:
        chosen = [value for key, value in bare if key == name and value]
        counted = sorted(facets.get(name, {}).items(), key=lambda each: (-each[1], each[0]))
        offered = [(value, count) for value, count in counted if value][:MOST_VALUES]
        offered += [(value, 0) for value in chosen if value not in dict(offered)]
        if len(offered) > 1 or chosen:
            yield title, tuple(_toggle(bare, name, value, count) for value, count in offered)


def _toggle(bare: Pairs, name: str, value: str, count: int) -> Chip:
    """Link to the list with this value, or without it when it is chosen."""
    here = (name, value) in bare
    link = tuple(pair for pair in bare if pair != (name, value)) if here else _set(bare, name, value)
    return Chip(value, count, _link(link), here)


def _set(bare: Pairs, name: str, value: str) -> Pairs:
    return (*(pair for pair in bare if pair[0] != name), (name, value))


def _link(pairs: Pairs) -> str:
    return "incidents" + (f"?{urlencode(pairs)}" if pairs else "")
