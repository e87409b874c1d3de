"""`aiops-daemon incidents`: try groupings on a record of alerts."""

from __future__ import annotations

from aiops_daemon.cli.parsing import Nouns
from aiops_daemon.cli.replay import register_replay, register_what_if


def register(nouns: Nouns) -> None:
    """Add the noun."""
    parser = nouns.add_parser("incidents", help="try groupings on a record of alerts")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    register_replay(verbs)
    register_what_if(verbs)
