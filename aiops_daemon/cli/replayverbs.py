"""The verbs `incidents replay` and `incidents what-if`: their flags.

Apart from what they do, which needs the grouping and the store: whoever lists incidents must not wait for those.
"""

from __future__ import annotations

import argparse

from aiops_daemon.cli.parsing import Nouns, duration, later
from aiops_daemon.core.model.durations import DAY


def register_replay(verbs: Nouns) -> None:
    """Add the verb `replay`."""
    verb = verbs.add_parser(
        "replay",
        help="group a record of alerts as the daemon would have",
        description='Group a record of alerts as the daemon would have. Input lines: {"ts", "labels"}, ts in epoch '
        'seconds; with "truth" the agreement with it is told.',
    )
    verb.add_argument("--input", required=True, metavar="FILE", help="alerts, one JSON object a line; - is stdin")
    verb.add_argument("--output", required=True, metavar="FILE", help="incident ids, one a line; - is stdout")
    verb.add_argument("--config.file", dest="config_file", metavar="FILE", help="its `grouping` and `topology` count")
    _add_form(verb)
    verb.set_defaults(run=later("replay", "replay"))


def register_what_if(verbs: Nouns) -> None:
    """Add the verb `what-if`."""
    verb = verbs.add_parser(
        "what-if",
        help="compare another grouping with the present one, on one's own history",
        description="Group the alerts of the store, or of a file, by another configuration, and tell it next to the "
        "present grouping: compression, and precision and recall against truth or people's merges and splits.",
    )
    verb.add_argument(
        "--config", "--config.file", required=True, metavar="FILE", help="its `grouping` and `topology` are tried"
    )
    verb.add_argument("--input", metavar="FILE", help="alerts as for replay, in place of the store; - is stdin")
    verb.add_argument("--storage.url", dest="storage_url", metavar="URL", default="", help="wins over the file")
    verb.add_argument(
        "--since", type=duration, default=30 * DAY, metavar="DURATION", help="how far back in the store (30d)"
    )
    _add_form(verb)
    verb.set_defaults(run=later("replay", "what_if"))


def _add_form(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("-o", dest="form", choices=["text", "json"], default="text", help="form of the figures")
