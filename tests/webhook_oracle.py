"""What must hold for any bytes that are sent to the webhook, with Python's own JSON reader as the oracle."""

from __future__ import annotations

import json
import zlib

from aiops_daemon.core.model.inbox import InboxRow, QuarantineReason
from aiops_daemon.edges.web.alertmanager import decode as decoding
from aiops_daemon.edges.web.alertmanager import sniff
from aiops_daemon.edges.web.alertmanager.alert import AlertReader
from aiops_daemon.edges.web.alertmanager.scan import MAX_DEPTH, MalformedError, elements, members, value

NOW = 1_795_230_600.0


def _no_constant(name):
    raise ValueError(name)


def read_strictly(raw):
    """Read JSON as RFC 8259 has it, numbers as text; raises ValueError or RecursionError."""
    text = raw.removeprefix(sniff.BOM).decode()
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_constant)


def depth(found):
    """Return how deep containers nest."""
    level, here = 0, [found]
    while here := [each for each in here if isinstance(each, dict | list)]:
        level += 1
        here = [inner for each in here for inner in (each.values() if isinstance(each, dict) else each)]
    return level


def drive(waiting):
    """Run a coroutine that only ever sleeps for nothing."""
    try:
        while True:
            waiting.send(None)
    except StopIteration as stop:
        return stop.value


def walk(pauses):
    """Run a walk to its end; returns what it yielded and what it returned."""
    found = []
    try:
        while True:
            found.append(next(pauses))
    except StopIteration as stop:
        return found, stop.value


def row(raw):
    """Put a body into the inbox."""
    return InboxRow(1, "eu1", "default", NOW, raw)


def packed(raw, skip=0):
    """Put a body into the inbox as a large one lies there."""
    return InboxRow(1, "eu1", "default", NOW, zlib.compress(raw, 1), skip=skip, packed=True)


def walked_slices(raw):
    """Decode as large bodies are decoded, however small this one is."""

    def slices():
        envelope, raws = yield from decoding._outlined(raw)
        if raws is not None:
            yield from decoding._slices(row(raw), AlertReader(row(raw), envelope), raws)

    return list(slices())


def check(raw):
    """Check everything that must hold for these bytes; returns whether they are accepted."""
    unfit = drive(sniff.is_object(raw))
    try:
        found = read_strictly(raw)
        fits = isinstance(found, dict) and depth(found) <= MAX_DEPTH
    except (ValueError, RecursionError):
        found, fits = None, False
    assert fits == (unfit is None), f"the oracle says {fits}, we say {unfit}"
    slices = list(decoding.decode(row(raw)))
    _check_slices(slices)
    if not fits:
        return False
    assert isinstance(found, dict)
    _check_ranges(raw, found)
    alerts = found.get("alerts")
    if not isinstance(alerts, list):
        assert [QuarantineReason.NO_ALERTS] == [each.reason for part in slices for each in part.rejected]
        return True
    walked = walked_slices(raw)
    assert len(alerts) == sum(part.alerts for part in slices) == sum(part.alerts for part in walked)
    assert [part for part in slices if part.alerts] == [part for part in walked if part.alerts]
    unpacked = list(decoding.decode(packed(raw)))
    for each in ("events", "rejected"):
        assert [one for part in slices for one in getattr(part, each)] == [
            one for part in unpacked for one in getattr(part, each)
        ]
    return True


def _check_slices(slices):
    for part in slices:
        for event in part.events:
            texts = [event.fingerprint, event.receiver, event.external_url, event.generator_url, event.extra]
            texts += [text for pair in event.labels + event.annotations for text in pair]
            for text in texts:
                text.encode()
                assert "\x00" not in text
            assert len(event.labels) <= 64
            assert not event.extra or isinstance(json.loads(event.extra), dict)
        for each in part.rejected:
            each.detail.encode()


def _check_ranges(raw, found):
    """The ranges of members and of elements hold what the oracle read."""
    start = raw.index(b"{")
    said, _ = walk(members(raw, start))
    names = {read_strictly(pair[0]): pair[1] for pair in said if pair is not None}
    assert found == {name: read_strictly(raw[begin:end]) for name, (begin, end) in names.items()}
    for name, (begin, _) in names.items():
        if isinstance(found[name], list):
            places, _ = walk(elements(raw, begin))
            assert found[name] == [read_strictly(raw[a:b]) for a, b in (each for each in places if each is not None)]


def ends(raw):
    """Return where the first value of these bytes ends, or None when there is none."""
    try:
        return walk(value(raw, 0))[1]
    except MalformedError:
        return None
