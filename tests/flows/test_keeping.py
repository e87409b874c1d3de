"""Learned state saved and taken back: parts, limits, other queries, and what a gap costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flow_world import AT, SOURCE, answer, stream, surroundings
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.learned import LearnedState
from aiops_daemon.core.model.query import QuerySpec, Season, Threshold
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Rolling, SloSpec
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.keep import Keeper, learned_part, part_name, restore_stream
from aiops_daemon.flows.poll import Poller
from aiops_daemon.flows.stream import Stream

pytestmark = pytest.mark.looptime


def learned(series: int, at: float = AT, **spec: object) -> Stream:
    made = stream(series=series, at=at, **spec)
    made.learned, made.learned_until = True, at
    return made


def part(one: Stream, rows: list[int], *, at: float) -> LearnedState:
    state = learned_part(one, np.array(rows, dtype=np.intp))
    return replace(state, meta=dict(state.meta) | {"at": at})


def test_of_two_parts_with_the_same_series_the_newer_one_stays() -> None:
    """Rows move between parts when series go; an old part must not overwrite a new one."""
    old, new = learned(2), learned(2)
    old.onsets.since[:2], new.onsets.since[:2] = 1.0, 2.0
    rows = 20_002
    states = {
        part_name(new, 0): part(new, [0, 1], at=AT),
        part_name(new, 1): part(old, [0, 1], at=AT - 600),
    }
    for state in states.values():
        state.meta["rows"] = rows  # type: ignore[index]
    one = stream()
    restore_stream(one, states, AT)

    assert [2.0, 2.0] == one.onsets.since[:2].tolist()
    assert {} == states


def test_parts_from_when_there_were_more_series_are_left_out() -> None:
    """A stream that shrank from 40,000 series to two has one part."""
    one = learned(2)
    states = {part_name(one, 0): part(one, [0, 1], at=AT), part_name(one, 1): part(learned(9), [5, 6], at=AT - 9000)}
    restored = stream()
    restore_stream(restored, states, AT)

    assert 2 == len(restored.table)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12))
def test_no_more_is_taken_back_than_the_limit_allows(series: int, limit: int) -> None:
    """`max_series` may have been lowered, and parts come one by one."""
    one = learned(series)
    rows = list(range(series))
    half = series // 2
    states = {part_name(one, 0): part(one, rows[:half], at=AT), part_name(one, 1): part(one, rows[half:], at=AT)}
    for state in states.values():
        state.meta["rows"] = 40_000  # type: ignore[index]
    restored = stream(max_series=limit)
    restore_stream(restored, states, AT)

    assert min(series, limit) == len(restored.table)


@pytest.mark.parametrize(
    "change",
    [
        {"expr": "other"},
        {"labels": (("team", "shop"),)},
        {"exclude": ((1.0, 2.0),)},
        {"time_zone": "Europe/Berlin"},
        {"seasons": (Season.DAILY,)},
    ],
)
def test_state_of_another_query_is_of_no_use(change: dict[str, object]) -> None:
    """Whatever the learners lived by has changed: history is read again."""
    one = learned(3)
    restored = stream(**change)
    restore_stream(restored, {part_name(one): learned_part(one, one.table.live())}, AT)

    assert (0, 0.0) == (len(restored.table), restored.learned_until)


@pytest.mark.parametrize(
    "change",
    [
        {"open_after": 5},
        {"min_deviation_absolute": 3.0},
        {"severity": "page"},
        {"max_series": 100},
        {"interval": 30.0},
        {"horizons": (3600.0, 7200.0)},
        {"thresholds": (Threshold("page", 5.0), Threshold("critical", 9.0))},
    ],
)
def test_what_learning_does_not_depend_on_may_change(change: dict[str, object]) -> None:
    """Gates, severities, limits, horizons and thresholds cost no learned state."""
    before: dict[str, object] = {"horizons": (3600.0,), "thresholds": (Threshold("critical", 9.0),)}
    one = learned(3, **before)
    restored = stream(**(before | change))
    restore_stream(restored, {part_name(one): learned_part(one, one.table.live())}, AT)

    assert (3, AT) == (len(restored.table), restored.learned_until)


def test_state_that_does_not_fit_is_left_whole() -> None:
    """Columns of another length: the stream begins as if there were none."""
    one = learned(3)
    state = learned_part(one, one.table.live())
    cut = replace(state, arrays={name: column[:2] for name, column in state.arrays.items()})
    restored = stream()
    restore_stream(restored, {part_name(one): cut}, AT)

    assert (0, 0.0) == (len(restored.table), restored.learned_until)


async def test_a_stream_that_learned_nothing_overwrites_nothing() -> None:
    """A daemon that stops before its source answered leaves the file of the run before."""
    saved: dict[str, LearnedState] = {}
    around = surroundings()
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add([stream(series=2)])
    poller.add_slo(SloWatch(SloSpec("slo", EventsSli("total", bad="bad"), 0.99, Rolling(86_400.0)), SOURCE))
    await Keeper([poller], around, saved.update).save()
    assert {} == saved

    poller.add([learned(2)])
    await Keeper([poller], around, saved.update).save()
    assert ["q@main#0"] == list(saved)


async def test_saved_state_tells_up_to_when_it_lived_not_when_it_was_written() -> None:
    """Polls that failed since are read back after a restart."""
    saved: dict[str, LearnedState] = {}
    around = surroundings()
    await around.clock.sleep(7200)
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add([learned(1)])
    watch = SloWatch(SloSpec("slo", EventsSli("total", bad="bad"), 0.99, Rolling(86_400.0)), SOURCE)
    watch.past.whole_until = AT - 60
    poller.add_slo(watch)
    await Keeper([poller], around, saved.update).save()

    assert [AT, AT - 60] == [state.meta["at"] for state in saved.values()]


async def test_rows_that_go_while_others_are_written_are_not_saved() -> None:
    """No state without a name."""
    one = learned(3)
    saved: dict[str, LearnedState] = {}
    part_of = one.table.live()
    one.place(answer({"s0": 1.0, "s1": 1.0}).slices[0], AT + 10)
    one.table.age_out(AT + 10, after=0)
    around = surroundings()
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add([one])
    await Keeper([poller], around, saved.update).save()

    assert 3 == len(part_of)
    assert all(text for state in saved.values() for text in state.texts)
    assert QuerySpec("q", "q") == one.spec
