"""Webhook bodies for tests: recorded ones, and small ones made here."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

from aiops_daemon.core.model.inbox import InboxRow
from aiops_daemon.edges.web.alertmanager.decode import decode

PAYLOADS = Path(__file__).parents[1] / "payloads"
NOW = 1_795_230_600.0  # 2026-11-21 03:10 UTC
ZERO = "0001-01-01T00:00:00Z"


def recorded(name):
    """Return the body of a recorded webhook as its sender wrote it."""
    return json.loads((PAYLOADS / f"{name}.json").read_text())["body"]


def alert(**changes):
    """Make an alert as Alertmanager writes it; None removes a member."""
    made = {
        "status": "firing",
        "labels": {"alertname": "HighLatency", "severity": "warning"},
        "annotations": {"summary": "slow"},
        "startsAt": "2026-11-21T03:00:00Z",
        "endsAt": ZERO,
        "generatorURL": "http://prom.example/graph",
        "fingerprint": "2953603bd9ce0779",
    }
    return {name: value for name, value in (made | changes).items() if value is not None}


def body(*alerts, **members):
    """Make a body with these alerts."""
    made = {
        "receiver": "ok", "status": "firing", "alerts": list(alerts), "groupLabels": {}, "commonLabels": {},
        "commonAnnotations": {}, "externalURL": "http://am.example", "version": "4", "groupKey": "{}:{}",
        "truncatedAlerts": 0,
    }  # fmt: skip
    return json.dumps(made | members).encode()


def row(raw, skip=0):
    """Put a body into the inbox."""
    return InboxRow(7, "eu1", "default", NOW, raw, skip=skip)


def packed(raw, skip=0):
    """Put a body into the inbox as a large one lies there."""
    return InboxRow(7, "eu1", "default", NOW, zlib.compress(raw, 1), skip=skip, packed=True)


def slices(raw, skip=0):
    """Decode a body."""
    return list(decode(row(raw, skip)))


def events(raw, skip=0):
    """Decode a body to its events."""
    return [event for part in slices(raw, skip) for event in part.events]


def rejected(raw):
    """Decode a body to what it holds beside events."""
    return [(each.reason, each.detail, each.body) for part in slices(raw) for each in part.rejected]
