"""`aiops-daemon alertmanager lint|snippet|import`: traps of a configuration, how to connect it, how to move it here."""

from __future__ import annotations

from aiops_daemon.cli.amimport import add_import
from aiops_daemon.cli.amlint import add_lint
from aiops_daemon.cli.amsnippet import add_snippet
from aiops_daemon.cli.parsing import Nouns


def register(nouns: Nouns) -> None:
    """Add the noun."""
    noun = nouns.add_parser("alertmanager", help="find traps in an Alertmanager's configuration, connect or import it")
    verbs = noun.add_subparsers(metavar="VERB", required=True)
    add_lint(verbs)
    add_snippet(verbs)
    add_import(verbs)
