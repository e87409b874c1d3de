"""`aiops-daemon changes`: tell of a deployment or another change, so that it stands beside incidents in PagerDuty.

Enters: a summary, labels of what was changed, a time, addresses that tell more. Leaves: the channels that will be told,
as a table or JSON; delivery is the daemon's.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from aiops_daemon.cli.daemon import add_daemon_flags, asking, print_json
from aiops_daemon.cli.parsing import Nouns, moment
from aiops_daemon.cli.table import table
from aiops_daemon.edges.remote.client import DaemonClient

_EXAMPLE = "aiops-daemon changes add 'checkout 41 rolled out' --label service=checkout --link https://ci.example/41"
_HEAD = ("DESTINATION", "STATE")


def register(nouns: Nouns) -> None:
    """Add the noun and its verb."""
    verbs = nouns.add_parser("changes", help="tell PagerDuty of a deployment or another change").add_subparsers(
        metavar="VERB", required=True
    )
    verb = verbs.add_parser("add", help="tell of a change; nobody is paged", epilog=f"example: {_EXAMPLE}")
    add_daemon_flags(verb)
    verb.add_argument("summary", metavar="SUMMARY", help="what was changed, in a line")
    verb.add_argument(
        "--label", action="append", default=[], type=_pair, metavar="NAME=VALUE",
        help="of what was changed, as its alerts have them: routes decide by these whose service is told; repeatable",
    )  # fmt: skip
    verb.add_argument("--at", type=moment, metavar="TIME", help="when it was made: RFC 3339 (now)")
    verb.add_argument("--link", action="append", default=[], metavar="URL", help="that tells more; repeatable")
    verb.add_argument("--key", default="", metavar="KEY", help="told once, however often it is sent with this key")
    verb.set_defaults(run=asking(add))


async def add(args: argparse.Namespace, client: DaemonClient) -> None:
    """Tell of a change, and print who will be told."""
    body = {
        "summary": args.summary,
        "labels": dict(args.label),
        "links": [{"url": url} for url in args.link],
        "at": None if args.at is None else datetime.fromtimestamp(args.at, UTC).isoformat(),
    }
    answer = await client.post("/api/v1/changes", body, key=args.key)
    if args.form == "json":
        print_json(answer["data"])
    elif answer["warnings"]:
        print("\n".join(answer["warnings"]))
    else:
        print(table(_HEAD, [(row["destination"], row["state"]) for row in answer["data"]]))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is no label: write name=value")
    return name.strip(), value
