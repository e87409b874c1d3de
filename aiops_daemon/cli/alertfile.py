"""Records of alerts in and incident ids out, one JSON value a line.

Enters: a path or `-`; lines `{"ts": 1700000000.5, "labels": {...}}`, `ts` in epoch seconds, perhaps with `truth` (what
the alert belongs to) and `ends_at`. Leaves: alerts in the order of the file. Never guesses: a line that is not that is
an InputError with its number.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from aiops_daemon.core.incidents.grouping.rehearsal import PastAlert
from aiops_daemon.core.model import labels as label_sets
from aiops_daemon.errors import InputError

STDIO = "-"
_FORM = 'a line is {"ts": 1700000000.5, "labels": {"alertname": "..."}}'


@dataclass(frozen=True, slots=True)
class Record:
    """Alerts of a file; `truth` has one value an alert, or none at all."""

    alerts: tuple[PastAlert, ...]
    truth: tuple[str, ...]


def read_alerts(path: str) -> Record:
    """Read a record; raises InputError with the line number on faults."""
    alerts: list[PastAlert] = []
    truth: list[str] = []
    with _opened(path, "r") as file:
        for number, line in _lines(file, path):
            fields = _fields(line, f"{path}:{number}")
            alerts.append(_alert(fields, f"{path}:{number}"))
            if "truth" in fields:
                truth.append(json.dumps(fields["truth"], sort_keys=True))
    if truth and len(truth) < len(alerts):
        raise InputError(f"{path}: {len(alerts) - len(truth)} of {len(alerts)} lines have no `truth`; all or none")
    return Record(tuple(alerts), tuple(truth))


def write_ids(path: str, ids: Iterable[str]) -> None:
    """Write one JSON value a line."""
    with _opened(path, "w") as file:
        file.writelines(f"{json.dumps(one)}\n" for one in ids)


def _lines(file: TextIO, path: str) -> Iterator[tuple[int, str]]:
    """Number the lines that are not empty."""
    try:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, line
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text: {error.reason}") from error


def _fields(line: str, place: str) -> dict[str, object]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: is not JSON ({error}); {_FORM}") from error
    if not isinstance(fields, dict):
        raise InputError(f"{place}: is no JSON object; {_FORM}")
    return fields


def _alert(fields: dict[str, object], place: str) -> PastAlert:
    found = fields.get("labels")
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise InputError(f"{place}: `labels` is no object of strings; {_FORM}")
    labels = label_sets.make(found)
    ends_at = None if fields.get("ends_at") is None else _moment(fields, "ends_at", place)
    return PastAlert(("", label_sets.text(labels)), labels, _moment(fields, "ts", place), ends_at)


def _moment(fields: dict[str, object], name: str, place: str) -> float:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{place}: `{name}` is no number of epoch seconds; {_FORM}")
    return float(value)


@contextmanager
def _opened(path: str, mode: Literal["r", "w"]) -> Iterator[TextIO]:
    if path == STDIO:
        yield sys.stdin if mode == "r" else sys.stdout
        return
    try:
        with Path(path).open(mode, encoding="utf-8-sig" if mode == "r" else "utf-8") as file:
            yield file
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
