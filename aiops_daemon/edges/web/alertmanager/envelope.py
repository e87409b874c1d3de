"""What a webhook body says besides its alerts.

Enters: the raw values of the body's members. Leaves: the few that we know, and the others as JSON. Never refuses:
a member of a wrong type counts as absent, and is kept among the unknown ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops_daemon.edges.web.alertmanager.texts import MAX_EXTRA_BYTES, bounded, extra_text, read

_UNSAID = frozenset(  # well known, or said by the alerts themselves
    {"alerts", "status", "groupLabels", "commonLabels", "commonAnnotations", "version", "groupKey"}
)
_MOST_UNKNOWN = 64


@dataclass(frozen=True, slots=True)
class Envelope:
    """The body without its alerts; `extra_text` is what an alert without unknown fields of its own carries."""

    receiver: str = ""
    external_url: str = ""
    truncated: int = 0
    extra: dict[str, object] = field(default_factory=dict)
    extra_text: str = ""


def read_envelope(members: Mapping[str, bytes]) -> Envelope:
    """Read the members; values of more than 8 KiB are not, for they would be left out of `extra` anyway."""
    values: dict[str, object] = {}
    for name, raw in members.items():
        if name not in _UNSAID and len(values) < _MOST_UNKNOWN:
            values[name] = read(raw) if len(raw) <= MAX_EXTRA_BYTES else f"[{len(raw)} bytes left out]"
    receiver = values.pop("receiver", "")
    external_url = values.pop("externalURL", "")
    truncated = values.pop("truncatedAlerts", 0)
    return Envelope(
        bounded(receiver) if isinstance(receiver, str) else "",
        bounded(external_url) if isinstance(external_url, str) else "",
        max(0, truncated) if isinstance(truncated, int) else 0,
        values,
        extra_text({"body": values}) if values else "",
    )
