"""The command line's front door: finds the noun, imports only its file, runs it.

Enters: arguments. Leaves: an exit code. The last resort against faults nobody foresaw stands here.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Sequence

from aiops_daemon import __version__
from aiops_daemon.cli.parsing import Exit, Nouns
from aiops_daemon.errors import AiopsError, ConfigError, UsageError

NOUNS: dict[str, tuple[str, str]] = {
    "run": ("run", "run the daemon"),
    "demo": ("demo", "replay a recorded world and show what is found in it"),
    "config": ("config", "check, show or describe the configuration"),
    "check-config": ("config", "the same as `config check`"),
    "rules": ("rules", "generate, lint and backtest alert rules"),
    "slo": ("slo", "how SLOs stand, and whether they were kept over a month"),
    "incidents": ("incidents", "list, show and move incidents; try groupings"),
    "notifications": ("notifications", "who was told of what, and whether it arrived; test messages"),
    "changes": ("changes", "tell PagerDuty of a deployment or another change"),
    "shadow": ("shadow", "what others paged against what we would have"),
    "alertmanager": ("alertmanager", "find traps in an Alertmanager's configuration, connect or import it"),
    "simulate": ("simulate", "run an escalation ahead"),
    "schedules": ("schedules", "import on-call schedules of other tools"),
    "quality": ("quality", "what came of each alert rule, and changes worth making"),
    "db": ("db", "check, back up, restore or migrate the store"),
    "score": ("score", "score a time series offline"),
    "forecast": ("forecast", "forecast a time series offline"),
    "version": ("version", "print the version"),
}


def dispatch(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    noun = next((word for word in arguments if not word.startswith("-")), "")
    parser, nouns = _build(noun)
    chosen, unknown = parser.parse_known_args(arguments)
    if unknown:
        nouns.choices.get(noun, parser).error(f"unrecognized arguments: {' '.join(unknown)}")
    if not hasattr(chosen, "run"):
        parser.print_help(sys.stderr)
        return Exit.USAGE
    try:
        return int(chosen.run(chosen))
    except ConfigError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return Exit.BAD if error.readable else Exit.UNKNOWN
    except UsageError as error:
        print(f"aiops-daemon: {error}", file=sys.stderr)
        return Exit.USAGE
    except AiopsError as error:
        print(f"aiops-daemon: {error}", file=sys.stderr)
        return Exit.UNKNOWN
    except (BrokenPipeError, KeyboardInterrupt):
        return Exit.UNKNOWN
    except Exception:
        logging.getLogger(__name__).exception("unexpected fault")
        return Exit.UNKNOWN


def build_parser(noun: str) -> argparse.ArgumentParser:
    """Build the parser; only the file of `noun` is imported, the others are listed with their help."""
    return _build(noun)[0]


def _build(noun: str) -> tuple[argparse.ArgumentParser, Nouns]:
    parser = argparse.ArgumentParser(prog="aiops-daemon", description="AIOps daemon for Prometheus.")
    parser.add_argument("--version", action="version", version=f"aiops-daemon {__version__}")
    nouns = parser.add_subparsers(metavar="COMMAND")
    if noun in NOUNS:
        importlib.import_module(f"aiops_daemon.cli.{NOUNS[noun][0]}").register(nouns)
    _list_others(nouns)
    return parser, nouns


def _list_others(nouns: Nouns) -> None:
    for name, (_, summary) in NOUNS.items():
        if name not in nouns.choices:
            nouns.add_parser(name, help=summary)
