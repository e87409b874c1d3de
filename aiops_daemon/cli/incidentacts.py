"""The verbs of `aiops-daemon incidents` that change something.

Enters: incidents by number, what to do with them. Leaves: one line for each, or the daemon's answers as JSON. Never
goes on after a refusal: what was not done is told, and what was done before stays.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiops_daemon.cli.daemon import add_daemon_flags, asking, print_json
from aiops_daemon.cli.parsing import Nouns, duration
from aiops_daemon.cli.table import plain, when
from aiops_daemon.core.incidents.acts import MOST_SNOOZE
from aiops_daemon.core.model.quantity import speak_duration
from aiops_daemon.edges.remote.client import DaemonClient

Add = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True, slots=True)
class _Act:
    """One verb: its help, and the arguments of its own."""

    word: str
    summary: str
    add: Add
    several: bool = True  # takes more than one incident


def register_acts(verbs: Nouns) -> None:
    """Add every verb that changes something."""
    for act in _ACTS:
        verb = verbs.add_parser(act.word, help=act.summary)
        add_daemon_flags(verb)
        verb.add_argument("incidents", nargs="+" if act.several else 1, metavar="INC-42")
        act.add(verb)
        verb.set_defaults(run=asking(_doing(act)))


def reference(text: str) -> str:
    """Write an incident's name into a path."""
    return quote(text, safe="")


def _doing(act: _Act) -> Callable[[argparse.Namespace, DaemonClient], Any]:
    async def ask(args: argparse.Namespace, client: DaemonClient) -> None:
        body = _body(args)
        answers = []
        try:
            for incident in args.incidents:
                answer = await client.post(f"/api/v1/incidents/{reference(incident)}/{act.word}", body)
                answers.append({name: answer[name] for name in ("data", "created", "changed", "warnings")})
                if args.form == "table":
                    print(_line(incident, answer))
                else:
                    _warn(incident, answer)
        finally:  # after a refusal too: what was done before it stays
            if args.form == "json" and answers:
                print_json(answers)

    return ask


def _warn(asked: str, answer: dict[str, Any]) -> None:
    """Say beside the JSON what somebody who looks at a part of it would miss."""
    for warning in answer["warnings"]:
        print(plain(f"warning: {asked}: {warning}"), file=sys.stderr)


def _line(asked: str, answer: dict[str, Any]) -> str:
    """Say how the incident stands now, or that the act is stored."""
    incident, created = answer["data"], answer["created"]
    if incident is None:
        return plain(f"{asked}  {'; '.join(answer['warnings'])}")
    unchanged = "" if answer["changed"] else " (it already was so)"
    assignee = f", {incident['assignee']}" if incident["assignee"] else ""
    snoozed = f", snoozed until {when(incident['snoozed_until'])}" if incident["snoozed_until"] else ""
    told = f"{incident['name']}  {incident['state']}{assignee}{snoozed}  {incident['title']}{unchanged}"
    return plain(told + (f"; new: {created['name']}" if created else ""))


def _nothing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--text", metavar="NOTE", help="goes into the timeline")


def _outcome(parser: argparse.ArgumentParser) -> None:
    _nothing(parser)
    parser.add_argument("--cause", help="what the cause was")
    parser.add_argument("--done", help="what was done")
    parser.add_argument("--helped", choices=["yes", "no"], help="whether it helped")


def _resolving(parser: argparse.ArgumentParser) -> None:
    _outcome(parser)
    parser.add_argument("--force", action="store_true", help="although alerts fire")


def _assigning(parser: argparse.ArgumentParser) -> None:
    _nothing(parser)
    parser.add_argument("--to", required=True, metavar="PERSON")


def _noting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--text", required=True, metavar="NOTE")


def _snoozing(parser: argparse.ArgumentParser) -> None:
    _nothing(parser)
    parser.add_argument(
        "--for", dest="seconds", required=True, type=_snooze, metavar="DURATION", help="such as 2h, 7d at most"
    )


def _snooze(text: str) -> float:
    seconds = duration(text)
    if not 0 < seconds <= MOST_SNOOZE:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 1s and {speak_duration(MOST_SNOOZE)}")
    return seconds


def _merging(parser: argparse.ArgumentParser) -> None:
    _nothing(parser)
    parser.add_argument("--into", required=True, metavar="INC-7", help="the incident that the others go into")


def _splitting(parser: argparse.ArgumentParser) -> None:
    _nothing(parser)
    parser.add_argument(
        "--alert", dest="alerts", required=True, action="append", metavar="UID", help="leaves; repeatable; see show"
    )


def _body(args: argparse.Namespace) -> dict[str, Any]:
    """Take the arguments that were given under the names that the API has for them."""
    names = ("text", "cause", "done", "seconds", "into", "alerts", "force")
    body = {name: value for name in names if (value := getattr(args, name, None))}
    if getattr(args, "helped", None):
        body["helped"] = args.helped == "yes"
    if hasattr(args, "to"):
        body["assignee"] = args.to
    return body


_ACTS = (
    _Act("ack", "acknowledge", _outcome),
    _Act("unack", "take an acknowledgement back", _nothing),
    _Act("investigate", "say that the cause is being looked for", _nothing),
    _Act("mitigate", "say that users are no longer harmed", _nothing),
    _Act("assign", "assign to a person", _assigning),
    _Act("note", "write a note into the timeline", _noting),
    _Act("snooze", "tell nobody for a while", _snoozing),
    _Act("resolve", "resolve", _resolving),
    _Act("reopen", "open a resolved one again", _nothing),
    _Act("merge", "merge into another", _merging),
    _Act("split", "let alerts leave for an incident of their own", _splitting, several=False),
    _Act("false-positive", "resolve, for there was nothing", _resolving),
)
