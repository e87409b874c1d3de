"""The recorded world tells its story, and the signals find that story and little else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aiops_daemon.core.model import labels as label_sets
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.packs import choose
from aiops_daemon.core.rules.slo.live import asked
from aiops_daemon.core.signals.bands.baseline import BandOptions, Bands
from aiops_daemon.core.signals.findings.onsets import Onsets
from aiops_daemon.core.signals.forecast.forecaster import Forecaster, ForecastOptions
from aiops_daemon.demo.config import settings
from aiops_daemon.demo.world import World, build

_EPOCH = 1_800_000_000.0
_HOUR = 3600.0
_REFIT = 1800.0
_LEARNED = 3 * 24 * _HOUR  # of the week: enough for a daily season, and half the time
_FEW = 2  # findings that no fault explains


@pytest.fixture(scope="module")
def world() -> World:
    """Return the world that the demo replays."""
    return build(_EPOCH)


def counted(world: World) -> list[EventsSli]:
    """List what the objectives count."""
    return [slo.sli for slo in world.slos if isinstance(slo.sli, EventsSli)]


def _specs(world: World) -> list[QuerySpec]:
    return [*world.queries, *(spec for choice in choose(world.metric_names) for spec in choice.queries)]


def _told(query: str, key: bytes) -> tuple[str, str]:
    """Name a series by what the story calls it."""
    labels = dict(label_sets.parse(key))
    names = ("service", "container", "deployment", "mountpoint", "instance", "job", "currency")
    return query, next(labels[name] for name in names if name in labels)


def _anomalies(world: World, spec: QuerySpec) -> list[tuple[tuple[str, str], float]]:
    """Replay one query and return what opened, with hours since the incident began."""
    tape = world.recordings[spec.expr]
    rows = np.arange(len(tape.keys))
    bands, onsets = Bands(BandOptions.of(spec), len(rows)), Onsets(spec.open_after, len(rows))
    found = []
    lived = (tape.times >= world.incident_start - _LEARNED) & (tape.times <= world.end)
    for at, values in zip(tape.times[lived].tolist(), tape.values[:, lived].T, strict=True):
        step = bands.step(rows, np.ascontiguousarray(values), at)
        if at >= world.incident_start:
            opened = onsets.step(rows, step.score, at).opened
            found += [(_told(spec.name, tape.keys[row]), (at - world.incident_start) / _HOUR) for row in opened]
    return found


def _breaches(world: World, spec: QuerySpec) -> set[tuple[str, str]]:
    """Replay one query and return the series for which a breach was more likely than not."""
    tape = world.recordings[spec.expr]
    rows = np.arange(len(tape.keys))
    forecaster = Forecaster(ForecastOptions.of(spec), len(rows))
    expected = np.zeros(len(rows), dtype=bool)
    for at, values in zip(tape.times.tolist(), tape.values.T, strict=True):
        forecaster.observe(rows, np.ascontiguousarray(values), at)
        if world.incident_start <= at <= world.end and at % _REFIT == 0:
            forecaster.fit(rows, at)
            expected |= np.nan_to_num(forecaster.predict(rows, at).probability).max(axis=(1, 2)) > 0.5
    return {_told(spec.name, tape.keys[row]) for row in np.flatnonzero(expected)}


def test_the_bands_find_the_told_faults(world: World) -> None:
    """Each fault that leaves the band is found within a quarter of an hour, and little else is."""
    found = [opened for spec in _specs(world) for opened in _anomalies(world, spec)]
    told = {
        ("http_duration_errors", "checkout"): 1.0,
        ("http_duration_p99", "payment"): 3.0,
        ("http_duration_p99", "checkout"): 3.0,
        ("http_duration_requests", "frontend"): 7.0,
    }
    first = dict(reversed(found))

    assert told.keys() <= first.keys()
    assert all(0 <= first[series] - hours <= 0.25 for series, hours in told.items())
    slow = {("node_disk_space_used", "/data"), ("kube_memory_of_limit", "cart")}  # these may leave the band too
    assert len(first.keys() - told.keys() - slow) <= _FEW, found


def test_the_forecasts_find_what_fills_up(world: World) -> None:
    """The disk and the memory leak are seen coming, and no healthy series is."""
    found = {series for spec in _specs(world) if spec.horizons for series in _breaches(world, spec)}

    assert {("node_disk_space_used", "/data"), ("kube_memory_of_limit", "cart")} == found


def test_what_fills_up_does_so_when_told(world: World) -> None:
    """Cart reaches its limit before the end; the disk is 95 % full about 20 hours after it."""
    series = {
        _told(spec.name, key): (world.recordings[spec.expr].times, values)
        for spec in _specs(world)
        for key, values in zip(world.recordings[spec.expr].keys, world.recordings[spec.expr].values, strict=True)
    }
    full = {}
    for told, level in ((("kube_memory_of_limit", "cart"), 0.98), (("node_disk_space_used", "/data"), 0.95)):
        times, values = series[told]
        full[told[1]] = (times[np.argmax(values > level)] - world.end) / _HOUR

    assert -1 < full["cart"] < 0
    assert 19 < full["/data"] < 21


def test_every_chosen_query_has_a_recording(world: World) -> None:
    """The packs take exactly what was recorded, and it is a moderate number of series."""
    specs = _specs(world)
    selectors = {selector for events in counted(world) for selector in (events.total, events.side)}
    rates = {expr for slo in world.slos for expr in (asked(slo).total, asked(slo).bad)}

    assert {spec.expr for spec in specs} | selectors | rates == set(world.recordings)
    assert 40 <= sum(len(world.recordings[spec.expr].keys) for spec in specs) <= 80


def test_recordings_are_well_formed(world: World) -> None:
    """Keys are unique label objects, values finite, and times reach from a week before to a day after."""
    for tape in world.recordings.values():
        assert len(tape.keys) == len({label_sets.parse(key) for key in tape.keys})
        assert np.isfinite(tape.values).all()
        assert (world.start, world.lasts_until) == (tape.times[0], tape.times[-1])
    assert 7 * 24 * _HOUR == world.incident_start - world.start
    assert 24 * _HOUR == world.lasts_until - world.end
    assert sorted(event.at for event in world.story) == [event.at for event in world.story]
    assert world.start < world.story[0].at
    assert world.story[-1].at < world.lasts_until


def test_counters_only_rise_and_bad_is_part_of_total(world: World) -> None:
    """Objectives are measured on raw counters."""
    for events in counted(world):
        total, bad = world.recordings[events.total], world.recordings[events.side]

        assert (np.diff(total.values) >= 0).all()
        assert set(bad.keys) < set(total.keys)
        np.testing.assert_array_equal(bad.values, total.values[[total.keys.index(key) for key in bad.keys]])


def test_rates_are_those_of_the_counters(world: World) -> None:
    """History of an objective and its live counters tell the same; counters are whole numbers, hence the tolerance."""
    for slo, events in zip(world.slos, counted(world), strict=True):
        for selector, expr in ((events.total, asked(slo).total), (events.side, asked(slo).bad)):
            counters, rates = world.recordings[selector], world.recordings[expr]
            history = counters.times <= world.incident_start
            expected = np.diff(counters.values[:, history].sum(axis=0))

            np.testing.assert_allclose(expected, 300 * rates.values[0, history][1:], atol=len(counters.keys))


def test_the_world_is_the_same_whenever_it_begins(world: World) -> None:
    """The epoch moves the times only; the seed moves the values."""
    later, other = build(_EPOCH + 12_345_678.9), build(_EPOCH, seed=8)

    assert 0 <= _EPOCH + 12_345_678.9 - later.incident_start < 300
    for expr, tape in world.recordings.items():
        np.testing.assert_array_equal(tape.values, later.recordings[expr].values)
        np.testing.assert_array_equal(tape.times - world.start, later.recordings[expr].times - later.start)
    assert any((tape.values != other.recordings[expr].values).any() for expr, tape in world.recordings.items())


async def test_the_source_answers_from_the_world(world: World) -> None:
    """History and present come from one recording, at any second."""
    source = world.source()
    spec = world.queries[0]
    parts = [
        part
        async for part in source.history(spec.expr, start=world.start, end=world.incident_start, step=300.0, series=1)
    ]

    assert 2017 == sum(part.samples for part in parts)
    assert 1 == (await source.instant(spec.expr, world.end + 59.0)).series
    assert world.metric_names == await source.metric_names()


def test_settings_are_those_of_a_plain_run(world: World, tmp_path: Path) -> None:
    """Packs are chosen by themselves and the whole recorded week is read."""
    chosen = settings(world, tmp_path)

    assert chosen.packs is None
    assert (world.queries, world.slos, str(tmp_path)) == (chosen.queries, chosen.slos, chosen.storage_directory)
    assert (["shop"], 60.0) == ([source.name for source in chosen.sources], chosen.sources[0].interval)
    assert 7 * 24 * _HOUR == chosen.history.range_seconds
