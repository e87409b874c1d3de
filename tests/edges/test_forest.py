"""Forests by scikit-learn: the arrays score as it does, always the same, from a process that leaves the loop alone."""

from __future__ import annotations

import asyncio
import sys

import numpy as np
import pytest

from aiops_daemon.core.quality.forest import Rows
from aiops_daemon.edges.forest import Forester, grow_here, installed
from aiops_daemon.errors import ForestError


def rows(many: int = 2_000) -> Rows:
    """Return rows of small counts."""
    return np.random.default_rng(3).poisson(2, (many, 9)).astype(np.float32)


def test_the_arrays_score_as_scikit_learn_does() -> None:
    """Rows of the sample, and rows far beyond."""
    grown = grow_here(rows())
    odd = np.full(9, 50, dtype=np.float32)

    assert [grown.trees.score(row) for row in rows()[:50]] == pytest.approx(grown.scores[:50].tolist())
    assert grown.trees.score(odd) > grown.scores.max()


async def test_a_process_grows_the_same_forest() -> None:
    """As this one, and as the process before it; meanwhile the daemon does not import scikit-learn."""
    first, second = await Forester().grow(rows()), await Forester().grow(rows())
    here = grow_here(rows())

    assert here.scores.tolist() == first.scores.tolist() == second.scores.tolist()
    assert here.trees.score(rows()[0]) == first.trees.score(rows()[0])


async def test_scikit_learn_stays_out_of_the_daemon() -> None:
    """Its import would hold the loop and keep 130 MB."""
    looks = (
        "import asyncio, sys, numpy as np, aiops_daemon.app; from aiops_daemon.edges.forest import Forester;"
        "asyncio.run(Forester().grow(np.random.default_rng(1).random((300, 9), dtype='f4')));"
        "print([name for name in sys.modules if name.startswith(('sklearn', 'scipy', 'joblib'))])"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", looks, stdout=asyncio.subprocess.PIPE)
    written, _ = await process.communicate()

    assert b"[]" == written.strip()


async def test_what_cannot_be_grown_is_a_forest_error() -> None:
    """With the last words of the process."""
    with pytest.raises(ForestError, match=r"ended with 1: (?s:.*)minimum of 1 is required"):
        await Forester().grow(rows(0))


async def test_a_process_that_takes_too_long_is_ended() -> None:
    """And says so."""
    with pytest.raises(ForestError, match=r"took over 0.01 s"):
        await Forester(deadline=0.01).grow(rows())


def test_it_is_known_whether_scikit_learn_is_there() -> None:
    """In the development environment it is."""
    assert installed()
