"""Incidents and alerts for the terminal.

Enters: documents of the API. Leaves: text. What comes from alerts is printed with its control characters escaped.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from aiops_daemon.cli.table import plain, table, when

Item = dict[str, Any]

_LIST = ("INCIDENT", "PRIORITY", "SEVERITY", "STATE", "SINCE", "FIRING", "TEAM", "ASSIGNEE", "TITLE")
_ALERTS = ("SINCE", "STATE", "SEVERITY", "VERDICT", "RULE", "LABELS")
_LAST_LINES = 30
_OVER = ("resolved", "merged")
_IN_NUMBERS = ("joined", "repaired", "verdict")
_MOST_ALERTS = 50  # of one incident: what comes after scrolls away what matters


def incidents_table(items: list[Item], total: int) -> str:
    """Write the list."""
    if not items:
        return "no incidents"
    return table(_LIST, [_row(each) for each in items]) + _rest(len(items), total)


def alerts_table(items: list[Item], total: int) -> str:
    """Write alerts."""
    if not items:
        return "no alerts"
    return table(_ALERTS, [_alert_row(each) for each in items]) + _rest(len(items), total)


def incident_text(detail: Item, winner: str = "") -> str:
    """Write one incident: how it stands, who is told, alerts, findings, why together, the end of its timeline.

    `winner` is the one that it went into.
    """
    incident = detail["incident"]
    parts = [
        plain(f"{incident['name']}  {incident['title']}"),
        _facts(incident, winner),
        _section("told next", _upcoming(incident, detail["escalation"])),
        _section("who was told", _told(detail["notifications"])),
        _section("alerts", _alerts(incident, detail["alerts"])),
        _section("findings", [each["sentence"] for each in detail["findings"]]),
        _section("why together", _reasons(detail["together"]["joined"])),
        _section("kept apart", [each["text"] for each in detail["together"]["apart"]]),
        _section("what people found", [_outcome(each) for each in detail["outcomes"]]),
        _section("timeline", _timeline(detail["timeline"])),
    ]
    return "\n".join(part for part in parts if part)


def _row(item: Item) -> tuple[str, ...]:
    firing = f"{item['alerts_firing']}/{item['alerts_total']}"
    return (
        item["name"], item["priority"], item["severity"], item["state"], when(item["opened_at"]), firing,
        ",".join(item["teams"]) or item["team"], item["assignee"] or "", item["title"],
    )  # fmt: skip


def _alert_row(item: Item) -> tuple[str, ...]:
    verdict = f"{item['verdict']['kind']} ({item['verdict']['reason']})"
    return (when(item["first_starts_at"]), _state(item), item["severity"], verdict, item["rule"], _labels(item))


def _state(item: Item) -> str:
    said = [item["state"], *dict.fromkeys(each["kind"] for each in item["muted"])]
    return ",".join([*said, "flapping"] if item["flapping"] else said)


def _labels(item: Item) -> str:
    return " ".join(f"{name}={value}" for name, value in item["labels"].items() if name != "alertname")


def _rest(shown: int, total: int) -> str:
    return f"\n{total - shown} more; --limit {total} shows all" if total > shown else ""


def _facts(incident: Item, winner: str) -> str:
    notify = f"from {when(incident['notify_at'])}" if incident["notify_at"] else "nobody"
    facts = (
        ("state", incident["state"]),
        ("severity", f"{incident['severity']}, {incident['priority']}: {incident['priority_reason']}"),
        ("since", when(incident["opened_at"])),
        (
            "alerts",
            f"{incident['alerts_firing']} of {incident['alerts_total']} firing, {incident['alerts_muted']} muted",
        ),
        ("team", ", ".join(incident["teams"]) or incident["team"]),
        ("assignee", incident["assignee"] or incident["acknowledged_by"] or "nobody"),
        ("to be told", "" if incident["state"] in _OVER else f"{notify}: {incident['notify_reason']}"),
        ("snoozed", when(incident["snoozed_until"])),
        ("merged into", winner),
        ("resolved", _resolved(incident)),
    )
    return "\n".join(f"  {name + ':':13}{plain(text)}" for name, text in facts if text)


def _resolved(incident: Item) -> str:
    return f"{when(incident['resolved_at'])} by {incident['resolved_by']}" if incident["resolved_at"] else ""


def _section(title: str, lines: list[str]) -> str:
    return f"\n{title}\n" + "\n".join(f"  {plain(line)}" for line in lines) if lines else ""


def _alerts(incident: Item, items: list[Item]) -> list[str]:
    """Write the first alerts, open ones before ended ones; uids are what split takes."""
    if not items:
        return []
    shown = sorted(items, key=lambda each: each["state"] == "resolved")[:_MOST_ALERTS]
    rows = [
        (each["uid"], when(each["first_starts_at"]), _state(each), each["severity"], each["rule"], _labels(each))
        for each in shown
    ]
    lines = table(("UID", "SINCE", "STATE", "SEVERITY", "RULE", "LABELS"), rows).split("\n")
    more = incident["alerts_total"] - len(shown)
    if more > 0:
        lines.append(f"{more} more; aiops-daemon incidents alerts --incident {incident['name']} lists them")
    return lines


def _upcoming(incident: Item, escalation: Item | None) -> list[str]:
    """Write the phase, and the next step of each policy; of an open incident also that nobody will be told."""
    if escalation is None:
        if incident["state"] in _OVER:
            return []
        return ["nobody: the configuration has no route for it, or nobody is to be told"]
    until = f" until {when(escalation['until'])}" if escalation["until"] else ""
    over = ": nobody acknowledged yet, and no further step follows" if escalation["phase"] == "running" else ""
    return [f"{escalation['phase']}{until}{'' if escalation['next'] else over}", *map(_step, escalation["next"])]


def _step(step: Item) -> str:
    at = when(step["at"]) or f"{round(step['left_seconds'] or 0)}s after it goes on"
    who = ", ".join(f"{one['target']} ({one['who']})" for one in step["targets"])
    what = "fallback" if step["fallback"] else f"step {step['step']} of {step['steps']}"
    return f"{at}  {step['mode']}  {what} of {step['policy']}: {who}"


def _told(items: list[Item]) -> list[str]:
    """Write the messages, the latest first; updates of living messages are left out."""
    lines = []
    for each in items:
        state = "sent, unconfirmed" if each["state"] == "sent" and not each["confirmed_at"] else each["state"]
        trouble = ": ".join(part for part in (each["reason"], each["detail"]) if part)
        said = f"{when(each['sent_at'] or each['at'])}  {each['event']}  {each['destination']}  {state}"
        lines.append(f"{said}  {trouble}".rstrip())
    return [line for line, each in zip(lines, items, strict=True) if each["event"] != "update"][:_LAST_LINES]


def _reasons(joined: list[Item]) -> list[str]:
    """Say of each rule why its first alert joined, and how many more did."""
    by_rule: dict[str, list[str]] = {}
    for each in joined:
        if each["reason"]:
            by_rule.setdefault(each["rule"], []).append(each["reason"])
    return [f"{rule}: {_first(reasons)}{_as_well(len(reasons) - 1)}" for rule, reasons in by_rule.items()]


def _first(reasons: list[str]) -> str:
    """Take the first reason; that an alert began the incident does not say why others joined it."""
    return next((each for each in reasons if not each.startswith("began this incident")), reasons[0])


def _as_well(count: int) -> str:
    return f" (and {count} more alert{'s' * (count != 1)} of this rule)" if count else ""


def _outcome(item: Item) -> str:
    helped = {None: "", True: "; it helped", False: "; it did not help"}[item["helped"]]
    return f"{item['actor']}: {item['cause'] or 'cause not told'}; done: {item['done'] or 'not told'}{helped}"


def _timeline(items: list[Item]) -> list[str]:
    """Write the latest lines; of what alerts did one after another the first, and how often it came after."""
    lines = []
    for kind, run in groupby(items, key=lambda each: str(each["kind"])):
        first, *others = map(_entry, run)
        many = len(others) > 1 and (kind in _IN_NUMBERS or kind.startswith("alert_"))
        lines += [first, f"{len(others)} more {kind.replace('_', ' ')} after it"] if many else [first, *others]
    return lines[-_LAST_LINES:]


def _entry(item: Item) -> str:
    return f"{when(item['at'])}  {item['kind'].replace('_', ' ')}  {item['text']}  ({item['actor']}, {item['origin']})"
