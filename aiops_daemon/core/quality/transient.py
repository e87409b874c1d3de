"""Which alerts usually end by themselves soon, and how long to hold them for that.

Enters: a rule's past and the numbers of the configuration. Leaves: when at the latest people must be told, with the
counts behind it. The hold is counted from the alert's first firing and never ends later than `max_delay` after it
was heard of, however far in the future its startsAt is.
"""

from __future__ import annotations

from typing import NamedTuple

from aiops_daemon.core.model.alert import Episode
from aiops_daemon.core.model.alertmanager import QualitySpec
from aiops_daemon.core.quality.memory import Past


class Hold(NamedTuple):
    """How long to hold an alert and why: `short` of `past` lives ended within `seconds`."""

    until: float
    short: int
    past: int
    seconds: float


def hold(episode: Episode, past: Past | None, spec: QualitySpec) -> Hold | None:
    """Return the hold of an alert whose rule's alerts usually end soon; None for all others."""
    if past is None or len(past.lives) < max(1, spec.transient_episodes):
        return None
    short = past.short(spec.transient_hold)
    if short < spec.transient_share * len(past.lives):
        return None
    until = min(episode.first_starts_at + spec.transient_hold, episode.heard_at + spec.max_delay)
    return Hold(until, short, len(past.lives), spec.transient_hold)
