"""`aiops-daemon notifications`: the delivery log of a running daemon, and test messages.

Enters: filters as the API has them, or a receiver or person to try. Leaves: a table or JSON; of a test what became of
it: 0 when all was accepted, 1 when something was not, 3 when that is not known in time.
"""

from __future__ import annotations

import argparse
import asyncio
import math
from typing import Any

from aiops_daemon.cli.daemon import add_daemon_flags, asking, print_json
from aiops_daemon.cli.parsing import Nouns, duration
from aiops_daemon.cli.table import table, when
from aiops_daemon.edges.remote.client import DaemonClient
from aiops_daemon.errors import RefusedError, UnreachableError

Item = dict[str, Any]

_PATH = "/api/v1/notifications"
_PAGE = 500
_HEAD = ("AT", "INCIDENT", "EVENT", "DESTINATION", "STATE", "TRIES", "REASON", "WHY")
_OUTCOME = ("DESTINATION", "STATE", "TRIES", "REASON")
_LOOK_EVERY = 0.5  # seconds between two looks at what became of a test
_LATEST = 20  # rows of one destination among which a test is looked for


def register(nouns: Nouns) -> None:
    """Add the noun; without a verb it lists."""
    parser = nouns.add_parser("notifications", help="who was told of what, and whether it arrived; test messages")
    add_daemon_flags(parser)
    parser.add_argument("--incident", metavar="INC-42", help="of this incident alone")
    parser.add_argument("--state", action="append", help="waiting, sent, dead, shadow, muted or dropped; repeatable")
    parser.add_argument("--integration", action="append", help="pagerduty, slack, email, ...; repeatable")
    parser.add_argument("--destination", help="receiver/NAME/INTEGRATION/N or person/NAME/CHANNEL")
    parser.add_argument("--since", metavar="TIME", help="at or after: RFC 3339, or a duration back from now")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="how many at most (%(default)s)")
    parser.set_defaults(run=asking(list_notifications))
    verbs = parser.add_subparsers(metavar="VERB")
    verb = verbs.add_parser("test", help="send a test message, and say what became of it")
    add_daemon_flags(verb, repeated=True)
    target = verb.add_mutually_exclusive_group(required=True)
    target.add_argument("--receiver", metavar="NAME", help="all channels of a receiver")
    target.add_argument("--person", metavar="NAME", help="the channels by which a person is reached")
    severities = ["critical", "warning", "info"]
    verb.add_argument("--severity", default="critical", choices=severities, help="whose channels (%(default)s)")
    verb.add_argument("--wait", type=duration, default=30.0, metavar="TIME", help="for the outcome, at most (30s)")
    verb.set_defaults(run=asking(test_channels))


async def list_notifications(args: argparse.Namespace, client: DaemonClient) -> None:
    """Print messages, latest first, page after page up to the limit."""
    many = [(name, value) for name in ("state", "integration") for value in getattr(args, name) or ()]
    single = [(name, value) for name in ("incident", "destination", "since") if (value := getattr(args, name))]
    items: list[Item] = []
    cursor: list[tuple[str, str]] = []
    while True:
        size = ("limit", str(max(1, min(_PAGE, args.limit - len(items)))))
        page = await client.get(_PATH, [*many, *single, size, *cursor])
        items += page["data"]
        if page["next"] is None or len(items) >= args.limit:
            break
        cursor = [("cursor", page["next"])]
    if args.form == "json":
        print_json(items)
    else:
        print(_listed(items, more=page["next"] is not None))


async def test_channels(args: argparse.Namespace, client: DaemonClient) -> None:
    """Ask for a test, wait for its outcome, and print it."""
    target = {"receiver": args.receiver} if args.receiver is not None else {"person": args.person}
    written = (await client.post(f"{_PATH}/test", {**target, "severity": args.severity}))["data"]
    rows = await _outcomes(client, written, args.wait)
    if args.form == "json":
        print_json(rows)
    else:
        print(table(_OUTCOME, [_outcome(row) for row in rows]))
    failed = [row["destination"] for row in rows if row["state"] not in ("sent", "waiting")]
    if failed:
        raise RefusedError(f"not sent: {', '.join(failed)}")
    if waiting := [row["destination"] for row in rows if row["state"] == "waiting"]:
        raise UnreachableError(
            f"not known yet of {', '.join(waiting)}: it is tried again; see aiops-daemon notifications"
        )


async def _outcomes(client: DaemonClient, written: list[Item], seconds: float) -> list[Item]:
    """Return these messages as they are once none waits, or when the time is over."""
    found = {row["uid"]: row for row in written}
    for _ in range(math.ceil(seconds / _LOOK_EVERY)):
        waiting = [row for row in found.values() if row["state"] == "waiting"]
        if not waiting:
            break
        await asyncio.sleep(_LOOK_EVERY)
        for name in dict.fromkeys(row["destination"] for row in waiting):
            page = await client.get(_PATH, [("destination", name), ("limit", str(_LATEST))])
            found |= {row["uid"]: row for row in page["data"] if row["uid"] in found}
    return list(found.values())


def _listed(items: list[Item], *, more: bool) -> str:
    if not items:
        return "no notifications"
    return table(_HEAD, [_row(each) for each in items]) + ("\nthere are more; --limit shows them" if more else "")


def _row(item: Item) -> tuple[str, ...]:
    name = item["name"] or ",".join(item["names"])
    told = (when(item["at"]), name, item["event"], item["destination"], _state(item), str(item["attempts"]))
    return (*told, _reason(item), item["why"])


def _outcome(item: Item) -> tuple[str, ...]:
    return (item["destination"], _state(item), str(item["attempts"]), _reason(item))


def _state(item: Item) -> str:
    """Say the state; what a service accepted and has not shown yet is no page."""
    unshown = item["state"] == "sent" and not item["confirmed_at"]
    return "sent, unconfirmed" if unshown else str(item["state"])


def _reason(item: Item) -> str:
    if item["state"] == "muted" and item["event"] == "test":
        return "global.mode is muted"
    return ": ".join(part for part in (item["reason"], item["detail"]) if part)
