"""`aiops-daemon alertmanager lint|snippet`: traps in an Alertmanager's configuration, and how to connect it."""

from __future__ import annotations

from aiops_daemon.cli.amlint import add_lint
from aiops_daemon.cli.amsnippet import add_snippet
from aiops_daemon.cli.parsing import Nouns


def register(nouns: Nouns) -> None:
    """Add the noun."""
    noun = nouns.add_parser("alertmanager", help="find traps in an Alertmanager's configuration, and connect it")
    verbs = noun.add_subparsers(metavar="VERB", required=True)
    add_lint(verbs)
    add_snippet(verbs)
