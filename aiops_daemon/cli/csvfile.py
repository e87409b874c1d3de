"""CSV in and out for the offline commands: `timestamp,value` rows become arrays, columns become rows.

Enters: a path or `-`. Leaves: times as unix seconds, values as float64, and the stamps as they were written, so that
answers can be written in the same style. A timestamp is ISO 8601 (no offset: UTC) or epoch seconds.
Never guesses: what cannot be read is an InputError that names the line.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TextIO

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.errors import InputError

STDIO = "-"


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """Rows in the order of the file, which need not be rising; an empty value is NaN."""

    stamps: list[str]
    times: NDArray[np.float64]  # unix seconds
    values: NDArray[np.float64]


def read_series(path: str) -> TimeSeries:
    """Read the columns `timestamp` and `value`; raises InputError with the line number on faults."""
    stamps: list[str] = []
    times: list[float] = []
    values: list[float] = []
    with _opened(path, "r") as file:
        for line, stamp, value in _cells(csv.reader(file), path):
            stamps.append(stamp)
            times.append(_moment(stamp, path, line))
            values.append(_number(value, path, line))
    return TimeSeries(stamps, np.array(times, dtype=np.float64), np.array(values, dtype=np.float64))


def write_rows(path: str, header: Sequence[str], rows: Iterable[Sequence[str | float]]) -> None:
    """Write a header and rows; floats in the shortest form that reads back equal, NaN as an empty cell."""
    with _opened(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_cell(value) for value in row] for row in rows)


def write_like(stamp: str, at: float) -> str:
    """Write the moment `at` (unix seconds) in the style of `stamp`: epoch or ISO 8601, offset and digits kept."""
    try:
        float(stamp)
    except ValueError:
        return _iso_like(stamp, at)
    digits = len(stamp.partition(".")[2])
    return f"{at:.{digits}f}"


def _iso_like(stamp: str, at: float) -> str:
    seen = datetime.fromisoformat(stamp)
    moment = datetime.fromtimestamp(at, seen.tzinfo or UTC)
    if len(stamp) == len("2026-01-01") and moment.time() == datetime.min.time():
        return moment.date().isoformat()
    digits = len(stamp.partition(".")[2].rstrip("Z").partition("+")[0].partition("-")[0])
    precision = "microseconds" if digits > 3 else "milliseconds" if digits else "seconds"
    text = moment.replace(tzinfo=None).isoformat(sep=stamp[10:11] or "T", timespec=precision)
    if stamp.endswith("Z"):
        return text + "Z"
    return text + (moment.strftime("%z")[:3] + ":" + moment.strftime("%z")[3:5] if seen.tzinfo else "")


def _cells(reader: Iterator[list[str]], path: str) -> Iterator[tuple[int, str, str]]:
    """Yield line number, timestamp and value of every row that is not blank."""
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if "timestamp" not in header or "value" not in header:
            raise _fault(path, 1, f"needs the columns timestamp and value; found {', '.join(header) or 'nothing'}")
        at, number = header.index("timestamp"), header.index("value")
        for line, row in enumerate(reader, start=2):
            if len(row) > max(at, number):
                yield line, row[at].strip(), row[number].strip()
            elif row:
                raise _fault(path, line, f"has {len(row)} cells, {max(at, number) + 1} are needed")
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8: {error}") from error


def _moment(text: str, path: str, line: int) -> float:
    try:
        seconds = float(text)
    except ValueError:
        return _iso_moment(text, path, line)
    if not math.isfinite(seconds):
        raise _fault(path, line, f"{text!r} is no timestamp")
    return seconds


def _iso_moment(text: str, path: str, line: int) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _fault(path, line, f"{text!r} is no timestamp; write ISO 8601 or epoch seconds") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _number(text: str, path: str, line: int) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        raise _fault(path, line, f"{text!r} is no number") from None


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return "" if math.isnan(value) else repr(float(value))


def _fault(path: str, line: int, message: str) -> InputError:
    return InputError(f"{path}:{line}: {message}")


@contextmanager
def _opened(path: str, mode: Literal["r", "w"]) -> Iterator[TextIO]:
    if path == STDIO:
        yield sys.stdin if mode == "r" else sys.stdout
        return
    try:
        with Path(path).open(mode, encoding="utf-8-sig" if mode == "r" else "utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
