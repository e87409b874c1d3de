"""Strangers, scopes and the rate of incidents: what is learned apart from what was decided."""

from __future__ import annotations

import random

from grouping_world import NOON, alert, candidate, feed, grouper, ids
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.incidents.grouping.cluster import Cluster
from aiops_daemon.core.incidents.grouping.gaps import Gaps
from aiops_daemon.core.incidents.grouping.likeness import stranger
from aiops_daemon.core.incidents.grouping.rehearsal import PastAlert
from aiops_daemon.core.incidents.grouping.strangers import Strangers


def _pairs_of_strangers(every: float, count: int) -> list[PastAlert]:
    """Return faults of one alert and, seconds later, another that shares nothing with it."""
    found = []
    for number in range(count):
        found.append(alert(number * every, alertname=f"A{number}", service=f"callee-{number}"))
        found.append(alert(number * every + 10, alertname=f"B{number}", service=f"caller-{number}"))
    return found


def test_a_quiet_system_learns_that_strangers_seconds_later_belong_to_it() -> None:
    """No label, no dependency, no rule met before; only that hours are silent and seconds are not."""
    found = ids(_pairs_of_strangers(3600, 40))

    assert found[0] != found[1]
    assert found[-2] == found[-1]


def test_the_same_service_in_another_cluster_is_another_service() -> None:
    """Seconds apart and alike in all but the cluster, they are two incidents, and the reason names the cluster."""
    by = grouper()
    feed(by, [alert(0, alertname="A", service="checkout", cluster="eu-1")], "one")
    placement = by.place(candidate(alert(5, alertname="B", service="checkout", cluster="us-1")), NOON + 5)

    assert "" == placement.incident
    assert "cluster us-1 is no cluster of its alerts" in placement.refused[0].text


def test_a_host_is_the_same_whatever_the_port() -> None:
    """The exporter of the host and its application answer on two ports."""
    alerts = [
        alert(0, alertname="DiskIOSaturated", instance="db-3.example.net:9100"),
        alert(9, alertname="PostgresSlow", instance="db-3.example.net:9187"),
    ]

    assert ["1", "1"] == ids(alerts)


def test_pods_of_one_workload_are_alike() -> None:
    """Two pods of a deployment share the name that the deployment gave them."""
    alerts = [
        alert(0, alertname="CrashLooping", pod="checkout-7d9f6c5b8-x2k4q"),
        alert(9, alertname="NotReady", pod="checkout-7d9f6c5b8-bb5zd"),
    ]

    assert ["1", "1"] == ids(alerts)


def test_unrelated_alerts_at_a_steady_rate_stay_apart() -> None:
    """Some are close by chance; that must not teach that strangers belong together."""
    silences = random.Random("noise")
    at, alerts = 0.0, []
    for number in range(300):
        at += silences.expovariate(1 / 90)
        alerts.append(alert(at, alertname=f"R{number % 40}", service=f"service-{number}"))

    assert 300 == len(set(ids(alerts)))


def test_a_large_incident_without_services_is_no_sterner_to_strangers() -> None:
    """Where no label names a service, the number of alerts says nothing of strangers; else it does."""
    small, large = (Cluster("1", NOON, NOON, NOON, (), count=count) for count in (1, 500))
    named = Cluster("1", NOON, NOON, NOON, (), count=500, services={"checkout": 500})

    assert stranger(small, 0.04) == stranger(large, 0.04)
    assert stranger(named, 0.04) < stranger(large, 0.04)


def test_rich_labels_do_not_teach_that_strangers_are_rarer_than_at_first() -> None:
    """Alerts that share something teach no more severity than holds until learned."""
    strangers = Strangers()
    at_first = strangers.share
    for _ in range(1000):
        strangers.learn(10.0, strange=False)

    assert at_first == strangers.share


@given(st.lists(st.tuples(st.floats(0.0, 1e6), st.booleans()), max_size=100))
def test_the_share_of_strangers_stays_a_share(alerts: list[tuple[float, bool]]) -> None:
    """Whatever came, it is within 0..1 and survives a restart."""
    strangers, again = Strangers(), Strangers()
    for odds, strange in alerts:
        strangers.learn(odds, strange=strange)
    again.load(strangers.export())

    assert 0.0 < strangers.share < 1.0
    assert strangers.share == again.share


@given(st.lists(st.floats(0.0, 1e5), min_size=1, max_size=100))
def test_the_rate_of_incidents_is_never_that_of_all_alerts_and_more(silences: list[float]) -> None:
    """It is above 0, and at most the rate at which alerts came, counted with the prior."""
    gaps, now = Gaps(), NOON
    gaps.arrive(now)
    for silence in silences:
        now += silence
        gaps.arrive(now)

    assert 0.0 < gaps.rate(now) <= (len(silences) + 0.5) / 900.0


def test_the_rate_is_read_from_long_silences() -> None:
    """Ten alerts at a burst, an hour between bursts: incidents are rare, though an alert comes every six minutes."""
    gaps = Gaps()
    for burst in range(40):
        for number in range(10):
            gaps.arrive(burst * 3600.0 + number * 5.0)

    assert 1800 < 1 / gaps.rate(40 * 3600.0) < 4000


def test_the_first_incident_teaches_no_rate() -> None:
    """Alerts seconds apart are of one incident: they say nothing of how often a new one begins."""
    gaps = Gaps()
    for number in range(19):
        gaps.arrive(number * 5.0)

    assert Gaps().rate(0.0) == gaps.rate(90.0)
