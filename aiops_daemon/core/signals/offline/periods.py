"""Which season lengths a regular series may have, in steps.

Enters: values on a regular grid and its spacing. Leaves: lengths that are usual for the spacing or that the
autocorrelation shows, and that the data confirm; the strongest first. Never needs a clock.
"""

from __future__ import annotations

import numpy as np

from aiops_daemon.core.model.durations import DAY, HOUR, WEEK
from aiops_daemon.core.model.series import Floats

_CALENDAR = (HOUR, DAY, WEEK, 365.25 * DAY)
_CLEAR = 0.2  # autocorrelation of a season worth modelling, if it passes the test for noise too
_TROUGH = 0.1  # how much less a series resembles itself half a cycle on
_CYCLES = 2  # cycles that must be there
_FEWEST = 8  # values
_LONGEST = 10_080  # a week by the minute
_MOST = 3
_AS_HIGH = 0.85
_SAME = 0.05  # a peak this near a usual length is that length
_FENCE = 3.0  # values so many spreads of the middle 80 % outside it tell nothing of a season


def season_lengths(values: Floats, spacing_seconds: float) -> tuple[int, ...]:
    """Return up to three confirmed season lengths, strongest autocorrelation first."""
    if len(values) < _FEWEST:
        return ()
    trendless = _without_trend(_fenced(values))
    if not np.any(trendless):
        return ()
    correlation = autocorrelation(trendless)
    longest = min(len(values) // _CYCLES, _LONGEST)
    usual = {length for length in (round(cycle / spacing_seconds) for cycle in _CALENDAR) if 2 <= length <= longest}
    peak = _peak(correlation)
    own = {peak} if 2 <= peak <= longest and all(abs(peak - length) > _SAME * length for length in usual) else set()
    lengths = usual | own
    confirmed = [length for length in lengths if _confirmed(correlation, length, len(values))]
    return tuple(sorted(confirmed, key=lambda length: -_strength(correlation, length))[:_MOST])


def autocorrelation(values: Floats) -> Floats:
    """Return the autocorrelation at lags 0 .. n-1 (by Fourier transform), each lag weighed by its own overlap."""
    size = len(values)
    centred = values - values.mean()
    spectrum = np.fft.rfft(centred, 2 * size)
    sums = np.fft.irfft(spectrum * spectrum.conj())[:size]
    overlap = np.arange(size, 0, -1)
    return np.asarray((sums / overlap) / (sums[0] / size))


def _fenced(values: Floats) -> Floats:
    low, high = np.quantile(values, [0.1, 0.9])
    reach = _FENCE * (high - low)
    return np.clip(values, low - reach, high + reach) if reach > 0.0 else values


def _without_trend(values: Floats) -> Floats:
    """Take a straight line out, then differences where the level still wanders far."""
    place = np.linspace(-1.0, 1.0, len(values))
    slope = float(place @ (values - values.mean())) / float(place @ place)
    flat = values - values.mean() - slope * place
    scale = float(np.abs(values).max(initial=0.0))
    if float(np.abs(flat).max(initial=0.0)) <= 1e-12 * scale:
        return np.zeros_like(values)
    third = len(flat) // 3
    drift = np.std([flat[:third].mean(), flat[third : 2 * third].mean(), flat[2 * third :].mean()])
    return np.diff(flat, prepend=flat[0]) if drift > 0.5 * flat.std() else flat


def _peak(correlation: Floats) -> int:
    """Return the lag of the first peak, of those about as high as the highest, after the first fall below 0; or 0."""
    below = np.flatnonzero(correlation < 0.0)
    half = len(correlation) // _CYCLES
    if not len(below) or below[0] >= half:
        return 0
    after = correlation[below[0] : half]
    if after.max() <= 0.0:
        return 0
    near = np.flatnonzero(after >= _AS_HIGH * after.max())
    first = near[: np.argmax(np.append(np.diff(near) > 1, True)) + 1]  # the first hill, not a multiple of it
    return int(below[0] + first[np.argmax(after[first])])


def _confirmed(correlation: Floats, length: int, size: int) -> bool:
    """Tell a season, which differs from itself half a cycle on, from mere persistence and from noise."""
    here = correlation[length]
    return bool(here > _noise_bound(correlation, length, size) and here > correlation[length // 2] + _TROUGH)


def _noise_bound(correlation: Floats, length: int, size: int) -> float:
    """Return Bartlett's 90 % bound at a lag, as the M4 competition used it, and at least `_CLEAR`."""
    before = correlation[1 : max(1, min(length, 12))]
    return max(_CLEAR, 1.645 * float(np.sqrt((1.0 + 2.0 * float(before @ before)) / size)))


def _strength(correlation: Floats, length: int) -> float:
    return round(float(correlation[length]), 3)
