"""How much an alert deserves attention, in parts that add up.

Enters: the severity, the rule's past, and what else speaks for it (findings, SLO burn), each with a strength 0..1.
Leaves: a score 0..1 and its parts, whose sum it is. Orders lists; never decides whether or when somebody is told.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiops_daemon.core.quality.memory import Past

SEVERITY, ACTED_ON, CORROBORATION = 0.5, 0.25, 0.25  # most that each part can give; sum 1
_SEVERITIES = {"critical": 1.0, "warning": 0.6, "info": 0.3, "none": 0.0}
_UNKNOWN_PAST = 0.5

Parts = tuple[tuple[str, float], ...]


def score(severity: str, past: Past | None, corroboration: Sequence[tuple[str, float]] = ()) -> tuple[float, Parts]:
    """Return 0.5 severity + 0.25 share acted upon + 0.25 (1 - product of 1 - strength), and each part."""
    if past is None and not corroboration:
        return _NEW.get(severity, _NEW["critical"])  # of a storm of new alerts, one tuple is kept and not thousands
    return _added(severity, _UNKNOWN_PAST if past is None else past.acted_ratio, corroboration)


def _added(severity: str, acted: float, corroboration: Sequence[tuple[str, float]]) -> tuple[float, Parts]:
    parts = [("severity", SEVERITY * _SEVERITIES.get(severity, 1.0)), ("acted_on", ACTED_ON * acted)]
    if corroboration:
        parts += _corroborated(corroboration)
    return sum(part for _, part in parts), tuple(parts)


def _corroborated(corroboration: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Share what all strengths give together among them, by strength."""
    strengths = [(name, min(max(strength, 0.0), 1.0)) for name, strength in corroboration]
    doubt = 1.0
    for _, strength in strengths:
        doubt *= 1.0 - strength
    whole = sum(strength for _, strength in strengths)
    return [(name, CORROBORATION * (1.0 - doubt) * strength / whole) for name, strength in strengths if whole > 0]


_NEW = {severity: _added(severity, _UNKNOWN_PAST, ()) for severity in _SEVERITIES}
