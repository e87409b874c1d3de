"""When an SLO's alerts begin and end, ours, Sloth's and Pyrra's.

Prints minutes from the onset of steady errors to page and ticket and from recovery to the last firing of the page, as
promtool runs the rules over three clean days and an incident of eight hours; then, reckoned by slo_model.py, how often
a page begins in an incident of eight hours whose errors come in bursts. Eight minutes:
python benchmarks/slo_detection.py [--bursts]
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rig
import slo_model
import slo_rules
from slo_model import Counts, Minutes

from aiops_daemon.core.rules.slo.story import notation, steady

WARM, INCIDENT, AFTER = 3 * 1440, 480, 60
EVENTS = 6000  # a minute
SHARES = (1.0, 0.1, 0.02, 0.01, 0.004)
RULES = (slo_rules.ours, slo_rules.sloth, slo_rules.pyrra)
PATTERNS = ((1, 4, 0.2), (2, 8, 0.2), (5, 15, 0.2), (10, 20, 0.2), (10, 50, 0.2), (1, 9, 1.0))
WALKS = ((2, 4), (5, 15), (15, 45))  # mean minutes with and without errors
TRIES = 300


def told(rules: slo_rules.Rules, share: float) -> list[float]:
    """Return minutes to page and ticket, minutes that the page outlives the incident, and how often it began."""
    story = steady([(WARM, EVENTS, 0.0), (INCIDENT, EVENTS, share), (AFTER, EVENTS, 0.0)])
    series = {
        slo_rules.SERIES % "200": notation(np.cumsum(story.total - story.bad).tolist()),
        slo_rules.SERIES % "500": notation(np.cumsum(story.bad).tolist()),
    }
    page, ticket = (f'max(ALERTS{{alertstate="firing",{matcher}}})' for matcher in (rules.page, rules.ticket))
    end, span = WARM + INCIDENT + AFTER, f"{INCIDENT + AFTER + 60}m:1m"
    asked = [
        (f"min_over_time((0 * {page} + time())[{span}]) / 60 - {WARM}", end),
        (f"min_over_time((0 * {ticket} + time())[{span}]) / 60 - {WARM}", end),
        (f"max_over_time((0 * {page} + time())[{span}]) / 60 - {WARM + INCIDENT}", end),
        (f"count_over_time(({page} unless {page.replace('})', '} offset 1m)')})[{span}])", end),
    ]
    with tempfile.TemporaryDirectory() as folder:
        return slo_rules.promtool_values(Path(folder), rules, series, asked)


def steady_errors() -> None:
    """Print the table of steady errors."""
    head = ("errors", "", f"{'':14}  {'page':>6} {'ticket':>6} {'page ends':>9} {'pages':>5}   promtool")
    rows = [head]
    for share in SHARES:
        for make in RULES:
            rules, began = make(), time.monotonic()
            found = told(rules, share)
            shown = [f"{'none' if math.isnan(value) else format(value, '.0f'):>6}" for value in found]
            took = time.monotonic() - began
            rows.append((f"{share:.1%}", "", f"{rules.name:14}  {' '.join(shown)}   {took:.0f} s"))
    rig.table("steady errors, 99.9 % over 30d, minutes from onset and from recovery", rows)


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
    parser.add_argument("--bursts", action="store_true", help="only the bursts")
    if not parser.parse_args().bursts:
        steady_errors()
    bursty_errors()


if __name__ == "__main__":
    main()
