"""Pages and tickets of a service with little traffic that runs at half its error budget, ours and the peers'.

Prints pages and tickets in 30 days (each beginning of firing counts) over many made months of 99.9 %, with errors that
come alone and errors that come in runs of five requests on average (geometric), and how an outage of an hour with half
of all requests failing is found. Both are reckoned by slo_model.py. A minute runs: python benchmarks/slo_low_traffic.py
"""

from __future__ import annotations

import argparse

import numpy as np
import rig
import slo_model
from slo_model import Counts, Minutes
from slo_rules import BUDGET

WARM = 3 * 1440
MONTH = 30 * 1440
OUTAGE = 60
LATE = 5  # minutes after an outage in which a page still counts: its windows end then
RATES = (10, 100, 1000)


def requests(rng: np.random.Generator, per_hour: float, minutes: int) -> tuple[Minutes, int]:
    """Make independent requests; returns how many each minute has and how many there are."""
    total = rng.poisson(per_hour / 60, minutes)
    return total.astype(float), int(total.sum())


def errors(rng: np.random.Generator, total: Minutes, share: float, run: float) -> Minutes:
    """Let a share of requests fail, in runs of `run` on average one after the other."""
    count = int(total.sum())
    failed = np.zeros(count, dtype=bool)
    begins = np.flatnonzero(rng.random(count) < share / run / (1 - share * (1 - 1 / run)))
    for begin, length in zip(begins.tolist(), rng.geometric(1 / run, len(begins)).tolist(), strict=True):
        failed[begin : begin + length] = True
    summed = np.concatenate([[0], np.cumsum(failed)])
    return np.diff(summed[np.cumsum(total).astype(int)], prepend=0).astype(float)


def months(per_hour: float, run: float, runs: int, gap: int) -> dict[str, tuple[float, float]]:
    """Return pages and tickets a month of everybody."""
    seen = {name: [0, 0] for name in slo_model.PEERS}
    rng = np.random.default_rng([77, int(per_hour), int(run)])
    for _ in range(runs):
        total, _count = requests(rng, per_hour, WARM + MONTH)
        counts = Counts(errors(rng, total, BUDGET / 2, run), total, gap)
        for name, fires in slo_model.PEERS.items():
            for column, severity in enumerate(("page", "ticket")):
                seen[name][column] += len(slo_model.starts(fires(counts, severity)[WARM:]))
    return {name: (pages / runs, tickets / runs) for name, (pages, tickets) in seen.items()}


def outages(per_hour: float, runs: int, gap: int) -> dict[str, tuple[float, float]]:
    """Return the share of outages that page, and the median minutes until then."""
    delays: dict[str, list[int]] = {name: [] for name in slo_model.PEERS}
    rng = np.random.default_rng([78, int(per_hour)])
    for _ in range(runs):
        total, _count = requests(rng, per_hour, WARM + 2 * OUTAGE)
        bad = errors(rng, total, BUDGET / 2, 1.0)
        during = slice(WARM, WARM + OUTAGE)
        bad[during] = rng.binomial(total[during].astype(int), 0.5)
        counts = Counts(bad, total, gap)
        for name, fires in slo_model.PEERS.items():
            held = np.flatnonzero(fires(counts, "page")[WARM : WARM + OUTAGE + LATE])
            delays[name] += held[:1].tolist()
    return {name: (len(found) / runs, float(np.median(found)) + 1) for name, found in delays.items()}


def main() -> None:
    """Run every rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=300)
    parser.add_argument("--outages", type=int, default=500)
    parser.add_argument("--gap", type=int, default=0, help="minutes of a range that no two scrapes span (0 or 1)")
    options = parser.parse_args()
    names = list(slo_model.PEERS)
    for words, run in (("alone", 1.0), ("in runs of 5", 5.0)):
        print(f"\npages / tickets in 30 days at half the budget, errors {words}, {options.months} months")
        rig.table(
            "",
            [("requests/h", "", "  ".join(f"{name:>14}" for name in names))]
            + [
                (str(rate), "", "  ".join(f"{pages:>7.2f}/{tickets:<6.2f}" for pages, tickets in found.values()))
                for rate, found in ((rate, months(rate, run, options.months, options.gap)) for rate in RATES)
            ],
        )
    print(f"\nan hour in which half fail, {options.outages} outages: share found, median minutes from its begin")
    rig.table(
        "",
        [("requests/h", "", "  ".join(f"{name:>14}" for name in names))]
        + [
            (str(rate), "", "  ".join(f"{share:>7.1%} {median:<6.0f}" for share, median in found.values()))
            for rate, found in ((rate, outages(rate, options.outages, options.gap)) for rate in RATES)
        ],
    )


if __name__ == "__main__":
    main()
