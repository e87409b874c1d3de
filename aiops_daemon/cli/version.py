"""`aiops-daemon version`."""

from __future__ import annotations

import argparse
import platform

from aiops_daemon import __version__
from aiops_daemon.cli.parsing import Exit, Nouns


def register(nouns: Nouns) -> None:
    """Add the noun."""
    parser = nouns.add_parser("version", help="print the version")
    parser.set_defaults(run=show)


def show(_: argparse.Namespace) -> int:
    """Print the version."""
    print(f"aiops-daemon {__version__} (python {platform.python_version()})")
    return Exit.GOOD
