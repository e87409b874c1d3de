"""`aiops-daemon config routes test`: which routes take an alert, and who would be told of it when.

Enters: a configuration, and labels as amtool takes them. Leaves: the routes with the reason, and the escalation run
ahead from a moment. Sends nothing, asks nobody.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiops_daemon.cli.foretold import foretold_json, foretold_text
from aiops_daemon.cli.parsing import Exit, Nouns, moment
from aiops_daemon.cli.table import plain
from aiops_daemon.clock import SystemClock
from aiops_daemon.config.load import Overrides, load
from aiops_daemon.core.incidents.describe import priority
from aiops_daemon.core.incidents.facts import Facts
from aiops_daemon.core.incidents.owner import owner, service
from aiops_daemon.core.model import labels as label_sets
from aiops_daemon.core.model.incident import Incident, IncidentState, Priority
from aiops_daemon.core.model.labels import Labels, get
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.rehearsal import Foretold, rehearse
from aiops_daemon.core.response.routing import Matched, Router, made
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.errors import UsageError

_EXAMPLE = "aiops-daemon config routes test --config.file=config.yaml severity=critical team=shop"


def add_routes(verbs: Nouns) -> None:
    """Add the verb and what is below it."""
    routes = verbs.add_parser("routes", help="find out who is told of an alert", epilog=f"example: {_EXAMPLE}")
    below = routes.add_subparsers(metavar="VERB", required=True)
    parser = below.add_parser("test", help="print the routes that take an alert, and who would be told when")
    parser.add_argument("--config.file", dest="config_file", metavar="FILE", required=True, help="YAML configuration")
    parser.add_argument("--at", type=moment, metavar="TIME", help="as of then, RFC 3339 with Z or an offset (now)")
    parser.add_argument(
        "--verify.receivers", dest="verify", metavar="NAMES", default=None,
        help="exit 1 unless the alert goes to these receivers and escalations, parted by commas, in this order",
    )  # fmt: skip
    parser.add_argument("-o", dest="output", choices=["text", "json"], default="text", help="form of the output")
    parser.add_argument("labels", metavar="NAME=VALUE", nargs="*", help="labels of the alert")
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What becomes of one alert. `read` is what this daemon makes of its labels."""

    at: float
    read: tuple[tuple[str, str], ...]
    matched: tuple[Matched, ...]
    told: tuple[Foretold, ...]
    muted: bool

    @property
    def names(self) -> list[str]:
        """Return the receivers and escalations, in the order of the routes."""
        found = [name for one in self.matched for name in (one.route.receiver, one.route.escalation) if name]
        return list(dict.fromkeys(found))


def run(arguments: argparse.Namespace) -> int:
    """Test one alert."""
    labels = _labels(arguments.labels)
    now = SystemClock().now()
    loaded = load(Path(arguments.config_file), environ=os.environ, overrides=Overrides(), now=now)
    if loaded.settings.route is None:
        print("the configuration has no route: nobody is told of anything", file=sys.stderr)
        return Exit.BAD
    answer = _answer(loaded.settings, labels, now if arguments.at is None else arguments.at)
    zone = loaded.settings.time_zone
    print(json.dumps(_document(answer), indent=2) if arguments.output == "json" else _text(answer, zone))
    wanted = None if arguments.verify is None else [name.strip() for name in arguments.verify.split(",")]
    if wanted is not None and wanted != answer.names:
        print(f"expected {', '.join(wanted)}, but it goes to {', '.join(answer.names) or 'nobody'}", file=sys.stderr)
        return Exit.BAD
    return Exit.GOOD


def _labels(texts: Sequence[str]) -> Labels:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{text!r} is no label: write name=value")
        found[name.strip()] = value.strip().removeprefix('"').removesuffix('"')
    return label_sets.make(found)


def _answer(settings: Settings, labels: Labels, at: float) -> _Answer:
    """Route the alert as if it alone had opened an incident."""
    severity = settings.severities.of(get(labels, "severity"))
    urgency, reason = priority(Facts(alerts=1, firing=1, worst=severity), severity, at)
    urgency = next((one for one in Priority if one == get(labels, "priority")), urgency)
    read = {
        "severity": str(severity),
        "team": owner(labels, settings.teams),
        "service": service(labels, settings.topology.service_labels),
        "priority": str(urgency),
    }
    telling = Telling(settings)
    matched = Router(settings.route).match(labels, made(labels, **read)) if settings.route else ()
    incident = Incident(
        uid="", number=0, team=read["team"], teams=(read["team"],), title="", state=IncidentState.OPEN,
        severity=severity, priority=urgency, priority_reason=reason, opened_at=at, updated_at=at,
        service=read["service"], labels=labels, notify_at=at, alerts=1, firing=1,
    )  # fmt: skip
    told = () if severity is Severity.NONE else rehearse(telling, incident, telling.tracks(matched), at)
    return _Answer(at, tuple((name, value) for name, value in read.items() if value), matched, told, telling.muted)


def _text(answer: _Answer, zone: str) -> str:
    read = " ".join(f"{name}={plain(value)}" for name, value in answer.read)
    lines = [f"read as {read}", ""]
    for one in answer.matched:
        route = one.route
        names = [
            f"{kind} {name}" for kind, name in (("receiver", route.receiver), ("escalation", route.escalation)) if name
        ]
        lines += [plain(one.why), f"  {route.mode}: {', '.join(names)}"]
        for word, named in (("active", route.active_time_intervals), ("muted", route.mute_time_intervals)):
            if named:
                lines.append(f"  {word} in {', '.join(calendar.name for calendar in named)}")
    if answer.muted:
        lines += ["", "global.mode is muted: nothing is sent, whatever routes say"]
    if ("severity", "none") in answer.read:
        lines += ["", "severity none is recorded only: no incident, nobody is told"]
    return "\n".join([*lines, "", foretold_text(answer.told, answer.at, zone)]).rstrip()


def _document(answer: _Answer) -> dict[str, Any]:
    return {
        "read_as": dict(answer.read),
        "routes": [
            {
                "route": one.route.path,
                "why": one.why,
                "mode": str(one.route.mode),
                "receiver": one.route.receiver or None,
                "escalation": one.route.escalation or None,
                "active_time_intervals": [calendar.name for calendar in one.route.active_time_intervals],
                "mute_time_intervals": [calendar.name for calendar in one.route.mute_time_intervals],
            }
            for one in answer.matched
        ],
        "muted": answer.muted,
        "told": foretold_json(answer.told, answer.at),
    }
