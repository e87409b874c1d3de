"""How often an incident raises an alert that shares nothing telling with it: learned, for it depends on the labels.

Enters: each alert that comes while an incident is under way, whether it shares something telling with any, and the odds
that time alone gives it to one, where alerts come closer than by chance. Leaves: the share s of an incident's alerts
that are strangers to it. Whether a stranger was one of the incident's own is never known, so each counts by how likely
that is, s x odds / (s x odds + 1): where incidents are rare, strangers amid alerts are mostly callers without a common
label, and s rises. It never falls below what holds until learned: that rich labels make strangers rare says nothing of
alerts that carry fewer.
"""

from __future__ import annotations

from collections.abc import Mapping

_PRIOR = 10.0  # alerts that the prior is worth
_SHARE = 0.04  # one alert in 25, until more is shown
_CHANCE = 3.0  # odds below which closeness may be chance
_MOST = 2_000.0


class Strangers:
    """The learned share."""

    def __init__(self) -> None:
        self.strange = 0.0
        self.alerts = 0.0

    @property
    def share(self) -> float:
        """Return (strangers of their incidents + prior) / (alerts amid incidents + prior), from one in 25 to 1."""
        return max(_SHARE, (self.strange + _PRIOR * _SHARE) / (self.alerts + _PRIOR))

    def learn(self, odds: float, *, strange: bool) -> None:
        """Count an alert that came while an incident was under way; a stranger as if by chance says nothing."""
        if strange and odds < _CHANCE:
            return
        if self.alerts >= _MOST:
            self.strange, self.alerts = self.strange / 2.0, self.alerts / 2.0
        if strange:
            own = odds * self.share / (odds * self.share + 1.0)
            self.strange += own
            self.alerts += own
        else:
            self.alerts += 1.0

    def export(self) -> dict[str, object]:
        """Return what was learned as JSON values."""
        return {"strange": self.strange, "alerts": self.alerts}

    def load(self, stored: Mapping[str, object]) -> None:
        """Take over what was exported."""
        self.strange, self.alerts = float(str(stored["strange"])), float(str(stored["alerts"]))
