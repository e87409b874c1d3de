"""docs/alertmanager-lint.md lists every rule, with its own words."""

from __future__ import annotations

import re
from pathlib import Path

from aiops_daemon.core.alertmanager.lint.checks import RULES
from aiops_daemon.core.alertmanager.lint.probed import ELSEWHERE, REDIRECTS, SILENT

PAGE = Path(__file__).parents[2] / "docs" / "alertmanager-lint.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| (error|warning) \| (.*?) \| (.*) \|$", re.MULTILINE)


def test_the_page_lists_every_rule() -> None:
    """Name, severity, meaning and remedy of each rule stand in the table, in the order of the lint, and no other."""
    rules = [
        (one.name, str(one.weight), f"{one.what} {one.why}", one.remedy)
        for one in (*RULES, REDIRECTS, ELSEWHERE, SILENT)
    ]
    listed = [(*row[:3], row[3].replace("\\|", "|")) for row in ROW.findall(PAGE.read_text())]

    assert rules == listed
