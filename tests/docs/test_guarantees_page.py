"""The page of promises names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROWS = [line for line in (ROOT / "docs/guarantees.md").read_text().splitlines() if line.startswith("| ")]
NODE = re.compile(r"`(tests/[a-z_/]+\.py)::(\w+)`")


def exists(file: str, name: str) -> bool:
    """Say whether a test module defines a test of this name."""
    path = ROOT / file
    defined = rf"^(?:async def {name}\(|def {name}\(|class {name}\b|{name} = )"
    return path.exists() and re.search(defined, path.read_text(), re.MULTILINE) is not None


def test_every_test_that_is_named_exists() -> None:
    """A renamed test takes the page along."""
    named = [found for row in ROWS for found in NODE.findall(row)]

    assert named
    assert [] == [f"{file}::{name}" for file, name in named if not exists(file, name)]


def test_every_promise_has_a_test() -> None:
    """In the last cell of its row."""
    promises = [row for row in ROWS if not row.endswith("| shown by |")]

    assert [] == [row for row in promises if not NODE.search(row.rstrip("| ").rsplit("|", 1)[-1])]
