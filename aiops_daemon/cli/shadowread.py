"""The past of a running daemon, as the shadow report needs it.

Enters: lists of the API, page after page. Leaves: our pages, alerts as they reached us, and incidents. A page of ours
is one person or receiver told at one step, by however many channels; what the kill switch held back or a newer message
replaced is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiops_daemon.core.alertmanager.timestamp import parse
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.response.shadow import Paged, Subject
from aiops_daemon.core.response.theirs import HeardAlert
from aiops_daemon.edges.remote.client import DaemonClient, Parameters

Item = dict[str, Any]

_SIZE = ("limit", "500")
_BEGINNINGS = ("trigger", "storm", "digest")
_COUNTED = ("shadow", "sent", "waiting", "dead")
_THEIRS = ("webhook", "reconciliation")  # findings and what we say of ourselves Alertmanager does not know


@dataclass(frozen=True, slots=True)
class Read:
    """Both sides, as far as this daemon knows them."""

    ours: tuple[Paged, ...]
    alerts: tuple[HeardAlert, ...]
    incidents: tuple[Item, ...]


async def read_past(client: DaemonClient, since: float, integrations: frozenset[str]) -> Read:
    """Read what was told, heard and opened since then; without integrations every channel counts."""
    incidents = await _all(client, "/api/v1/incidents", [("sort", "updated")], ("updated_at", since))
    names = {one["uid"]: one["name"] for one in incidents}
    teams = {one["name"]: str(one["team"]) for one in incidents}
    states = [("state", state) for state in _COUNTED]
    messages = await _all(client, "/api/v1/notifications", states, ("at", since))
    told = [one for one in messages if not integrations or one["integration"] in integrations]
    heard = await _all(client, "/api/v1/alerts", [], ("heard_at", since))
    alerts = [_alert(one, names, teams) for one in heard if one["origin"] in _THEIRS and one["incident"] in names]
    return Read(tuple(_ours(told, teams, _winners(incidents, names))), tuple(alerts), tuple(incidents))


def incident_subjects(past: Read) -> list[Subject]:
    """Return the incidents with the reason why people are told no sooner, or not at all.

    Why an incident that is over was held back is not known any more: its reason is that it ended.
    """
    return [Subject(one["name"], one["title"], one["team"], *_reasons(one)) for one in past.incidents]


def _reasons(incident: Item) -> tuple[str, str]:
    reason, due, ended = incident["notify_reason"], incident["notify_at"], incident["resolved_at"]
    if ended:
        over = not due or _unix(ended) < _unix(due)
        return "", f"it was over before people were to be told: {reason}" if over else ""
    return reason, "" if due else reason


async def _all(client: DaemonClient, path: str, parameters: Parameters, until: tuple[str, float]) -> list[Item]:
    """Read every page, latest first, up to where a time lies before the beginning."""
    items: list[Item] = []
    cursor: list[tuple[str, str]] = []
    while True:
        page = await client.get(path, [*parameters, _SIZE, *cursor])
        rows = [one for one in page["data"] if _unix(one[until[0]]) > until[1]]
        items += rows
        if page["next"] is None or len(rows) < len(page["data"]):
            return items
        cursor = [("cursor", page["next"])]


def _winners(incidents: list[Item], names: dict[str, str]) -> dict[str, str]:
    """Return by name into which incident one was merged in the end: its alerts are there now."""
    into = {one["uid"]: one["merged_into"] for one in incidents if one["merged_into"] in names}
    found = {}
    for uid in into:
        winner = uid
        while winner in into:
            winner = into[winner]
        found[names[uid]] = names[winner]
    return found


def _ours(messages: list[Item], teams: dict[str, str], winners: dict[str, str]) -> list[Paged]:
    """Return one page for each incident, step and person or receiver, when its first message was written."""
    found: dict[tuple[str, ...], Paged] = {}
    for one in reversed(messages):
        if one["event"] not in _BEGINNINGS:
            continue
        who = "/".join(one["destination"].split("/")[:2])
        names: list[str] = [one["name"]] if one["name"] else one["names"]
        for name in names:
            incident = winners.get(name, name)
            team = teams.get(incident) or str(one["team"])
            at = _unix(one["due_at" if one["event"] == "digest" else "at"])  # its incidents are told when it is due
            page = Paged("aiops-daemon", at, incident, team, who, one["why"])
            found.setdefault((name, one["track"] or "", one["step"] or "storm", who), page)
    return list(found.values())


def _alert(item: Item, names: dict[str, str], teams: dict[str, str]) -> HeardAlert:
    name = names[item["incident"]]
    return HeardAlert(
        incident=name,
        team=teams[name],
        source=item["source"],
        rule=item["rule"],
        labels=make(item["labels"]),
        receiver=item["receiver"] or "",
        at=_unix(item["heard_at"]),
        starts_at=_unix(item["first_starts_at"]),
        told=item["origin"] == "webhook",
        muted=bool(item["muted"]),
    )


def _unix(moment: str | None) -> float:
    return (parse(moment) if moment else None) or 0.0
