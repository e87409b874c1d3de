"""What the daemon says about itself leads to what a person can do about it."""

from pathlib import Path

from alert_scenario import AlertScenario
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.alertmanager import WatchdogSpec
from aiops_daemon.core.model.matcher import parse
from aiops_daemon.core.model.settings import RulesSpec

pytestmark = VIRTUAL_TIME

RUNBOOK = "https://runbooks.example.org/AiopsWatchdogMissing.md"


async def test_a_notice_links_to_its_runbook_where_the_settings_say(tmp_path: Path) -> None:
    """In the API, and as a link on the incident's page."""
    spec = WatchdogSpec((parse('alertname="Watchdog"'),), 600.0, ((("cluster", "eu1"),),))
    rules = RulesSpec(runbook_url="https://runbooks.example.org/")
    async with AlertScenario(tmp_path, watchdogs=(spec,), rules=rules) as s:
        await s.at(minutes=12)
        detail = await s.detail()
        page = await s.page("/incidents/INC-1")

    assert [RUNBOOK] == [alert["annotations"]["runbook_url"] for alert in detail["alerts"]]
    assert f'href="{RUNBOOK}"' in page
