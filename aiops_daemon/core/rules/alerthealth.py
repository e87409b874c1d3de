"""Alerts on the alert road of the daemon itself: alerts that do not come in, are not kept, or are not processed.

Enters: settings, for the interval of the heartbeat. Leaves: a fixed list of alerts on the self metrics. The daemon may
be unable to tell of these itself, so they must reach people without it.
"""

from __future__ import annotations

from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.rules.alert import Alert
from aiops_daemon.core.rules.expression import selector, series
from aiops_daemon.core.rules.ownalert import TARGET, Proof, age, at, grows, own_alert
from aiops_daemon.core.rules.template import Text, label, value, words

_BACKLOG = 120.0  # seconds; a body is usually processed within one
_BACKUP = 10_800.0  # seconds; copies are made every hour
_CLUSTER = {**TARGET, "source": "eu1", "cluster": "hub"}


def alert_road_alerts(settings: Settings) -> tuple[Alert, ...]:
    """Build every alert on how alerts come in, are kept and become incidents."""
    coming = (_refused(), _too_large(), _quarantined(), _missing(), _deadline(), _unreachable())
    return (_backlog(), _failing(), *coming, _backup(), _heartbeat(settings.heartbeat.interval))


def _backlog() -> Alert:
    metric = "aiops_inbox_oldest_timestamp_seconds"
    one, other = series(metric, TARGET), series(metric, {**TARGET, "instance": "two"})
    return own_alert(
        "AiopsInboxBacklog",
        age(metric, _BACKLOG),
        "Alerts wait in the inbox of aiops-daemon.",
        at(words("The oldest body that waits at "))
        + words(" came ")
        + value("seconds", "5m 0s")
        + words(" ago: alerts are kept, but people are not told of them. Look at the daemon's log, CPU and disk."),
        Proof(((one, "60x6"),), ((one, "0x6"), (other, "0+60x6")), 6, make(TARGET)),  # none waits, each waits shortly
        hold=60.0,
        severity="critical",
    )


def _failing() -> Alert:
    metric = "aiops_store_failures_total"
    full, closed = ({**TARGET, "reason": reason} for reason in ("full", "closed"))
    bad, good = series(metric, full), series(metric, closed)
    return own_alert(
        "AiopsStoreFailing",
        f'increase({selector(metric)}{{reason!~"closed|fenced"}}[5m]) > 0',
        "The store of aiops-daemon fails.",
        at(words("The store of the aiops-daemon at "))
        + words(" has failed for 5 minutes (")
        + label("reason", "full")
        + words("); Alertmanager is answered 503 and sends again. Make room on its volume, or mend its database."),
        Proof(((bad, "0+1x12"),), ((bad, "5x12"), (good, "0+1x12")), 12, make(full)),
        severity="critical",
    )


def _refused() -> Alert:
    metric = "aiops_webhooks_total"
    bad, good = ({**TARGET, "source": "eu1", "code": code} for code in ("503", "200"))
    refused, taken = series(metric, bad), series(metric, good)
    return own_alert(
        "AiopsWebhookRefused",
        f'increase({selector(metric)}{{code=~"[45].."}}[10m]) > 0',
        "Webhooks are refused by aiops-daemon.",
        _of(words("The aiops-daemon at ") + label("instance", "one") + words(" has answered ") + label("code", "503"))
        + words(" for 10 minutes. 503 is sent again and needs room, memory or a faster way; 4xx is not sent again")
        + words(" before the next group_interval, and its body says what is wrong."),
        Proof(((refused, "0+1x22"),), ((refused, "5x22"), (taken, "0+1x22")), 22, make(bad)),
        hold=600.0,
    )


def _too_large() -> Alert:
    metric = "aiops_webhook_body_too_large_total"
    return own_alert(
        "AiopsWebhookBodyTooLarge",
        f"increase({selector(metric)}[1h]) > 0",
        "An Alertmanager sends larger bodies than aiops-daemon takes.",
        _of(at(words("The aiops-daemon at ")) + words(" refused a body over 32 MiB"))
        + words("; its alerts come late, by reconciliation, or not at all. Group that route by more labels."),
        grows(metric, {**TARGET, "source": "eu1"}),
        hold=0.0,
    )


def _quarantined() -> Alert:
    metric = "aiops_inbox_quarantined_total"
    return own_alert(
        "AiopsBodiesQuarantined",
        f"increase({selector(metric)}[1h]) > 0",
        "Alerts were set aside by aiops-daemon.",
        at(words("What came to the aiops-daemon at "))
        + words(" could not be taken (")
        + label("reason", "not_json")
        + words(") and is part of no incident. The table `quarantine` of its store has sender, place and body;")
        + words(" mend what sends it."),
        grows(metric, {**TARGET, "reason": "not_json"}),
        hold=0.0,
    )


def _missing() -> Alert:
    return own_alert(
        "AiopsWatchdogMissing",
        f"{selector('aiops_watchdog_missing')} == 1",
        "A Watchdog alert does not reach aiops-daemon.",
        at(words("The Watchdog of ") + label("cluster", "hub") + words(" is overdue at the aiops-daemon at "))
        + words(": other alerts of that cluster may not come either. Look at its Prometheus, its Alertmanager,")
        + words(" and the way between."),
        _is_one("aiops_watchdog_missing"),
        hold=60.0,
        severity="critical",
    )


def _deadline() -> Alert:
    metric = "aiops_watchdog_deadline_too_short"
    return own_alert(
        "AiopsWatchdogDeadlineTooShort",
        f"{selector(metric)} == 1",
        "A watchdog's deadline is shorter than its alert is repeated.",
        at(words("The Watchdog of ") + label("cluster", "hub") + words(" comes too seldom for the aiops-daemon at "))
        + words(" and will count as missing though all is well. Set `within` to repeat_interval + 2 x group_interval")
        + words(" of its route or more, or lower these."),
        _is_one(metric),
        severity="info",
    )


def _unreachable() -> Alert:
    metric = "aiops_alertmanager_up"
    labels = {**TARGET, "source": "eu1", "url": "http://am:9093"}
    name = series(metric, labels)
    return own_alert(
        "AiopsAlertmanagerUnreachable",
        f"{selector(metric)} == 0",
        "An Alertmanager gives aiops-daemon no answers.",
        _of(at(words("The aiops-daemon at ")) + words(" gets no answer from ") + label("url", "http://am:9093"))
        + words(". What webhooks lost is not found, and what is absent there ends nothing. Look at that Alertmanager,")
        + words(" its address and its credentials."),
        Proof(((name, "0x9"),), ((name, "1x9"),), 9, make(labels)),
    )


def _backup() -> Alert:
    metric = "aiops_store_last_backup_timestamp_seconds"
    one, other = series(metric, TARGET), series(metric, {**TARGET, "instance": "two"})
    return own_alert(
        "AiopsBackupOld",
        age(metric, _BACKUP),
        "The store of aiops-daemon was not copied for hours.",
        at(words("The last good copy of the store at "))
        + words(" was made ")
        + value("seconds", "3h 9m 0s")
        + words(" ago; copies are made every hour. Its log says why: most often the volume is full."),
        Proof(((one, "60x190"),), ((one, "0x190"), (other, "0+60x190")), 190, make(TARGET)),  # never, and just now
    )


def _heartbeat(interval: float) -> Alert:
    metric = "aiops_heartbeats_total"
    minutes = max(10, int(3 * interval // 60) + 1)
    last = 2 * minutes + 5
    grown = f"0+1x{last}"
    failed, sent = (f"increase({selector(metric, {'outcome': one})}[{minutes}m]) > 0" for one in ("failure", "success"))
    bad = {**TARGET, "outcome": "failure"}
    lost, kept = series(metric, bad), series(metric, {**TARGET, "outcome": "success"})
    return own_alert(
        "AiopsHeartbeatFailing",
        f"{failed}\nunless on (job, instance) {sent}",
        "The heartbeat of aiops-daemon is not sent.",
        at(words("No heartbeat left the aiops-daemon at "))
        + words(f" for {minutes} minutes, so whoever waits for it takes it for dead. Its log says why:")
        + words(" the store cannot be written, or `heartbeat.url` does not answer 2xx."),
        Proof(((lost, grown), (kept, f"5x{last}")), ((lost, grown), (kept, grown)), last, make(bad)),
    )


def _of(before: Text) -> Text:
    return before + words(" (Alertmanager ") + label("source", "eu1") + words(")")


def _is_one(metric: str) -> Proof:
    name = series(metric, _CLUSTER)
    return Proof(((name, "1x9"),), ((name, "0x9"),), 9, make(_CLUSTER))
