"""Alerts on paging by the daemon itself: messages that are given up or wait, escalations that stand still.

Enters: nothing. Leaves: a fixed list of alerts on the self metrics. Each tells of people who may not have been told, so
each is critical and must reach people without the daemon.
"""

from __future__ import annotations

from aiops_daemon.core.model.labels import make
from aiops_daemon.core.rules.alert import Alert
from aiops_daemon.core.rules.expression import selector, series
from aiops_daemon.core.rules.ownalert import TARGET, Proof, age, at, grows, own_alert
from aiops_daemon.core.rules.template import label, value, words

_WAIT = 600.0  # seconds; a message that is tried again has reached the fallback long before
_PAGERDUTY = {**TARGET, "integration": "pagerduty"}


def paging_alerts() -> tuple[Alert, ...]:
    """Build every alert on how people are told."""
    return (_given_up(), _waiting(), _unsound())


def _given_up() -> Alert:
    metric = "aiops_outbox_dead_letters_total"
    return own_alert(
        "AiopsNotificationsGivenUp",
        f"increase({selector(metric)}[15m]) > 0",
        "Messages of aiops-daemon did not reach people.",
        at(words("The aiops-daemon at "))
        + words(" gave up messages by ")
        + label("integration", "pagerduty")
        + words(" in the last 15 minutes; the fallback was told instead. `aiops-daemon notifications --state dead`")
        + words(" lists them with the reason: most often a key or an address that is refused."),
        grows(metric, _PAGERDUTY),
        hold=0.0,
        severity="critical",
    )


def _waiting() -> Alert:
    metric = "aiops_outbox_oldest_timestamp_seconds"
    one = series(metric, _PAGERDUTY)
    other = series(metric, {**_PAGERDUTY, "instance": "two"})
    return own_alert(
        "AiopsNotificationsWait",
        age(metric, _WAIT),
        "Messages of aiops-daemon wait to be sent.",
        at(words("The oldest message that waits at "))
        + words(" for ")
        + label("integration", "pagerduty")
        + words(" was written ")
        + value("seconds", "13m 0s")
        + words(" ago. That service does not take them, or no replica sends: look at its status and at the log."),
        Proof(((one, "60x14"),), ((one, "0x14"), (other, "0+60x14")), 14, make(_PAGERDUTY)),
        hold=120.0,
        severity="critical",
    )


def _unsound() -> Alert:
    metric = "aiops_auditor_violations"
    labels = {**TARGET, "check": "without_timer"}
    name = series(metric, labels)
    return own_alert(
        "AiopsEscalationsStandStill",
        f"{selector(metric)} > 0",
        "Escalations of aiops-daemon stand still.",
        at(words("The auditor of the aiops-daemon at "))
        + words(" finds what must not be (")
        + label("check", "without_timer")
        + words("), so somebody may not be told. Look after open incidents by hand, and at the daemon's log."),
        Proof(((name, "1x6"),), ((name, "0x6"),), 6, make(labels)),
        hold=120.0,
        severity="critical",
    )
