"""One element of a webhook's `alerts` as an AlertEvent.

Enters: the raw JSON of an alert. Leaves: an event, or a ValueError that names the place: only labels that are no
labels reject an alert; everything else has a defined reading (docs/alertmanager.md). Repeated names, values and times
are read once a body and shared, for a storm says the same things fifty thousand times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from aiops_daemon.core.alertmanager.fingerprint import fingerprint
from aiops_daemon.core.alertmanager.timestamp import parse
from aiops_daemon.core.model.alert import AlertEvent, AlertStatus
from aiops_daemon.core.model.inbox import InboxRow
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.shared import Shared
from aiops_daemon.edges.web.alertmanager.envelope import Envelope
from aiops_daemon.edges.web.alertmanager.texts import bounded, extra_text, harmless, lenient

MAX_LABELS = 64
_SHARED = 20_000  # different pairs and times remembered within one body
_LONGEST_FINGERPRINT = 64
_KNOWN = frozenset({"status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"})
_FIRST = ("alertname", "severity")  # never cut
_DECODER = msgspec.json.Decoder(dict[str, object])
_Pair = tuple[str, str]


@dataclass(slots=True)
class AlertReader:
    """Reads the alerts of one body."""

    row: InboxRow
    envelope: Envelope
    _pairs: dict[_Pair, _Pair] = field(default_factory=dict)
    _times: dict[str, float | None] = field(default_factory=dict)
    _url: Shared[str] = field(default_factory=lambda: Shared(_SHARED))
    _text: Shared[str] = field(default_factory=lambda: Shared(_SHARED // 20))

    def read(self, raw: bytes) -> AlertEvent:
        """Read one alert; raises ValueError that names what is wrong."""
        fields = _decode(raw)
        found = _labels(fields)
        labels, cut = self._bounded(found)
        annotations, _ = self._bounded(_annotations(fields.get("annotations")))
        odd: dict[str, object] = {}
        starts_at = self._time(fields, "startsAt", odd)
        ends_at = self._time(fields, "endsAt", odd)
        status = _status(fields, ends_at, self.row.received_at, odd)
        if cut:
            odd["truncated_labels"] = cut
        return AlertEvent(
            source=self.row.source,
            fingerprint=_fingerprint(fields, found),
            status=status,
            labels=labels,
            annotations=annotations,
            starts_at=self.row.received_at if starts_at is None else starts_at,
            ends_at=self._end(status, ends_at),
            received_at=self.row.received_at,
            generator_url=self._url(_text(fields.get("generatorURL"))),
            receiver=self.envelope.receiver,
            external_url=self.envelope.external_url,
            extra=self._extra(fields, odd),
        )

    def _end(self, status: AlertStatus, ends_at: float | None) -> float | None:
        """A firing alert has no end, whatever endsAt says; a resolved one without a date ended when we heard of it."""
        if status is AlertStatus.FIRING:
            return None
        return self.row.received_at if ends_at is None else ends_at

    def _bounded(self, found: Mapping[str, str]) -> tuple[Labels, int]:
        """Sort, bound and share pairs; empty values count as absent. Returns how many were left out, too."""
        items = sorted(item for item in found.items() if item[1])
        cut = len(items) - MAX_LABELS
        if cut > 0:
            items = sorted(sorted(items, key=lambda item: (item[0] not in _FIRST, item[0]))[:MAX_LABELS])
        shared = self._pairs
        if len(shared) > _SHARED:
            shared.clear()
        return tuple([shared.get(item) or self._share(item) for item in items]), max(0, cut)

    def _share(self, item: _Pair) -> _Pair:
        return self._pairs.setdefault(item, (bounded(item[0]), bounded(item[1])))

    def _time(self, fields: Mapping[str, object], name: str, odd: dict[str, object]) -> float | None:
        """Read a date; None when there is none. One that cannot be read is kept among the odd fields."""
        text = fields.get(name)
        if not isinstance(text, str) or len(text) > 64:
            if text is not None:
                odd[name] = text
            return None
        if text in self._times:
            return self._times[text]
        try:
            moment = parse(text)
        except ValueError:
            if text:
                odd[name] = text
            return None
        if len(self._times) > _SHARED:
            self._times.clear()
        self._times[text] = moment
        return moment

    def _extra(self, fields: dict[str, object], odd: dict[str, object]) -> str:
        unknown = fields.keys() - _KNOWN
        if not unknown and not odd:
            return self.envelope.extra_text
        mine = {name: value for name, value in fields.items() if name in unknown}
        body = {"body": self.envelope.extra} if self.envelope.extra else {}
        return self._text(extra_text(mine | odd | body))


def _decode(raw: bytes) -> dict[str, object]:
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = lenient(raw)
    if not isinstance(found, dict):
        raise ValueError(f": must be an object, is {kind(found)}")
    return found


def _labels(fields: Mapping[str, object]) -> dict[str, str]:
    found = fields.get("labels")
    if not isinstance(found, dict):
        raise ValueError(f".labels: must be an object, is {kind(found)}")
    if not found:
        raise ValueError(".labels: an alert needs at least one label")
    for name, value in found.items():
        if not isinstance(value, str):
            raise ValueError(f".labels.{bounded(name, 128)}: must be a string, is {kind(value)}")
    return found


def _annotations(found: object) -> Mapping[str, str]:
    """Read annotations; other values than strings are kept as JSON text."""
    if not isinstance(found, dict):
        return {}
    return {name: value if isinstance(value, str) else extra_text({name: value}) for name, value in found.items()}


def _fingerprint(fields: Mapping[str, object], found: Mapping[str, str]) -> str:
    """Take Alertmanager's, or compute it as it does, from the labels before anything was cut."""
    given = fields.get("fingerprint")
    if isinstance(given, str) and 0 < len(given) <= _LONGEST_FINGERPRINT:
        return bounded(given)
    return fingerprint(tuple((harmless(name), harmless(value)) for name, value in found.items() if value))


def _status(
    fields: Mapping[str, object], ends_at: float | None, received_at: float, odd: dict[str, object]
) -> AlertStatus:
    """Take what is said; another word than Alertmanager's two is read by endsAt: past is resolved, else it fires."""
    given = fields.get("status")
    if given == "firing":
        return AlertStatus.FIRING
    if given == "resolved":
        return AlertStatus.RESOLVED
    if given is not None:
        odd["status"] = given
    return AlertStatus.RESOLVED if ends_at is not None and ends_at <= received_at else AlertStatus.FIRING


def _text(value: object) -> str:
    return bounded(value) if isinstance(value, str) else ""


def kind(value: object) -> str:
    """Name the JSON type of a value for a person."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
