"""`aiops-daemon incidents`: list, show and move incidents of a running daemon, and try groupings on a record.

Enters: a verb, incidents by number, filters as the API has them. Leaves: tables or JSON. The daemon decides and
remembers who asked; refusals come back in its words.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from aiops_daemon.cli.daemon import add_daemon_flags, asking, print_json
from aiops_daemon.cli.incidentacts import reference, register_acts
from aiops_daemon.cli.incidentprint import alerts_table, incident_text, incidents_table
from aiops_daemon.cli.parsing import Nouns
from aiops_daemon.cli.replayverbs import register_replay, register_what_if
from aiops_daemon.edges.remote.client import DaemonClient
from aiops_daemon.errors import RefusedError

_PAGE = 500
_MANY = ("state", "severity", "priority", "team", "service", "label")
_ALERT_MANY = ("state", "severity", "team", "source", "rule", "verdict", "label")


def register(nouns: Nouns) -> None:
    """Add the noun."""
    parser = nouns.add_parser("incidents", help="list, show and move incidents; try groupings")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _register_list(verbs)
    _register_show(verbs)
    _register_alerts(verbs)
    register_acts(verbs)
    register_replay(verbs)
    register_what_if(verbs)


def _register_list(verbs: Nouns) -> None:
    verb = verbs.add_parser("list", help="list incidents, open ones unless --state says which")
    add_daemon_flags(verb)
    verb.add_argument("words", nargs="*", metavar="WORD", help="words that must all occur")
    verb.add_argument("--state", action="append", help="open, acknowledged, ..., active (default) or any; repeatable")
    for name in _MANY[1:]:
        verb.add_argument(f"--{name}", action="append", help=_help(name))
    verb.add_argument("--assignee", help="whom it is assigned to")
    verb.add_argument("--since", metavar="TIME", help="opened at or after: RFC 3339, or a duration back from now")
    verb.add_argument("--until", metavar="TIME", help="opened before")
    verb.add_argument("--sort", help="opened (default), updated, priority or severity")
    verb.add_argument("--limit", type=int, default=50, metavar="N", help="how many at most (%(default)s)")
    verb.set_defaults(run=asking(list_incidents))


def _register_show(verbs: Nouns) -> None:
    verb = verbs.add_parser("show", help="show one incident: alerts, why together, timeline")
    add_daemon_flags(verb)
    verb.add_argument("incident", metavar="INC-42")
    verb.set_defaults(run=asking(show_incident))


def _register_alerts(verbs: Nouns) -> None:
    verb = verbs.add_parser("alerts", help="list alerts, latest heard first")
    add_daemon_flags(verb)
    verb.add_argument("words", nargs="*", metavar="WORD", help="words that must all occur")
    for name in _ALERT_MANY:
        verb.add_argument(f"--{name}", action="append", help=_help(name))
    verb.add_argument("--incident", metavar="INC-42", help="of this incident alone")
    verb.add_argument("--limit", type=int, default=50, metavar="N", help="how many at most (%(default)s)")
    verb.set_defaults(run=asking(list_alerts))


async def list_incidents(args: argparse.Namespace, client: DaemonClient) -> None:
    """Print incidents, page after page up to the limit."""
    states = args.state or ["active"]
    parameters = [("state", state) for state in states if state != "any"]
    parameters += _given(args, _MANY[1:], ("assignee", "since", "until", "sort"))
    items, total = await _pages(client, "/api/v1/incidents", parameters, args)
    if args.form == "json":
        print_json(items)
        return
    print(incidents_table(items, total))


async def list_alerts(args: argparse.Namespace, client: DaemonClient) -> None:
    """Print alerts, page after page up to the limit."""
    parameters = _given(args, _ALERT_MANY, ("incident",))
    items, total = await _pages(client, "/api/v1/alerts", parameters, args)
    if args.form == "json":
        print_json(items)
        return
    print(alerts_table(items, total))


async def show_incident(args: argparse.Namespace, client: DaemonClient) -> None:
    """Print one incident, and what a storm left out of it."""
    answer = await client.get(f"/api/v1/incidents/{reference(args.incident)}")
    if args.form == "json":
        print_json(answer["data"])
    else:
        print(incident_text(answer["data"], await _winner(client, answer["data"]["incident"]["merged_into"])))
    for warning in answer["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)


async def _winner(client: DaemonClient, uid: str | None) -> str:
    """Return the name of the incident that one went into; its uid where it may not be seen, "" for none."""
    if not uid:
        return ""
    try:
        found = await client.get(f"/api/v1/incidents/{uid}")
    except RefusedError:
        return uid
    return str(found["data"]["incident"]["name"])


async def _pages(
    client: DaemonClient, path: str, parameters: list[tuple[str, str]], args: argparse.Namespace
) -> tuple[list[dict[str, Any]], int]:
    """Read pages until the limit is reached; returns the items and how many match in all."""
    items: list[dict[str, Any]] = []
    cursor: list[tuple[str, str]] = []
    if args.words:
        parameters = [*parameters, ("q", " ".join(args.words))]
    while True:
        size = ("limit", str(max(1, min(_PAGE, args.limit - len(items)))))
        page = await client.get(path, [*parameters, size, *cursor])
        items += page["data"]
        if page["next"] is None or len(items) >= args.limit:
            return items, page["total"]
        cursor = [("cursor", page["next"])]


def _given(args: argparse.Namespace, many: Sequence[str], single: Sequence[str]) -> list[tuple[str, str]]:
    """Return the filters that were given, as parameters of the API."""
    several = [(name, value) for name in many for value in getattr(args, name) or ()]
    return several + [(name, value) for name in single if (value := getattr(args, name))]


def _help(name: str) -> str:
    return "NAME=VALUE, equal on an alert; repeatable" if name == "label" else "repeatable"
