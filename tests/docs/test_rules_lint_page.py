"""docs/rules-lint.md lists every check, with its own words."""

from __future__ import annotations

import re
from pathlib import Path

from aiops_daemon.core.rules.lint.checks import CHECKS
from aiops_daemon.core.rules.lint.live import LIVE_CHECKS

PAGE = Path(__file__).parents[2] / "docs" / "rules-lint.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| (error|warning|info) \| (.*?) \| (.*) \|$", re.MULTILINE)


def test_the_page_lists_every_check() -> None:
    """Name, severity, meaning and remedy of each check stand in the tables, in the order of the lint, and no other."""
    checks = [
        (one.name, str(one.weight), f"{one.what} {one.why}", one.remedy or "nothing to do")
        for one in (*CHECKS, *LIVE_CHECKS)
    ]
    listed = [tuple(cell.replace("\\|", "|") for cell in row) for row in ROW.findall(PAGE.read_text())]

    assert checks == listed
