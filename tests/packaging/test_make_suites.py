"""Which test runs in which suite of the Makefile: each one in exactly one."""

from __future__ import annotations

import re
from itertools import chain, combinations
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

MAKEFILE = Path(__file__).parents[2] / "Makefile"
MARKS = ("real", "alone", "slow", "chaos")
COMBINED = list(chain.from_iterable(combinations(MARKS, size) for size in range(len(MARKS) + 1)))


def selections() -> list[str]:
    """Return what the lines that run pytest ask for."""
    found = re.findall(r"^\t@\$\(PYTEST\) .*-m (\"[^\"]+\"|\S+)", MAKEFILE.read_text(encoding="utf-8"), re.MULTILINE)
    return [one.strip('"') for one in found]


@pytest.mark.parametrize("marks", COMBINED)
def test_each_test_runs_in_one_suite(marks: tuple[str, ...]) -> None:
    """Whatever its marks are: none falls through, none runs twice."""
    taken = [one for one in selections() if Expression.compile(one).evaluate(lambda name, /, **_: name in marks)]

    assert 1 == len(taken), taken
