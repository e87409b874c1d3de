"""`aiops-daemon simulate escalation`: who would be told of an incident when, through which channel, and why.

Enters: a configuration, and an incident as `incidents show -o json` prints it, or `{"alerts": [{"labels": {...}}]}`.
Leaves: the escalation run ahead, as if the incident opened at a moment and nobody answered. Sends nothing.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from aiops_daemon.cli.amlint import read_bytes
from aiops_daemon.cli.foretold import answer
from aiops_daemon.cli.parsing import Nouns
from aiops_daemon.cli.routestest import add_question, print_answer, read_question
from aiops_daemon.core.model import labels as label_sets
from aiops_daemon.core.model.incident import Priority
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.errors import InputError

_FORM = 'write {"alerts": [{"labels": {"alertname": "..."}}]}, or what `incidents show INC-42 -o json` prints'


def register(nouns: Nouns) -> None:
    """Add the noun."""
    noun = nouns.add_parser("simulate", help="run an escalation ahead")
    verbs = noun.add_subparsers(metavar="VERB", required=True)
    parser = verbs.add_parser("escalation", help="print who is told of an incident when, by which channel, and why")
    parser.add_argument("--incident", metavar="FILE", required=True, help="JSON; - is standard input")
    add_question(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run one incident ahead."""
    alerts, urgency = _incident(read_bytes(arguments.incident), arguments.incident)
    settings, at = read_question(arguments)
    return int(print_answer(answer(settings, alerts, at, urgency), arguments.output))


def _incident(raw: bytes, name: str) -> tuple[list[Labels], Priority | None]:
    """Read the alerts that have not ended (all, when all have), and the priority if it is told.

    The body of an Alertmanager's webhook has `status` where an incident has `state`.
    """
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise InputError(f"{name}: is not JSON; {_FORM}") from None
    alerts = document.get("alerts") if isinstance(document, dict) else None
    if not isinstance(alerts, list) or not alerts:
        raise InputError(f"{name}: has no alerts; {_FORM}")
    labels = [_labels(alert, f"{name}: alerts[{index}]") for index, alert in enumerate(alerts)]
    ended = ["resolved" in (alert.get("state"), alert.get("status")) for alert in alerts]
    firing = [one for one, over in zip(labels, ended, strict=True) if not over]
    told = document.get("incident")
    word = told.get("priority") if isinstance(told, dict) else None
    return firing or labels, next((one for one in Priority if one == word), None)


def _labels(alert: Any, place: str) -> Labels:
    found = alert.get("labels") if isinstance(alert, dict) else None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise InputError(f"{place}: `labels` is no object of texts; {_FORM}")
    return label_sets.make(found)
