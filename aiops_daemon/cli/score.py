"""`aiops-daemon score`: the live bands, run over a file.

Enters: CSV rows `timestamp,value` in time order. Leaves: each row with expected value, band and anomaly score, computed
from that row and earlier ones only, with the very code and defaults of a live run. A missing value leaves the band as
it was and scores 0. Never learns twice from a repeated timestamp.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import numpy as np

from aiops_daemon.cli.csvfile import TimeSeries, read_series, write_rows
from aiops_daemon.cli.parsing import Exit, Nouns
from aiops_daemon.core.model.query import Direction, Season
from aiops_daemon.core.signals.bands.baseline import BandOptions, Bands

HEADER = ("timestamp", "value", "expected", "lower", "upper", "anomaly_score")
_NO_BAND = (math.nan, math.nan, math.nan, 0.0)


def register(nouns: Nouns) -> None:
    """Add the noun `score`."""
    parser = nouns.add_parser("score", help="score a CSV file as a live run would", description=__doc__)
    parser.add_argument("--input", required=True, metavar="FILE", help="CSV with timestamp,value; - is standard input")
    parser.add_argument("--output", default="-", metavar="FILE", help="CSV to write; - is standard output")
    parser.add_argument(
        "--season",
        action="append",
        choices=["auto", "none", "daily", "weekly"],
        help="repeatable; auto (the default) chooses from the data as they come",
    )
    parser.add_argument("--direction", choices=[str(each) for each in Direction], default=str(Direction.BOTH))
    parser.add_argument("--min-deviation.absolute", dest="absolute", type=_amount, default=0.0, metavar="NUMBER")
    parser.add_argument("--min-deviation.relative", dest="relative", type=_amount, default=0.0, metavar="RATIO")
    parser.add_argument("--time-zone", type=_zone, default="UTC", metavar="ZONE", help="for seasons; an IANA name")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Score one file; rows older than the row before are told on standard error."""
    series = read_series(args.input)
    late = int((np.diff(series.times) < 0).sum())
    if late:
        print(f"warning: {late} rows are older than the row before; they are scored but not learned", file=sys.stderr)
    rows = list(score(series, options_of(args)))
    write_rows(args.output, HEADER, rows)
    return Exit.GOOD


def options_of(args: argparse.Namespace) -> BandOptions:
    """Read the flags as the keys of a query."""
    return BandOptions(
        direction=Direction(args.direction),
        seasons=_seasons(args.season or ["auto"]),
        time_zone=args.time_zone,
        min_deviation_absolute=args.absolute,
        min_deviation_relative=args.relative,
    )


def score(series: TimeSeries, options: BandOptions) -> Iterator[tuple[str | float, ...]]:
    """Yield one output row for every row of a series, each from that row and earlier ones only."""
    bands = Bands(options, capacity=1)
    row = np.zeros(1, dtype=np.intp)
    band = _NO_BAND
    for stamp, at, value in zip(series.stamps, series.times.tolist(), series.values.tolist(), strict=True):
        if not math.isfinite(value):
            yield (stamp, value, *band[:3], 0.0)
            continue
        step = bands.step(row, np.array([value]), at)
        band = (float(step.expected[0]), float(step.lower[0]), float(step.upper[0]), float(step.score[0]))
        yield (stamp, value, *band)


def _seasons(names: list[str]) -> tuple[Season, ...] | None:
    if "auto" in names:
        return None
    return tuple(Season(name) for name in dict.fromkeys(names) if name != "none")


def _amount(text: str) -> float:
    """Read a deviation: finite and not negative; an argparse type."""
    amount = float(text)
    if not 0.0 <= amount < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} must be 0 or more")
    return amount


def _zone(text: str) -> str:
    """Check an IANA zone name; an argparse type."""
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time zone; write an IANA name such as Europe/Berlin"
        ) from None
