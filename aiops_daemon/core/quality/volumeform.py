"""What volume learned, as bytes and back.

Enters: learned counts and shapes. Leaves: JSON of a fixed form. Bytes that cannot be read are no learned state:
counting then begins anew.
"""

from __future__ import annotations

import json
from typing import Any

from aiops_daemon.core.quality.counts import Counts, Shape
from aiops_daemon.core.quality.loudness import Subject
from aiops_daemon.core.quality.volume import Learned

_FORM = 1
_NUMBERS = ("total", "weight", "spread", "spread_weight", "quiet")
_WHOLE = ("last", "silent", "latest")


def export(learned: Learned) -> bytes:
    """Return everything learned as bytes."""
    subjects = [
        [list(subject), [getattr(past, name) for name in (*_NUMBERS, *_WHOLE)], past.days]
        for subject, past in learned.subjects.items()
    ]
    shapes = [[team, shape.hours, shape.weekdays] for team, shape in learned.shapes.items()]
    times = {"form": _FORM, "began": learned.began, "until": learned.until}
    written = times | {"subjects": subjects, "shapes": shapes, "seen": [*learned.seen]}
    return json.dumps(written, separators=(",", ":")).encode()


def load(written: bytes) -> Learned | None:
    """Read what was exported; None when it cannot be read."""
    try:
        read = json.loads(written)
        if read["form"] != _FORM:
            return None
        return Learned(
            int(read["began"]),
            int(read["until"]),
            dict(_subject(row) for row in read["subjects"]),
            dict(_shape(row) for row in read["shapes"]),
            {str(one): None for one in read["seen"]},
        )
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return None


def _subject(row: Any) -> tuple[Subject, Counts]:
    names, values, days = row
    numbers = dict(zip(_NUMBERS, (float(value) for value in values), strict=False))
    last, silent, latest = (int(value) for value in values[len(_NUMBERS) :])
    team, service, rule, source, measure = (str(name) for name in names)
    kept = [[float(value) for value in (day, worst, quiet)] for day, worst, quiet in days]
    return Subject(team, service, rule, source, measure), Counts(
        last, **numbers, silent=silent, latest=latest, days=kept
    )


def _shape(row: Any) -> tuple[str, Shape]:
    team, hours, weekdays = row
    shape = Shape()
    shape.hours = [[float(counted), float(expected)] for counted, expected in hours]
    shape.weekdays = [[float(counted), float(expected)] for counted, expected in weekdays]
    if (len(shape.hours), len(shape.weekdays)) != (24, 7):
        raise ValueError("a day has 24 hours and a week 7 days")
    return str(team), shape
