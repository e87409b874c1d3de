"""`aiops-daemon forecast`: a CSV of the past in, a CSV of what is to come out; no server, no configuration.

Steps are the median spacing of the input; gaps are bridged, values of one step averaged. Prints the season and
the method it chose to the error stream, never into the answer.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from aiops_daemon.cli.csvfile import TimeSeries, read_series, write_like, write_rows
from aiops_daemon.cli.parsing import Exit, Nouns
from aiops_daemon.core.model.series import Floats
from aiops_daemon.core.signals.offline.rolling import SeriesForecast, forecast_series
from aiops_daemon.errors import InputError

_COLUMNS = ("timestamp", "expected", "lower", "upper")
_LARGEST_GRID = 2_000_000


def register(nouns: Nouns) -> None:
    """Add the noun `forecast`."""
    parser = nouns.add_parser("forecast", help="forecast a series in a CSV file", description=__doc__)
    parser.add_argument("--input", required=True, metavar="FILE", help="CSV with timestamp,value; - is standard input")
    parser.add_argument("--output", default="-", metavar="FILE", help="CSV to write; - is standard output (default)")
    parser.add_argument("--horizon", required=True, type=_count, metavar="N", help="steps to forecast")
    parser.add_argument(
        "--season-length", type=_count, metavar="N", help="steps of a season; 1 is none; found in the data if not given"
    )
    parser.add_argument(
        "--interval", type=_ratio, default=0.8, metavar="RATIO", help="share of values that lie inside (0.8)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, forecast and write; raises InputError for input that cannot be forecast."""
    series = read_series(args.input)
    times, values, spacing = regular(series)
    try:
        found = forecast_series(
            values,
            args.horizon,
            spacing_seconds=spacing,
            season_length=args.season_length,
            interval_ratio=args.interval,
        )
    except ValueError as error:
        raise InputError(f"{args.input}: {error}") from error
    stamp = series.stamps[int(np.argmax(series.times))]
    _write(args.output, found, stamp, times[-1] + spacing * np.arange(1, args.horizon + 1))
    season = ", ".join(map(str, found.season_lengths)) or "none"
    print(f"season length: {season}; method: {found.method}", file=sys.stderr)
    return Exit.GOOD


def regular(series: TimeSeries) -> tuple[Floats, Floats, float]:
    """Return times, values and spacing of a regular grid: the median spacing, gaps bridged by straight lines."""
    known = np.isfinite(series.values)
    order = np.argsort(series.times[known], kind="stable")
    times, values = series.times[known][order], series.values[known][order]
    gaps = np.diff(np.unique(times))
    if not len(gaps):
        raise InputError("the input has fewer than two moments with a value; a forecast needs at least four")
    spacing = float(np.median(gaps))
    slots = np.round((times - times[-1]) / spacing).astype(np.int64)
    slots -= slots[0]
    size = int(slots[-1]) + 1
    if size > _LARGEST_GRID:
        raise InputError(f"the input spans {size} steps of {spacing:g} s; at most {_LARGEST_GRID} are read")
    counts = np.bincount(slots, minlength=size)
    sums = np.bincount(slots, weights=values, minlength=size)
    seen = np.flatnonzero(counts)
    bridged = np.interp(np.arange(size), seen, sums[seen] / counts[seen])
    return times[-1] + spacing * np.arange(1 - size, 1), bridged, spacing


def _write(path: str, found: SeriesForecast, stamp: str, times: Floats) -> None:
    stamps = [write_like(stamp, at) for at in times.tolist()]
    columns = (column.tolist() for column in (found.expected, found.lower, found.upper))
    write_rows(path, _COLUMNS, zip(stamps, *columns, strict=True))


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of steps, at least 1")
    return int(text)


def _ratio(text: str) -> float:
    try:
        ratio = float(text)
    except ValueError:
        ratio = 0.0
    if not 0.0 < ratio < 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no share between 0 and 1; write 0.8")
    return ratio
