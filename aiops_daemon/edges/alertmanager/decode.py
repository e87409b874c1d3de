"""Answers of Alertmanager's API v2 become posted alerts, a start time and plain configuration values.

Enters: whole bodies. Leaves: ports.alertmanager values, or SourceError(MALFORMED). Alerts are decoded in slices, the
event loop runs between them. Unknown fields are ignored; an answer that is no list of alerts is never an empty one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import yaml

from aiops_daemon.core.model.labels import make
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.ports.alertmanager import PostedAlert

SLICE_BYTES = 1 << 19
_NEXT = b',{"annotations":'  # how all elements but the first begin; inside a string the quotes would be escaped
_LARGEST_CONFIG = 4 * 1024 * 1024
_LARGE_CONFIG = 16 * 1024  # reading more takes longer than the event loop may be held


class _Named(msgspec.Struct, gc=False):
    name: str


class _Status(msgspec.Struct, gc=False):
    state: str
    silencedBy: list[str] = []  # noqa: N815 - the API's own name
    inhibitedBy: list[str] = []  # noqa: N815 - the API's own name
    mutedBy: list[str] = []  # noqa: N815 - the API's own name


class _Alert(msgspec.Struct, gc=False):
    fingerprint: str
    labels: dict[str, str]
    startsAt: datetime  # noqa: N815 - the API's own name
    endsAt: datetime  # noqa: N815 - the API's own name
    updatedAt: datetime  # noqa: N815 - the API's own name
    receivers: list[_Named]
    status: _Status
    annotations: dict[str, str] = {}
    generatorURL: str = ""  # noqa: N815 - the API's own name


class _Config(msgspec.Struct):
    original: str


class _Version(msgspec.Struct):
    version: str = ""


class _PeerStatus(msgspec.Struct):
    uptime: datetime
    config: _Config
    versionInfo: _Version = msgspec.field(default_factory=_Version)  # noqa: N815 - the API's own name


_alerts = msgspec.json.Decoder(list[_Alert])
_status = msgspec.json.Decoder(_PeerStatus)


async def alerts(body: bytearray, *, slice_bytes: int = SLICE_BYTES) -> tuple[PostedAlert, ...]:
    """Decode `GET /api/v2/alerts`; raises SourceError."""
    found: list[PostedAlert] = []
    try:
        for part in _cuts(body, slice_bytes):
            found += [_posted(alert) for alert in _alerts.decode(part)]
            await asyncio.sleep(0)
    except (msgspec.DecodeError, UnicodeDecodeError, OverflowError) as error:
        raise _malformed("/api/v2/alerts", error) from None
    return tuple(found)


async def status(body: bytearray) -> tuple[float, str, str]:
    """Decode `GET /api/v2/status` to start time, version and the text of the configuration; raises SourceError."""
    try:
        told = _status.decode(body)
        return _seconds(told.uptime), told.versionInfo.version, told.config.original
    except (msgspec.DecodeError, UnicodeDecodeError, OverflowError) as error:
        raise _malformed("/api/v2/status", error) from None


async def configuration(text: str) -> dict[str, Any]:
    """Read the configuration with every scalar as text; raises SourceError.

    Alertmanager reads `match: {on: yes}` as text too, where YAML's own types would give booleans. A large one is read
    on a thread, by the reader written in Python, which lets the loop run.
    """
    if len(text) > _LARGEST_CONFIG:
        raise SourceError(SourceReason.TOO_LARGE, f"its configuration is larger than {_LARGEST_CONFIG} bytes")
    read = await asyncio.to_thread(_read, text) if len(text) > _LARGE_CONFIG else _read(text)
    return read if isinstance(read, dict) else {}


def _read(text: str) -> object:
    try:
        loader = yaml.BaseLoader(text)
        return loader.get_single_data()
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SourceError(SourceReason.MALFORMED, f"its configuration is no YAML: {type(error).__name__}") from None


def _cuts(body: bytearray, size: int) -> Iterator[bytes | bytearray]:
    """Yield JSON arrays of whole elements, each about `size` bytes; what is laid out otherwise in one piece."""
    start = 0
    while (end := body.find(_NEXT, start + size)) >= 0:
        yield (b"" if start == 0 else b"[") + body[start:end] + b"]"
        start = end + 1
    yield body if start == 0 else b"[" + body[start:]


def _posted(alert: _Alert) -> PostedAlert:
    return PostedAlert(
        fingerprint=alert.fingerprint,
        labels=make(alert.labels),
        annotations=make(alert.annotations),
        starts_at=_seconds(alert.startsAt),
        ends_at=_seconds(alert.endsAt),
        updated_at=_seconds(alert.updatedAt),
        state=alert.status.state,
        receivers=tuple(receiver.name for receiver in alert.receivers),
        silenced_by=tuple(alert.status.silencedBy),
        inhibited_by=tuple(alert.status.inhibitedBy),
        muted_by=tuple(alert.status.mutedBy),
        generator_url=alert.generatorURL,
    )


def _seconds(moment: datetime) -> float:
    """Return unix seconds; the API always names its zone, others mean UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _malformed(path: str, error: Exception) -> SourceError:
    return SourceError(SourceReason.MALFORMED, f"not a whole answer of {path}: {error}")
