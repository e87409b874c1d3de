"""How often the same alert fires again while it is still firing, as far as is known.

Where ends are told, that never happens. In a record without ends it means one of two things: the alert comes and
goes (then it comes a third and a fourth time), or a second fault raises what the first one raised already (then
many alerts come twice, and hardly one thrice). So the share of alerts seen twice that are seen a third time is learned.
"""

from __future__ import annotations

from collections.abc import Mapping

_MOST_KEYS = 20_000
_PRIOR_TWICE = 10.0  # until learned, one alert in ten that fires twice fires a third time
_PRIOR_THRICE = 0.05
_PLAIN = 4.0  # a quarter of them seen a third time: repetition is plain in this record

_Key = tuple[str, str]


class Repeats:
    """Counts firings of alerts that were not told to have ended."""

    def __init__(self) -> None:
        self.twice = 0.0
        self.thrice = 0.0
        self._firings: dict[_Key, tuple[float, int]] = {}

    def fired(self, key: _Key, at: float, within: float) -> None:
        """Count a firing; one later than `within` seconds after the last begins anew."""
        last, times = self._firings.pop(key, (at, 0))
        times = times + 1 if at - last <= within else 1
        self._firings[key] = (at, times)
        self.twice += times == 2
        self.thrice += times == 3
        if len(self._firings) > _MOST_KEYS:
            del self._firings[next(iter(self._firings))]

    def ended(self, key: _Key) -> None:
        """Forget an alert that was told to have ended: its next firing repeats nothing."""
        self._firings.pop(key, None)

    def share(self) -> float:
        """Return (seen thrice + 1) / (seen twice + 10): how likely a repetition is no second fault."""
        return min(1.0, _PLAIN * (self.thrice + _PRIOR_THRICE) / (self.twice + _PRIOR_TWICE))

    def export(self) -> dict[str, object]:
        """Return what was learned as JSON values."""
        return {"twice": self.twice, "thrice": self.thrice}

    def load(self, stored: Mapping[str, object]) -> None:
        """Take over what was exported."""
        self.twice, self.thrice = float(str(stored["twice"])), float(str(stored["thrice"]))
