"""Isolation forests by scikit-learn, in a process of their own.

Enters: rows of features. Leaves: trees as plain arrays, and the score of each row. The process ends with the fit:
importing scikit-learn takes seconds, holds the event loop for over 100 ms even on a thread, and keeps 130 MB.
`python -m aiops_daemon.edges.forest` reads rows on standard input and writes trees on standard output.
"""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.quality.forest import Grown, Numbers, Rows, Trees
from aiops_daemon.errors import ForestError

if TYPE_CHECKING:
    from sklearn.ensemble import IsolationForest

DEADLINE = 120.0  # seconds; a fit takes about 5 on a busy core, nearly all of it for the import
TREES = 100
_SEED = 0
_MOST_WORDS = 500  # characters of the process's last words that are kept
_ARRAYS = ("feature", "threshold", "left", "right", "length")


def installed() -> bool:
    """Say whether scikit-learn is there, without importing it."""
    return find_spec("sklearn") is not None


class Forester:
    """Grows each forest in a process that ends with it."""

    def __init__(self, *, deadline: float = DEADLINE) -> None:
        self._deadline = deadline

    async def grow(self, rows: Rows) -> Grown:
        """Grow a forest of 100 trees from 256 rows each; raises ForestError."""
        asked = BytesIO()
        np.save(asked, rows, allow_pickle=False)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", __name__),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        except OSError as error:
            raise ForestError(f"{sys.executable}: {error.strerror}") from error
        return _read(await self._answer(process, asked.getvalue()))

    async def _answer(self, process: asyncio.subprocess.Process, asked: bytes) -> bytes:
        try:
            async with asyncio.timeout(self._deadline):
                written, words = await process.communicate(asked)
        except TimeoutError as error:
            raise ForestError(f"growing a forest took over {self._deadline:g} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            last = words.decode(errors="replace").strip()[-_MOST_WORDS:]
            raise ForestError(f"the process that grows forests ended with {process.returncode}: {last}")
        return written


def _read(written: bytes) -> Grown:
    try:
        with np.load(BytesIO(written), allow_pickle=False) as read:
            columns = {name: read[name] for name in _ARRAYS}
            return Grown(Trees(usual_length=float(read["usual_length"]), **columns), read["scores"])
    except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
        raise ForestError(f"what the process that grows forests wrote cannot be read: {error}") from error


def grow_here(rows: Rows) -> Grown:
    """Grow a forest in this process."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=TREES, random_state=_SEED, n_jobs=1).fit(rows)
    return Grown(_trees(forest), -forest.score_samples(rows))


def _trees(forest: IsolationForest) -> Trees:
    grown = [estimator.tree_ for estimator in forest.estimators_]
    size = max(tree.node_count for tree in grown)
    stacked = map(np.stack, zip(*(_padded(tree, size) for tree in grown), strict=True))
    usual = _usual_length(np.array([forest.max_samples_]))
    return Trees(usual_length=float(usual[0]), **dict(zip(_ARRAYS, stacked, strict=True)))


def _padded(tree: Any, size: int) -> tuple[NDArray[Any], ...]:
    """Return a tree's columns in the order of `_ARRAYS`; nodes beyond it are never reached."""
    here = np.arange(tree.node_count, dtype=np.int32)
    leaf = tree.children_left < 0
    left = np.where(leaf, here, tree.children_left).astype(np.int32)
    right = np.where(leaf, here, tree.children_right).astype(np.int32)
    depth = np.zeros(tree.node_count)
    for node in here[~leaf]:  # a node comes before its branches
        depth[[left[node], right[node]]] = depth[node] + 1
    length = depth + _usual_length(tree.n_node_samples)
    feature = np.where(leaf, 0, tree.feature).astype(np.int32)
    return tuple(np.pad(column, (0, size - len(column))) for column in (feature, tree.threshold, left, right, length))


def _usual_length(samples: NDArray[Any]) -> Numbers:
    """Return c(n), the mean path length of an unsuccessful search in a tree of n."""
    n = np.asarray(samples, dtype=np.float64)
    many = np.maximum(n, 3)
    return np.where(n < 2, 0.0, np.where(n < 3, 1.0, 2 * (np.log(many - 1) + np.euler_gamma) - 2 * (many - 1) / many))


def main() -> None:
    """Read rows on standard input and write the forest on standard output, out of the daemon's way."""
    os.nice(10)
    grown = grow_here(np.load(BytesIO(sys.stdin.buffer.read()), allow_pickle=False))
    written = BytesIO()
    arrays = {name: getattr(grown.trees, name) for name in _ARRAYS}
    np.savez(written, scores=grown.scores, usual_length=np.array(grown.trees.usual_length), **arrays)
    sys.stdout.buffer.write(written.getvalue())


if __name__ == "__main__":
    main()
