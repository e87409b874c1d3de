"""Saved budgets: a tenth of their size, the same after any number of restarts, and never wrong bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aiops_daemon.core.signals.burn.packed import packed, unpacked

HEAD = 29_000_000.0  # minutes since 1970: more than 24 bits hold


def buckets(groups: int = 2, columns: int = 8640) -> np.ndarray:
    """Make a month of a service with few errors."""
    random = np.random.default_rng(3)
    found = np.empty((groups, 3, columns + 1))
    found[:, 0, 1:] = random.poisson(0.02, (groups, columns))
    found[:, 1, 1:] = random.poisson(3000, (groups, columns)) + random.random((groups, columns))
    found[:, 2, 1:] = 300.0
    found[:, :, 0] = HEAD
    return found


def test_a_month_takes_a_fifth_and_comes_back() -> None:
    """The newest index exactly, sums to a part in sixteen million; other arrays are left alone."""
    given_state = {"coarse": buckets(), "since": np.array([[1.0, np.nan, 2.0]] * 2), "seen": np.array([1.0, 2.0])}
    saved = packed(given_state)
    back = unpacked(saved)

    assert given_state["coarse"].nbytes > 5 * sum(array.nbytes for array in saved.values())
    assert given_state.keys() == back.keys()
    np.testing.assert_allclose(back["coarse"], given_state["coarse"], rtol=1e-7)
    assert (HEAD, 300.0) == (back["coarse"][0, 0, 0], back["coarse"][0, 2, 1])
    np.testing.assert_array_equal(back["since"], given_state["since"])


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, (3, 3, 6), elements=st.floats(0, 1e12)))
def test_a_second_restart_changes_nothing(values: np.ndarray) -> None:
    """What was rounded once is kept as it is."""
    once = unpacked(packed({"fine": values}))

    np.testing.assert_array_equal(once["fine"], unpacked(packed(once))["fine"])


def test_what_earlier_versions_saved_is_read() -> None:
    """They wrote the buckets as they are."""
    assert unpacked({"coarse": buckets()})["coarse"] is not None
    np.testing.assert_array_equal(buckets(), unpacked({"coarse": buckets()})["coarse"])


def test_no_groups_pack_into_nothing() -> None:
    """An SLO whose groups have all gone is saved as well."""
    assert (0, 3, 1) == unpacked(packed({"fine": np.empty((0, 3, 9))}))["fine"].shape


@pytest.mark.parametrize("fault", ["cut", "other bytes", "columns", "sizes", "lacks"])
def test_bytes_that_were_never_packed_are_refused(fault: str) -> None:
    """The budget is then read anew from Prometheus."""
    saved = packed({"coarse": buckets(columns=20)})
    if fault == "cut":
        saved["coarse_bytes"] = saved["coarse_bytes"][:-5]
    elif fault == "other bytes":
        saved["coarse_bytes"] = np.zeros(len(saved["coarse_bytes"]), dtype=np.uint8)
    elif fault == "columns":
        saved["coarse_columns"] = saved["coarse_columns"] + 1
    elif fault == "sizes":
        saved["coarse_sizes"] = saved["coarse_sizes"][:1]
    else:
        del saved["coarse_head"]

    with pytest.raises(ValueError, match="saved burn buckets"):
        unpacked(saved)
