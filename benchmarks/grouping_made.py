"""How rightly alerts of made streams are grouped, next to a silence of 120 s and to alertname.

Enters: seeds. Leaves: a table, the mean over seeds. Seeds 1, 2, 3 are for work on the code; others for a last look.
Run: python benchmarks/grouping_made.py [SEED ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import fmean

from grouping import by_name, by_silence, ours
from made_streams import streams

from aiops_daemon.cli.alertfile import Record
from aiops_daemon.core.incidents.grouping.agreement import agreement


def figures(record: Record) -> tuple[float, ...]:
    """Return F1, precision and recall of ours, and F1 of the two peers."""
    agreed = agreement(ours(record.alerts), record.truth)
    peers = (agreement(way(record.alerts), record.truth).f1 for way in (by_silence, by_name))
    return (agreed.f1, agreed.precision, agreed.recall, *peers)


def table(seeds: Sequence[int]) -> dict[str, list[tuple[float, ...]]]:
    """Return the figures of every record by the name of its stream."""
    found: dict[str, list[tuple[float, ...]]] = {}
    for seed in seeds:
        for name, records in streams(seed).items():
            found.setdefault(name, []).extend(map(figures, records))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", type=int, nargs="*", default=[1, 2, 3])
    print(f"{'':40}{'F1':>7}{'prec.':>7}{'recall':>7}{'120 s':>8}{'name':>7}")
    for name, rows in table(parser.parse_args().seeds).items():
        f1, precision, recall, silence, names = (fmean(column) for column in zip(*rows, strict=True))
        print(f"{name:40}{f1:7.3f}{precision:7.3f}{recall:7.3f}{silence:8.3f}{names:7.3f}")


if __name__ == "__main__":
    main()
