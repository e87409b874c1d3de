"""The answer of `/api/v1/rules` becomes evaluated alerting rules, or groups as they are loaded.

Enters: the whole body, of Prometheus 2 and 3, Thanos or vmalert. Leaves: rules with the label sets of their active
alerts, decoded in slices, the event loop running between them. Never mistakes a truncated answer for one without rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.posted import LoadedGroup, LoadedRule
from aiops_daemon.edges.prometheus.envelope import data_of, malformed
from aiops_daemon.errors import SourceError
from aiops_daemon.ports.rules import EvaluatedRule

SLICE_BYTES = 1 << 19
_NEXT = b',{"labels":'  # how all alerts but the first begin; inside a string the quotes would be escaped


class _Rule(msgspec.Struct):
    name: str = ""
    type: str = ""
    labels: dict[str, str] | None = None
    alerts: msgspec.Raw = msgspec.Raw(b"[]")
    health: str = ""
    query: str = ""
    duration: float = 0.0
    keepFiringFor: float = 0.0  # noqa: N815 - the API's own name
    annotations: dict[str, str] | None = None
    lastError: str = ""  # noqa: N815 - the API's own name
    lastEvaluation: datetime | None = None  # noqa: N815 - the API's own name


class _Group(msgspec.Struct):
    name: str = ""
    rules: list[_Rule] | None = None
    interval: float = 0.0


class _Groups(msgspec.Struct):
    groups: list[_Group] | None = None


class _Active(msgspec.Struct, gc=False):
    labels: dict[str, str]
    state: str = ""


_groups = msgspec.json.Decoder(_Groups)
_actives = msgspec.json.Decoder(list[_Active] | None)


async def alerting_rules(body: bytearray, *, slice_bytes: int = SLICE_BYTES) -> tuple[EvaluatedRule, ...]:
    """Decode the alerting rules; raises SourceError."""
    data, _, _ = data_of(body)
    try:
        groups = _groups.decode(data).groups or []
        return tuple(
            [
                await _rule(rule, group.interval, slice_bytes)
                for group in groups
                for rule in group.rules or []
                if rule.type == "alerting"
            ]
        )
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(body) from None


async def rule_groups(body: bytearray) -> tuple[LoadedGroup, ...]:
    """Decode all groups without active alerts; raises SourceError."""
    data, _, _ = data_of(body)
    try:
        groups = (await asyncio.to_thread(_groups.decode, data)).groups or []
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(body) from None
    return tuple(LoadedGroup(group.name, tuple(map(_loaded, group.rules or []))) for group in groups)


def _loaded(rule: _Rule) -> LoadedRule:
    error = (rule.lastError or "no reason given") if rule.health == "err" else ""
    hold = rule.duration if rule.type == "alerting" else None
    return LoadedRule(rule.name, make(rule.labels or {}), make(rule.annotations or {}), error, rule.query, hold)


async def _rule(rule: _Rule, interval: float, slice_bytes: int) -> EvaluatedRule:
    active: list[Labels] = []
    for part in _cuts(bytes(rule.alerts), slice_bytes):
        active += [make(alert.labels) for alert in _actives.decode(part) or [] if alert.state != "inactive"]
        await asyncio.sleep(0)
    return EvaluatedRule(
        name=rule.name,
        labels=make(rule.labels or {}),
        interval=interval,
        evaluated_at=_seconds(rule.lastEvaluation),
        healthy=rule.health == "ok",
        active=tuple(active),
        expr=rule.query,
        hold=rule.duration,
        keep=rule.keepFiringFor,
        annotations=make(rule.annotations or {}),
    )


def _cuts(raw: bytes, size: int) -> Iterator[bytes]:
    """Yield JSON arrays of whole alerts, each about `size` bytes; what is laid out otherwise in one piece."""
    start = 0
    while (end := raw.find(_NEXT, start + size)) >= 0:
        yield (b"" if start == 0 else b"[") + raw[start:end] + b"]"
        start = end + 1
    yield raw if start == 0 else b"[" + raw[start:]


def _seconds(moment: datetime | None) -> float:
    """Return unix seconds; 0 for Go's year 1, which says never."""
    if moment is None or moment.year < 1970:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def no_such_api(error: SourceError) -> bool:
    """Say whether the server has no rules API at all, as a store without a ruler has none."""
    return error.status == 404
