"""Mixes of alerts: bins come back as they were, and a forest's score is one for any row."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.quality.forest import Grown, Trees, features
from aiops_daemon.core.quality.mix import WINDOW, Bin
from aiops_daemon.core.quality.mixform import export, load
from aiops_daemon.core.quality.oddmix import Scored, found, norm_of

count = st.integers(0, 2**31 - 1)
bins = st.lists(st.builds(Bin, count, *[count] * 5), max_size=30, unique_by=lambda one: one.number).map(sorted)
LEAF = Trees(*(np.zeros((1, 1), dtype=kind) for kind in ("i4", "f8", "i4", "i4", "f8")), usual_length=1.0)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(), bins, max_size=4))
def test_bins_come_back_as_they_were(sources: dict[str, list[Bin]]) -> None:
    """Whatever was counted."""
    pasts = {source: deque(past, WINDOW) for source, past in sources.items()}

    assert pasts == load(export(pasts))


@settings(max_examples=100, deadline=None)
@given(bins)
def test_features_are_finite(past: list[Bin]) -> None:
    """Ten of each bin."""
    rows = features(past)

    assert (len(past), 10) == rows.shape
    assert np.isfinite(rows).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=288, max_size=900), st.integers(0, 50))
def test_a_calm_level_never_lies_beyond_the_limit_and_the_past_is_rarely_odd(scores: list[float], alerts: int) -> None:
    """Only the worst day of the past may hold what would be found."""
    past = [Bin(number, alerts, 1, 1) for number in range(len(scores))]
    norm = norm_of(past, Grown(LEAF, np.array(scores)))
    scored = [Scored(one, score) for one, score in zip(past, scores, strict=True)]
    odd_days = {b.bin.number // 288 for a, b in pairwise(scored) if found(norm, a, b)}

    assert norm.calm <= norm.limit
    assert len(odd_days) <= 1
