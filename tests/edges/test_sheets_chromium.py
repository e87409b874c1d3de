"""A month's report in a real browser: on paper, on a phone, in the dark."""

from __future__ import annotations

from dataclasses import replace

import pytest
from browser import browsing
from reports_world import DAY, OCTOBER, SPEC, after, october
from web_world import HOSTILE

from aiops_daemon.core.reports.compliance import MonthReport, compliance
from aiops_daemon.core.reports.reasons import PastIncident
from aiops_daemon.core.rules.slo.plan import plan
from aiops_daemon.edges.sheets.render import report_sheet

pytestmark = pytest.mark.real

LONG = "/api/v1/" + "x" * 200
CUT = "[...document.querySelectorAll('.wide, .card')].filter(one => one.scrollWidth > one.clientWidth + 1).length"
WIDER = "document.documentElement.scrollWidth - innerWidth"


def sheet() -> str:
    """Write a report whose group, label, incident and cause are longer than any line."""
    cause = PastIncident("INC-7", HOSTILE + LONG, "checkout", (), after(2 * DAY), after(3 * DAY), (HOSTILE + LONG,))
    spec = replace(SPEC, labels=(("service", "checkout"), ("team", LONG)), description=HOSTILE)
    steps = replace(october((2 * DAY, 7200.0, 0.5)), group=(("handler", LONG),))
    return report_sheet(MonthReport(OCTOBER, OCTOBER.end, (compliance(plan(spec), "eu1", steps, OCTOBER, [cause]),)))


async def test_nothing_is_cut_off_on_paper_and_nothing_runs(tmp_path):
    """Paper cannot be scrolled: every column is on it, dark on light whatever the screen is, and no script ran."""
    file = tmp_path / "october.html"
    file.write_text(sheet())
    async with browsing(tmp_path / "profile") as tab:
        await tab.screen(390, dark=True)
        await tab.open(file.as_uri())
        phone = await tab.run(WIDER)
        await tab.screen(718)  # A4 less its margins
        dark = {"name": "prefers-color-scheme", "value": "dark"}
        await tab.ask("Emulation.setEmulatedMedia", media="print", features=[dark])
        cut = await tab.run(CUT)
        paper = await tab.run("getComputedStyle(document.body).backgroundColor")
        scripts = await tab.run("document.scripts.length")

    assert phone <= 0
    assert (0, "rgb(255, 255, 255)", 0) == (cut, paper, scripts)
    assert [] == tab.complaints
