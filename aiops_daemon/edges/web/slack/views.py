"""Answers that one person sees in Slack: lists, an incident, what came of an act.

Enters: values of the daemon, the moment. Leaves: the document for a response URL. Pure; foreign text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from aiops_daemon.core.model.action import ActionKind, Done, Refusal, Stored
from aiops_daemon.core.model.finding import Finding
from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.listing import IncidentDetail, IncidentPage
from aiops_daemon.core.model.quantity import speak, speak_duration
from aiops_daemon.core.model.slo import DataState, SloStatus
from aiops_daemon.edges.slackblocks import (
    MOST_SECTION,
    Block,
    bullets,
    buttons,
    context,
    escape,
    header,
    link,
    moment,
    pairs,
    section,
    units,
)
from aiops_daemon.edges.web.slack.ports import Duty

MOST_ROWS = 20  # of a list; the pages have the rest
_LINES = 5  # of a timeline
_LONG = MOST_SECTION - 100
_USAGE = (
    ("incidents", "what is open"),
    ("incident INC-42", "one incident"),
    ("ack INC-42", "acknowledge it; a note may follow"),
    ("investigate INC-42", "say that you look at it"),
    ("resolve INC-42", "close it"),
    ("snooze INC-42 1h", "tell nobody for a while"),
    ("oncall", "who is on call"),
    ("findings", "what is unusual now"),
    ("slo", "how objectives stand"),
)
_DONE = {
    ActionKind.ACK: "acknowledged",
    ActionKind.INVESTIGATE: "being investigated",
    ActionKind.RESOLVE: "resolved",
    ActionKind.SNOOZE: "snoozed",
}

Answer = dict[str, Any]


class Views:
    """Puts values into words, with links to the daemon's pages."""

    def __init__(self, external_url: str, time_zone: str) -> None:
        self._external_url = external_url.rstrip("/")
        self._time_zone = time_zone

    def incidents(self, page: IncidentPage) -> Answer:
        """List what is open, most urgent first."""
        if not page.incidents:
            return told("Nothing is open.")
        title = "1 incident is open." if page.total == 1 else f"{page.total} incidents are open."
        rows = [self._row(one) for one in page.incidents[:MOST_ROWS]]
        return answer(title, [section(f"*{title}*"), *_sections(rows), *_left_out(page.total - len(rows))])

    def incident(self, detail: IncidentDetail, now: float) -> Answer:
        """Show one incident, with the buttons that make sense."""
        one = detail.incident
        blocks = [
            header(f"{one.name} {one.title}"),
            pairs(self._facts(one, now)),
            *_list("Findings", [each.sentence for each in detail.findings if each.closed_at is None]),
            *_list("Alerts", [_alert(each.labels) for each in detail.episodes if each.ends_at is None]),
            *self._timeline(detail),
        ]
        if self._external_url:
            blocks.append(context(self._name(one, f"Open {one.name}")))
        return answer(escape(f"{one.name} {one.title}", 300), blocks + buttons(one.uid, one.state))

    def acted(self, kind: ActionKind, outcome: Done | Refusal | Stored) -> Answer:
        """Say what came of an act."""
        if isinstance(outcome, Refusal):
            return told(f"Not done: {escape(outcome.text, _LONG)}.")
        if isinstance(outcome, Stored):
            return told("Stored, not done yet: another replica takes over, and then does it. Do not ask again.")
        one = outcome.incident
        state = _DONE.get(kind, str(one.state))
        until = f" until {moment(one.snoozed_until, self._time_zone)}" if kind is ActionKind.SNOOZE else ""
        already = "" if outcome.changed else " already"
        return told(f"{self._name(one)} is{already} {state}{until}: {escape(one.title, 300)}")

    def on_call(self, duties: Sequence[Duty]) -> Answer:
        """Say who is on call, a line for each schedule."""
        if not duties:
            return told("No schedule is configured.")
        rows = [self._duty(one) for one in duties[:MOST_ROWS]]
        return answer("Who is on call", [*_sections(rows), *_left_out(len(duties) - len(rows))])

    def findings(self, findings: Sequence[Finding]) -> Answer:
        """List what is unusual now, newest first."""
        if not findings:
            return told("Nothing is unusual.")
        rows = [f"• {escape(one.sentence, 500)} ({escape(one.severity, 40)})" for one in findings[:MOST_ROWS]]
        title = "1 finding is open." if len(findings) == 1 else f"{len(findings)} findings are open."
        return answer(title, [section(f"*{title}*"), *_sections(rows), *_left_out(len(findings) - len(rows))])

    def slos(self, statuses: Sequence[SloStatus]) -> Answer:
        """Say how objectives stand, those that burn first."""
        if not statuses:
            return told("No SLO is configured.")
        ordered = sorted(statuses, key=lambda one: (not one.active, one.spec.name))
        rows = [self._slo(one) for one in ordered[:MOST_ROWS]]
        return answer("Service level objectives", [*_sections(rows), *_left_out(len(statuses) - len(rows))])

    def _name(self, one: Incident, words: str = "") -> str:
        return link(f"{self._external_url}/incidents/{one.name}" if self._external_url else "", words or one.name)

    def _row(self, one: Incident) -> str:
        told = [str(one.severity), str(one.priority), str(one.state), f"{one.firing} firing"]
        told += [f"snoozed until {moment(one.snoozed_until, self._time_zone)}"] if one.snoozed_until else []
        told += [escape(f"with {one.assignee}", 80)] if one.assignee else []
        since = moment(one.opened_at, self._time_zone)
        return f"• {self._name(one)} {escape(one.title, 200)} ({', '.join(told)}, since {since})"

    def _facts(self, one: Incident, now: float) -> Iterator[tuple[str, str]]:
        lasted = speak_duration(max(0.0, (now if one.resolved_at is None else one.resolved_at) - one.opened_at))
        yield "State", f"{one.state}, with {escape(one.assignee, 80)}" if one.assignee else str(one.state)
        yield "Severity", escape(f"{one.severity}, {one.priority} ({one.priority_reason})", 500)
        yield "Since", f"{moment(one.opened_at, self._time_zone)} ({lasted})"
        yield "Alerts", f"{one.firing} firing of {one.alerts}"
        yield "Service", escape(one.service, 200)
        yield "Team", escape(", ".join(one.teams), 200)

    def _timeline(self, detail: IncidentDetail) -> Iterator[Block]:
        lines = detail.timeline[-_LINES:]
        if lines:
            told = [f"• {moment(each.at, self._time_zone)} {escape(each.text, 300)}" for each in lines]
            yield section("*Latest*\n" + "\n".join(told))

    def _duty(self, one: Duty) -> str:
        until = f" until {moment(one.until, self._time_zone)}" if one.until is not None else ""
        following = f", then {escape(one.following, 80)}" if one.following else ""
        person = f"*{escape(one.person, 80)}*" if one.person else "nobody"
        why = f" ({escape(one.why, 200)})" if one.why else ""
        return f"• {escape(one.schedule, 100)}: {person}{until}{following}{why}"

    def _slo(self, one: SloStatus) -> str:
        told = [f"objective {speak(one.spec.objective_ratio, 'ratio', digits=6)}"]
        if one.budget_remaining_ratio is not None:
            told.append(f"{speak(one.budget_remaining_ratio, 'ratio')} of the budget left")
        if (rate := one.burn_rate.get("1h")) is not None:
            told.append(f"burns {speak(rate, digits=2)} times as fast as it may")
        if one.exhaustion_at is not None:
            told.append(f"ends {moment(one.exhaustion_at, self._time_zone)}")
        if one.state is not DataState.OK:
            told.append("no traffic" if one.state is DataState.IDLE else "its series are gone")
        told += [f"policy: {escape(held.step.action, 200)}" for held in one.policy[:1]]
        alert = " 🔴" if "page" in one.active else " 🟠" if one.active else ""
        group = escape("".join(f" {value}" for _, value in one.group), 100)
        return f"•{alert} *{escape(one.spec.name, 100)}*{group} {', '.join(told)}"


def usage(fault: str = "") -> Answer:
    """Say what can be asked, after what was wrong."""
    lines = "\n".join(f"• /aiops {command}: {what}" for command, what in _USAGE)
    return told(f"{fault.capitalize()}.\n{lines}" if fault else lines)


def told(text: str) -> Answer:
    """Answer with one paragraph of mrkdwn."""
    return answer(text, [section(text)])


def answer(text: str, blocks: list[Block]) -> Answer:
    """Make an answer that only who asked can see, beside the message that was clicked."""
    return {"response_type": "ephemeral", "replace_original": False, "text": text, "blocks": blocks}


def _sections(rows: Sequence[str]) -> Iterator[Block]:
    """Put as many rows into a section as fit."""
    gathered = ""
    for row in rows:
        longer = f"{gathered}\n{row}" if gathered else row
        if gathered and units(longer) > _LONG:
            yield section(gathered)
            longer = row
        gathered = longer
    if gathered:
        yield section(gathered)


def _left_out(count: int) -> Iterator[Block]:
    if count > 0:
        yield context(f"and {count} more")


def _list(title: str, lines: Sequence[str]) -> Iterator[Block]:
    if lines:
        yield section(f"*{title}*\n{bullets(lines, _LONG)}")


def _alert(labels: Iterable[tuple[str, str]]) -> str:
    named = dict(labels)
    where = ", ".join(f"{name}={value}" for name, value in named.items() if name != "alertname")
    return f"{named.get('alertname', 'alert')} ({where})"
