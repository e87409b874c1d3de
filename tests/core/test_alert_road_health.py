"""Alerts on the alert road of the daemon itself."""

import re

import pytest

from aiops_daemon.core.alertmanager.snippet import OWN_HEALTH
from aiops_daemon.core.model.alertmanager import HeartbeatSpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.rules.alert import Alert
from aiops_daemon.core.rules.alerthealth import alert_road_alerts
from aiops_daemon.core.rules.health import health_alerts
from aiops_daemon.core.rules.paginghealth import paging_alerts

ROAD = {alert.name: alert for alert in alert_road_alerts(Settings())}


def beating(interval: float) -> Alert:
    """Build the alert on a heartbeat that is sent every `interval` seconds."""
    found = alert_road_alerts(Settings(heartbeat=HeartbeatSpec(lambda: "https://hc.example.org", interval)))
    return next(alert for alert in found if alert.name == "AiopsHeartbeatFailing")


def test_they_are_among_the_alerts_on_the_daemon() -> None:
    """After those on the signal road, each once."""
    names = [alert.name for alert in health_alerts(Settings())]

    assert list(ROAD) == names[-len(ROAD) :]
    assert len(names) == len(set(names))


def test_what_keeps_people_from_being_told_is_critical() -> None:
    """Alerts that are not processed, not taken, or do not come; a deadline to be corrected is for working hours."""
    found = {name: alert.severity for name, alert in ROAD.items() if alert.severity != "warning"}

    assert {
        "AiopsInboxBacklog": "critical",
        "AiopsStoreFailing": "critical",
        "AiopsWatchdogMissing": "critical",
        "AiopsWatchdogDeadlineTooShort": "info",
    } == found


def test_who_may_not_have_been_told_is_critical() -> None:
    """Every alert on paging is for people at once, and none of them is left to the daemon itself."""
    found = paging_alerts()

    assert {"critical"} == {alert.severity for alert in found}
    assert all(re.fullmatch(OWN_HEALTH, alert.name) for alert in found)


@pytest.mark.parametrize("name", ["AiopsInboxBacklog", "AiopsBackupOld"])
def test_a_time_that_was_never_set_is_not_old(name: str) -> None:
    """0 stands for none: it is left out before the age is asked for, and the example proves it."""
    silent = next(example for example in ROAD[name].examples if not example.fires)

    assert re.search(r"time\(\) - \(\w+ > 0\) > ", ROAD[name].expr)
    assert silent.series[0][1].startswith("0x")


def test_another_replica_is_no_failing_store() -> None:
    """One that hands over, or stops, refuses calls as it should."""
    assert 'reason!~"closed|fenced"' in ROAD["AiopsStoreFailing"].expr


@pytest.mark.parametrize(("interval", "window"), [(10.0, "10m"), (60.0, "10m"), (200.0, "11m"), (3600.0, "181m")])
def test_a_heartbeat_is_missed_after_three(interval: float, window: str) -> None:
    """Ten minutes at least; both outcomes are looked at over the same time."""
    assert [window, window] == re.findall(r"\[(\w+)\]", beating(interval).expr)
