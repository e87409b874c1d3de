"""A stream of alerts: seasonal, bursty, with ordinary incidents, and with storms or silences on demand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from aiops_daemon.core.quality.loudness import Unusual
from aiops_daemon.core.quality.volume import Heard, Volume

START = 1_795_219_200.0  # 2026-11-21 00:00:00 UTC, a Saturday
DAY = 86_400.0
_HOURS = 1 + 0.7 * np.sin((np.arange(24) - 9) / 24 * 2 * np.pi)  # least at 3, most at 15


@dataclass(frozen=True)
class Weather:
    """What comes. `rate`: groups of alerts in five minutes at a mean hour of a weekday; times are days from START."""

    days: float
    rate: float = 6.0
    incidents: float = 0.5  # a day: bursts of 10 to 40 alerts of one rule
    storm: tuple[float, float] = (0.0, 0.0)
    times: float = 5.0
    silence: tuple[float, float] = (0.0, 0.0)
    seed: int = 1
    begin: float = 0.0


@dataclass(frozen=True)
class Told:
    """Something that volume said, and when (days from START)."""

    day: float
    unusual: Unusual


def run(volume: Volume, weather: Weather) -> list[Told]:
    """Let alerts come and close every minute; returns what opened, not what was renewed."""
    chance = np.random.default_rng(weather.seed)
    told: list[Told] = []
    known: set[tuple[object, bool]] = set()
    for at in np.arange(START + weather.begin * DAY, START + weather.days * DAY, 60.0).tolist():
        for alert in _alerts(chance, weather, at):
            volume.heard(alert, at)
        for unusual in volume.close(at + 60.0):
            if unusual is None:
                continue
            name = (unusual.subject, unusual.silent)
            if unusual.over:
                known.discard(name)
            elif name not in known:
                known.add(name)
                told.append(Told((at + 60.0 - START) / DAY, unusual))
    return told


def _alerts(chance: np.random.Generator, weather: Weather, at: float) -> Iterator[Heard]:
    day = (at - START) / DAY
    rate = weather.rate / 5 * _HOURS[int(at // 3600 % 24)] * (0.6 if int(at // DAY + 4) % 7 in (0, 6) else 1.0)
    rate *= weather.times if weather.storm[0] <= day < weather.storm[1] else 1.0
    if weather.silence[0] <= day < weather.silence[1]:
        return
    for _ in range(chance.poisson(rate)):
        rule = int(chance.zipf(1.6)) % 40
        yield from _group(rule, int(chance.geometric(0.5)))
    if chance.random() < weather.incidents / 1440:
        yield from _group(int(chance.integers(0, 60)), int(chance.integers(10, 40)))


def _group(rule: int, alerts: int) -> Iterator[Heard]:
    for number in range(alerts):
        yield Heard("main", "shop", f"s{rule % 8}", f"R{rule}", f"{rule}-{number}", rule % 7 == 0)
