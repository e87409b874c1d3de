"""What others paged against what we would have: kinds, reasons, strangers, pages per shift."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.alertmanager.tree import RoutingTree, read_tree
from aiops_daemon.core.model.alertmanager import TeamSpec
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.remote import RemotePage
from aiops_daemon.core.response.keys import dedup_key
from aiops_daemon.core.response.shadow import Kind, Paged, Subject, compare, loads
from aiops_daemon.core.response.theirs import HeardAlert, alertmanager_pages, pagerduty_pages

SHOP = TeamSpec("shop", page_budget_per=100.0, page_budget_max=1)
HELD = Subject("INC-1", "Disk full", "shop", "usually ends within 5m", "in maintenance")


def ours(at: float, incident: str = "INC-1") -> Paged:
    """We tell ann."""
    return Paged("aiops-daemon", at, incident, "shop", "person/ann", "step 1 of shop")


def theirs(at: float, incident: str = "INC-1", by: str = "alertmanager") -> Paged:
    """They tell somebody."""
    return Paged(by, at, incident, "shop", "receiver pager")


def heard(rule: str = "Disk", at: float = 1000.0, **changes: object) -> HeardAlert:
    """Hear of an alert of INC-1."""
    given: dict[str, object] = {
        "incident": "INC-1", "team": "shop", "source": "eu1", "rule": rule, "receiver": "aiops", "at": at,
        "labels": make({"alertname": rule, "severity": "critical", "pod": str(at)}), "starts_at": at - 40.0,
        "told": True,
    }  # fmt: skip
    return HeardAlert(**(given | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "words", "mine", "other"),
    [
        (Kind.SAME, "alertmanager told receiver pager; we: step 1 of shop", [ours(1000)], [theirs(1060)]),
        (Kind.EARLIER, "5m earlier", [ours(1000)], [theirs(1300)]),
        (Kind.LATER, "5m later: usually ends within 5m", [ours(1300)], [theirs(1000)]),
        (Kind.EXTRA, "told by us alone: step 1 of shop", [ours(1000)], []),
        (Kind.MISSED, "nobody would have been told: in maintenance", [], [theirs(1000)]),
    ],
)
def test_every_kind_has_its_reason(kind: Kind, words: str, mine: list[Paged], other: list[Paged]) -> None:
    """By the first page of each side."""
    (row,) = compare([HELD], mine, other)

    assert kind is row.kind
    assert row.reason.startswith(words)
    assert ("INC-1", "Disk full", "shop") == (row.incident, row.title, row.team)


def test_what_pagerduty_shows_counts_instead_of_what_alertmanager_did() -> None:
    """It is the same page, seen where it rings."""
    (row,) = compare([HELD], [ours(1000)], [theirs(1000), theirs(1000), theirs(1030, by="pagerduty")])

    assert (1, "pagerduty", 1030) == (row.theirs, row.by, row.theirs_at)


def test_a_page_of_nothing_that_we_know_is_missed() -> None:
    """Each one by itself."""
    rows = compare([], [], [theirs(5, "", "pagerduty"), theirs(4, "", "pagerduty")])

    assert [(Kind.MISSED, 4.0), (Kind.MISSED, 5.0)] == [(row.kind, row.theirs_at) for row in rows]
    assert "no alert that reached us fits this page" == rows[0].reason


def test_pages_are_counted_by_shift() -> None:
    """Shifts end with the report; more than the budget in one of them is over."""
    pages = [ours(850, "INC-1"), ours(960, "INC-2"), ours(990, "INC-3"), ours(600, "INC-4")]
    (load,) = loads([SHOP, TeamSpec("data")], pages, [theirs(999)], 700.0, 1000.0)

    assert (3, 3, 2, 1) == (load.shifts, load.ours, load.ours_most, load.ours_over)
    assert (1, 1, 0) == (load.theirs, load.theirs_most, load.theirs_over)


def tree() -> RoutingTree:
    """Lead critical alerts to a pager, everything to us first."""
    return read_tree(
        {
            "route": {
                "receiver": "null", "group_by": ["alertname"],
                "routes": [
                    {"receiver": "aiops", "continue": "true"},
                    {"receiver": "pager", "matchers": ['severity="critical"'], "continue": "true"},
                    {"receiver": "null"},
                ],
            },
            "receivers": [
                {"name": "null"}, {"name": "aiops", "webhook_configs": [{"url": "http://aiops"}]},
                {"name": "pager", "pagerduty_configs": [{"routing_key": "x"}]},
            ],
        }
    )  # fmt: skip


def test_with_its_routes_alertmanager_paged_whom_they_lead_to() -> None:
    """One page a group and route; neither we ourselves nor a receiver without channels."""
    low = heard("Queue", labels=make({"alertname": "Queue", "severity": "warning"}))
    found = alertmanager_pages([heard(at=1010.0), heard(), heard("Net", 1020.0), low], tree())

    assert [(1000.0, "receiver pager"), (1020.0, "receiver pager")] == [(one.at, one.what) for one in found]
    assert [] == alertmanager_pages([heard()], tree(), lambda name: name == "other")


def test_without_its_routes_every_rule_counts_once() -> None:
    """It is not known whom else it told."""
    found = alertmanager_pages([heard(), heard(at=1010.0), heard("Net", 1020.0)], None)

    assert [(1000.0, "of Disk"), (1020.0, "of Net")] == [(one.at, one.what) for one in found]


def test_what_it_did_not_tell_us_it_told_after_its_wait() -> None:
    """Found by asking it; what was muted then it told nobody."""
    found = alertmanager_pages([heard(told=False), heard("Net", told=False, muted=True)], tree())

    assert [990.0] == [one.at for one in found]


def test_pages_of_pagerduty_belong_to_the_nearest_alert_that_their_title_names() -> None:
    """Those that we made are ours, and others belong to nobody."""
    remote = [
        RemotePage(1030.0, "[FIRING:1] Disk shop", "hash"),
        RemotePage(1030.0, "DiskSlow", "hash"),
        RemotePage(9000.0, "Disk", "hash"),
        RemotePage(1000.0, "Disk", dedup_key("eu1", "u1")),
    ]
    found = pagerduty_pages(remote, [heard(), heard(at=700.0, incident="INC-9")], "eu1")

    assert ["INC-1", "", ""] == [one.incident for one in found]


pages = st.lists(
    st.tuples(
        st.floats(0, 1e4), st.sampled_from(("INC-1", "INC-2", "")), st.sampled_from(("alertmanager", "pagerduty"))
    )
)


@given(pages, pages, st.floats(0, 1e3))
def test_every_incident_is_in_exactly_one_row(
    left: list[tuple[float, str, str]], right: list[tuple[float, str, str]], tolerance: float
) -> None:
    """Kinds follow from the times; nothing is lost, nothing comes twice, whatever the order."""
    mine = [ours(at, name) for at, name, _ in left if name]
    other = [theirs(at, name, by) for at, name, by in right]
    rows = compare([HELD], mine, other, tolerance)
    named = Counter(row.incident for row in rows if row.incident)

    assert rows == compare([HELD], mine, other[::-1], tolerance) or len({one.at for one in other}) < len(other)
    assert set(named) == {one.incident for one in (*mine, *other) if one.incident}
    assert all(count == 1 for count in named.values())
    assert sum(1 for row in rows if not row.incident) == sum(1 for one in other if not one.incident)
    for row in rows:
        assert (row.ours_at is None) == (row.kind is Kind.MISSED)
        assert (row.theirs_at is None) == (row.kind is Kind.EXTRA)
        if row.ours_at is not None and row.theirs_at is not None:
            assert (abs(row.ours_at - row.theirs_at) <= tolerance) == (row.kind is Kind.SAME)
            assert (row.kind is Kind.EARLIER) <= (row.ours_at < row.theirs_at)
        assert row.reason


@given(pages, st.floats(1, 1e4))
def test_no_page_is_lost_between_shifts(given_pages: list[tuple[float, str, str]], per: float) -> None:
    """Every page of the team within the report is in one shift; no shift has more than all."""
    mine = [ours(at, name) for at, name, _ in given_pages if name]
    (load,) = loads([TeamSpec("shop", page_budget_per=per, page_budget_max=2)], mine, [], 0.0, 1e4)

    assert load.ours == sum(1 for one in mine if one.at > 0)
    assert load.ours_most <= load.ours
    assert load.ours_over <= load.shifts
