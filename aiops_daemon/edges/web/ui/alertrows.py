"""The alerts of an incident in words, grouped by rule.

Enters: episodes. Leaves: frozen groups of text; what all alerts of a rule share is said once. Links are http or https,
or they are none: alert text is data. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiops_daemon.core.model.alert import Episode, EpisodeState, Verdict
from aiops_daemon.core.model.labels import Labels, get
from aiops_daemon.edges.web.ui.cards import Stamp, stamp, tone
from aiops_daemon.edges.web.ui.templating import web_link

MOST_ALERTS = 200

_TONES = {
    EpisodeState.FIRING: "critical",
    EpisodeState.STALE: "warning",
    EpisodeState.UNKNOWN: "warning",
    EpisodeState.RESOLVED: "good",
}
_ORDER = list(EpisodeState)
_MEANINGS = {
    EpisodeState.STALE: "told resolved, but its Prometheus is not evaluating",
    EpisodeState.UNKNOWN: "gone without proof of an end",
}


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert for people."""

    uid: str
    state: str
    state_tone: str
    meaning: str
    badges: tuple[str, ...]
    labels: Labels
    since: Stamp
    ended: Stamp | None
    summary: str
    verdict: str
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """The alerts of one rule."""

    rule: str
    tone: str
    severity: str
    count: str
    shared: Labels
    verdict: str  # of all rows, if it is one and the same
    rows: tuple[AlertRow, ...]


def rule_groups(episodes: Sequence[Episode], now: float, *, left_out: int = 0) -> tuple[RuleGroup, ...]:
    """Group alerts by rule, gravest and open ones first; at most MOST_ALERTS in all.

    `left_out` alerts are not among `episodes`: how many each rule has is then not known.
    """
    whole = not left_out and len(episodes) <= MOST_ALERTS
    by_rule: dict[str, list[Episode]] = {}
    for episode in sorted(episodes, key=_urgency)[:MOST_ALERTS]:
        by_rule.setdefault(episode.rule, []).append(episode)
    return tuple(_group(rule, members, now, whole=whole) for rule, members in by_rule.items())


def verdict_words(verdict: Verdict, now: float) -> str:
    """Say what quality decided: when somebody is told, and why."""
    reason = verdict.sentence or str(verdict.reason).replace("_", " ")
    if verdict.notify_at is None:
        until = f"; that ends {stamp(verdict.until, now).relative}" if verdict.until else ""
        return f"{verdict.kind}: {reason}{until}"
    if verdict.notify_at > now:
        return f"{verdict.kind}: {reason}; tells {stamp(verdict.notify_at, now).relative}"
    return f"{verdict.kind}: {reason}"


def _urgency(episode: Episode) -> tuple[int, int, float, str]:
    tones = ("critical", "warning", "info")
    return (_ORDER.index(episode.state), tones.index(tone(episode.severity)), -episode.starts_at, episode.uid)


def _group(rule: str, members: list[Episode], now: float, *, whole: bool) -> RuleGroup:
    first = members[0]
    shared = _shared(members)
    open_ones = sum(1 for each in members if each.open)
    rows = tuple(_row(each, frozenset(shared), now) for each in members)
    common = rows[0].verdict if len({row.verdict for row in rows}) == 1 and len(rows) > 1 else ""
    return RuleGroup(
        rule=rule or "(no alertname)",
        tone=tone(first.severity),
        severity=first.severity,
        count=f"{open_ones} of {len(members)} open" if whole else f"the gravest {len(members)} are here",
        shared=tuple(pair for pair in shared if pair[0] != "alertname"),
        verdict=common,
        rows=tuple(replace(row, verdict="") for row in rows) if common else rows,
    )


def _shared(members: list[Episode]) -> Labels:
    common = set(members[0].labels)
    for each in members[1:]:
        common &= set(each.labels)
    return tuple(sorted(common))


def _row(episode: Episode, shared: frozenset[tuple[str, str]], now: float) -> AlertRow:
    return AlertRow(
        uid=episode.uid,
        state=str(episode.state),
        state_tone=_TONES[episode.state],
        meaning=_MEANINGS.get(episode.state, ""),
        badges=_badges(episode),
        labels=tuple(pair for pair in episode.labels if pair not in shared),
        since=stamp(episode.first_starts_at, now),
        ended=None if episode.ends_at is None else stamp(episode.ends_at, now),
        summary=_summary(episode),
        verdict=verdict_words(episode.verdict, now),
        links=_links(episode),
    )


def _badges(episode: Episode) -> tuple[str, ...]:
    said = [f"{kind} by {by}" for kind, by in episode.muted]
    if episode.flapping:
        said.append(f"flapping, {episode.starts} starts")
    return tuple(said)


def _summary(episode: Episode) -> str:
    names = ("summary", "description", "message")
    return next((text for name in names if (text := get(episode.annotations, name))), "")


def _links(episode: Episode) -> tuple[tuple[str, str], ...]:
    offered = (
        ("Runbook", get(episode.annotations, "runbook_url")),
        ("Dashboard", get(episode.annotations, "dashboard_url") or get(episode.annotations, "dashboard")),
        ("Expression", episode.generator_url),
        ("Alertmanager", episode.external_url),
    )
    return tuple((text, link) for text, address in offered if (link := web_link(address)))
