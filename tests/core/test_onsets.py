"""Onsets: hysteresis that turns scores into findings."""

from __future__ import annotations

import numpy as np
import pytest

from aiops_daemon.core.signals.findings.onsets import CALM, Onsets

ROW = np.array([3], dtype=np.intp)


def play(onsets: Onsets, scores: list[float], start: float = 0.0) -> list[str]:
    """Step row 3 each minute; return o (opened), c (closed) or . for every poll."""
    marks = []
    for index, score in enumerate(scores):
        turn = onsets.step(ROW, np.array([score]), start + 60.0 * index)
        marks.append("o" if turn.opened.size else "c" if turn.closed.size else ".")
    return marks


def test_opens_after_consecutive_anomalous_polls_and_dates_back_to_the_first() -> None:
    """Two scores over 1 in a row open; `since` is the first of them."""
    onsets = Onsets(2)

    assert list("...o") == play(onsets, [0.5, 0.5, 2.0, 3.0])
    assert onsets.since[3] == 120.0


def test_a_calm_poll_starts_the_count_again() -> None:
    """Anomalous polls that are not consecutive never open."""
    onsets = Onsets(2)

    assert list("......") == play(onsets, [2.0, 0.1, 2.0, 0.1, 2.0, 1.0])
    assert not onsets.open.any()
    assert np.isnan(onsets.since[3])


@pytest.mark.parametrize("edge", [1.0, CALM + 0.01])
def test_scores_near_the_edge_keep_a_finding_open(edge: float) -> None:
    """An open finding closes only on scores clearly inside the band, as many as it took to open."""
    onsets = Onsets(2)

    assert list(".o........c") == play(onsets, [2.0, 2.0, edge, 0.1, edge, 0.1, 2.0, edge, edge, 0.1, 0.2])
    assert np.isnan(onsets.since[3])


def test_one_poll_suffices_when_asked() -> None:
    """`open_after` 1 opens and closes at once."""
    assert list("oc.") == play(Onsets(1), [5.0, 0.0, 0.0])


def test_a_repeated_moment_counts_once() -> None:
    """The same `at` again is the same poll."""
    onsets = Onsets(2)
    onsets.step(ROW, np.array([9.0]), 60.0)
    turn = onsets.step(ROW, np.array([9.0]), 60.0)

    assert turn.opened.size == 0


def test_rows_do_not_meddle_and_a_skipped_row_rests() -> None:
    """A row that a poll lacks keeps its count; others go on."""
    onsets = Onsets(2, capacity=4)
    onsets.step(np.array([0, 2]), np.array([2.0, 2.0]), 0.0)
    onsets.step(np.array([0]), np.array([2.0]), 60.0)
    turn = onsets.step(np.array([2, 1]), np.array([2.0, 2.0]), 120.0)

    assert [2] == turn.opened.tolist()
    assert [True, False, True, False] == onsets.open.tolist()
    assert onsets.since[2] == 0.0


def test_grow_keeps_and_reset_forgets() -> None:
    """Growing adds closed rows; a reset row is as new."""
    onsets = Onsets(1, capacity=4)
    onsets.step(ROW, np.array([2.0]), 0.0)
    onsets.grow(9)

    assert 9 == len(onsets.open)
    assert onsets.open[3]
    onsets.reset(ROW)
    assert not onsets.open[3]
    assert np.isnan(onsets.since[3])


def test_state_travels() -> None:
    """Exported rows go on elsewhere, in other places, as if nothing had happened."""
    onsets, other = Onsets(2), Onsets(2)
    onsets.step(ROW, np.array([2.0]), 0.0)
    other.import_state(np.array([5]), onsets.export_state(ROW))
    turn = other.step(np.array([5]), np.array([2.0]), 60.0)

    assert [5] == turn.opened.tolist()
    assert other.since[5] == 0.0


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.pop("since"),
        lambda state: state.update(more=np.zeros(1)),
        lambda state: state.update(open=np.zeros(2, dtype=np.bool_)),
        lambda state: state.update(streak=np.zeros(1)),
    ],
)
def test_wrong_state_is_refused(change) -> None:  # type: ignore[no-untyped-def]
    """Names, shapes and types must fit."""
    state = Onsets(2).export_state(ROW)
    change(state)
    with pytest.raises(ValueError, match="onset state"):
        Onsets(2).import_state(ROW, state)
