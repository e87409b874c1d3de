"""When an SLO's alerts begin and end, ours, Sloth's and Pyrra's.

Prints minutes from the onset of steady errors to page and ticket and from recovery after eight hours to the last one,
reckoned by slo_model.py after five clean days; beside them the minute of the page as promtool runs the rules, and ours
where the lower bound of the ratio costs minutes, for there are fewer events; then how often a page begins in an
incident of eight hours whose errors come in bursts. Three minutes, ten seconds without promtool:
python benchmarks/slo_detection.py [--no-promtool]
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rig
import slo_model
import slo_rules
from slo_model import Counts, Minutes

from aiops_daemon.core.rules.slo.story import notation, steady

WARM, INCIDENT, AFTER = 5 * 1440, 480, 1440
SHORT_WARM = 400
EVENTS = 1_000_000  # a minute: so many that the lower bound of a ratio is the ratio
FEWER = (100_000, 6_000, 600)
SHARES = (1.0, 0.1, 0.02, 0.01, 0.004)
RULES = (slo_rules.ours, slo_rules.sloth, slo_rules.pyrra)
PATTERNS = ((1, 4, 0.2), (2, 8, 0.2), (5, 15, 0.2), (10, 20, 0.2), (10, 50, 0.2), (1, 9, 1.0))
WALKS = ((2, 4), (5, 15), (15, 45))  # mean minutes with and without errors
TRIES = 300


def told(rules: slo_rules.Rules, share: float) -> float:
    """Return the minutes to the page as promtool tells, after as many clean minutes as the page's windows ask for."""
    story = steady([(SHORT_WARM, EVENTS, 0.0), (INCIDENT, EVENTS, share)])
    series = {
        slo_rules.SERIES % "200": notation(np.cumsum(story.total - story.bad).tolist()),
        slo_rules.SERIES % "500": notation(np.cumsum(story.bad).tolist()),
    }
    page = f'max(ALERTS{{alertstate="firing",{rules.page}}})'
    asked = f"min_over_time((0 * {page} + time())[{INCIDENT}m:1m]) / 60 - {SHORT_WARM}"
    with tempfile.TemporaryDirectory() as folder:
        return slo_rules.promtool_values(Path(folder), rules, series, [(asked, SHORT_WARM + INCIDENT)])[0]


def reckoned(name: str, share: float, events: float = EVENTS) -> list[float]:
    """Return minutes to page and ticket from the onset, and from recovery to their last firing; NaN for never."""
    story = steady([(WARM, events, 0.0), (INCIDENT, events, share), (AFTER, events, 0.0)])
    found = [
        np.flatnonzero(slo_model.PEERS[name](Counts(story.bad, story.total), which)) for which in ("page", "ticket")
    ]
    begins = [held[0] - WARM if len(held) and held[0] <= WARM + INCIDENT else math.nan for held in found]
    ends = [held[-1] - WARM - INCIDENT if len(held) else math.nan for held in found]
    return [*begins, *ends]


def steady_errors(*, with_promtool: bool) -> None:
    """Print the table of steady errors."""
    rows = [("errors", "", f"{'':14}  {'page':>6} {'ticket':>6}   {'page, ticket end after':>22}   page by promtool")]
    for share in SHARES:
        for name, make in zip(slo_model.PEERS, RULES, strict=True):
            page, ticket, page_ends, ticket_ends = (_text(value) for value in reckoned(name, share))
            told_page = _text(told(make(), share)) if with_promtool else ""
            cells = f"{name:14}  {page:>6} {ticket:>6}   {page_ends:>11} {ticket_ends:>10}   {told_page:>16}"
            rows.append((f"{share:.1%}", "", cells))
    rig.table("steady errors of 8 h, 99.9 % over 30d, minutes from onset and from recovery", rows)


def fewer_events() -> None:
    """Print our page's minutes where there are fewer events."""
    rows = [("events a minute", "", "  ".join(f"{share:>7.1%}" for share in SHARES[:4]))]
    for events in FEWER:
        minutes = [reckoned("aiops-daemon", share, events)[0] for share in SHARES[:4]]
        rows.append((f"{events:,}", "", "  ".join(f"{_text(value):>7}" for value in minutes)))
    rig.table("minutes to our page", rows)


def _text(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.0f}"


def incident(on: np.ndarray[tuple[int], np.dtype[np.bool_]], share: float) -> tuple[Minutes, Minutes]:
    """Return errors and events of an incident between clean days and two hours."""
    total = np.full(WARM + INCIDENT + 120, float(EVENTS))
    bad = np.zeros(len(total))
    bad[WARM + 1 : WARM + 1 + INCIDENT] = on * share * EVENTS
    return bad, total


def patterns() -> Iterator[tuple[str, list[tuple[Minutes, Minutes]]]]:
    """Yield incidents in bursts: regular ones, and alternation by chance."""
    minutes = np.arange(INCIDENT)
    for on, off, share in PATTERNS:
        yield f"{on} min at {share:.0%}, {off} without", [incident(minutes % (on + off) < on, share)]
    rng = np.random.default_rng(79)
    for on, off in WALKS:
        yield f"{on} and {off} min on average, 20%", [incident(_walk(rng, on, off), 0.2) for _ in range(TRIES)]


def _walk(rng: np.random.Generator, on: float, off: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    state, states = True, []
    while len(states) < INCIDENT:
        states += [state] * max(1, round(rng.exponential(on if state else off)))
        state = not state
    return np.array(states[:INCIDENT])


def bursty_errors() -> None:
    """Print the table of bursts."""
    head = ("bursts", "", "  ".join(f"{name:>22}" for name in slo_model.PEERS))
    rows = [head]
    for words, made in patterns():
        cells = []
        for fires in slo_model.PEERS.values():
            held = [fires(Counts(*one), "page")[WARM:] for one in made]
            began = np.mean([len(slo_model.starts(one)) for one in held])
            first = np.median([min(slo_model.starts(one), default=math.nan) for one in held])
            cells.append(f"{began:6.1f} {first:5.0f} {np.mean([one.sum() for one in held]):7.0f}")
        rows.append((words, "", "  ".join(f"{cell:>22}" for cell in cells)))
    rig.table("bursty errors for 480 minutes: pages begun, minutes to the first, minutes firing", rows)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-promtool", action="store_true", help="only what numpy reckons")
    steady_errors(with_promtool=not parser.parse_args().no_promtool)
    fewer_events()
    bursty_errors()


if __name__ == "__main__":
    main()
