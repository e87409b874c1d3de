"""What belongs together, what stays apart, and why, in small scenes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from grouping_world import NOON, alert, candidate, faults, feed, grouper, ids, two_faults

from aiops_daemon.core.incidents.grouping.agreement import agreement
from aiops_daemon.core.model.grouping import Dependency, GroupingSpec, TopologySpec
from aiops_daemon.core.model.incident import Correction

LINKING = alert(60, alertname="UpstreamErrors", service="checkout", peer_service="warehouse", severity="critical")


def test_two_faults_at_once_stay_two_incidents() -> None:
    """Alerts of two services come by turns, seconds apart; each goes to its own."""
    found = ids(two_faults())

    assert ["1", "2"] * 5 == found


def test_the_first_alert_begins_an_incident_and_says_nothing() -> None:
    """Nothing is known yet, so there is nothing to join and nothing to refuse."""
    placement = grouper().place(candidate(alert(0, alertname="A", service="a")), NOON)

    assert ("", None, (), ()) == (placement.incident, placement.judgement, placement.refused, placement.merges)


def test_a_join_says_why_with_the_numbers() -> None:
    """The sentence names the shared value, how rare it is, the gap and the score."""
    by = grouper()
    feed(by, [alert(0, alertname="A", service="checkout")], "one")

    judgement = by.place(candidate(alert(12, alertname="B", service="checkout")), NOON + 12).judgement

    assert judgement is not None
    assert judgement.joined
    assert "same service checkout (its only alert, " in judgement.text
    assert " % of others)" in judgement.text
    assert "12 s after its last alert" in judgement.text
    assert f"score {judgement.score:.2f}" in judgement.text


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (-6, "6 s before its first alert ("),
        (5, "amid its alerts ("),
        (10, "0 s after its last alert ("),
        (10.02, "0 s after its last alert ("),
        (10.4, "0.4 s after its last alert ("),
    ],
)
def test_the_time_of_an_alert_that_is_told_late_is_said_as_it_was(at: float, said: str) -> None:
    """Groups are flushed when their time has come, so an alert that is told second may have begun first."""
    by = grouper()
    feed(by, [alert(0, alertname="A", service="checkout"), alert(10, alertname="B", service="checkout")], "one")

    judgement = by.place(candidate(alert(at, alertname="C", service="checkout")), NOON + 20).judgement

    assert judgement is not None
    assert said in judgement.text


@pytest.mark.parametrize("after", [-3_000_000.0, -1_700_000_000.0, 250_000_000_000.0])
def test_a_start_that_is_far_off_teaches_no_pace(after: float) -> None:
    """At first use alerts that fire for weeks are one digest; clocks elsewhere say what they like."""
    by = grouper()
    for number in range(10):
        odd = alert(after * number / 9, alertname=f"Old{number}", service=f"old{number}")
        by.join(candidate(odd, f"digest/{number}"), "digest", NOON)

    storm = [alert(2_000 + n / 10, alertname="DiskFull", service="checkout", instance=f"n{n}") for n in range(30)]

    assert {"1"} == set(ids(storm, by))


def test_an_alert_from_the_future_is_near_to_nothing_that_comes_before_it() -> None:
    """Else its incident would be silent for no second until that time has come."""
    by = grouper()
    by.join(candidate(alert(86_400, alertname="Ahead", service="checkout"), "x"), "one", NOON)

    placement = by.place(candidate(alert(800, alertname="B", service="mail")), NOON + 800)

    assert "800 s" not in placement.refused[0].text
    assert "13 min after its last alert" in placement.refused[0].text


def test_a_refusal_says_why_with_the_numbers() -> None:
    """An alert that shares nothing begins its own incident and names the one it did not join."""
    by = grouper()
    feed(by, [alert(0, alertname="A", service="checkout")], "one")

    placement = by.place(candidate(alert(12, alertname="B", service="mail")), NOON + 12)

    assert "" == placement.incident
    assert ["one"] == [judgement.incident for judgement in placement.refused]
    assert not placement.refused[0].joined
    assert "shares no telling label value" in placement.refused[0].text


def test_an_alert_that_names_both_services_merges_two_incidents() -> None:
    """Two incidents were apart; an alert of one that names the other as its peer links them."""
    by = grouper()
    alerts = two_faults()
    feed(by, alerts[0::2], "one")
    feed(by, alerts[1::2], "two")

    placement = by.place(candidate(LINKING), LINKING.at)

    assert {"one", "two"} == {placement.incident, *(judgement.incident for judgement in placement.merges)}


def test_two_incidents_with_the_same_alerts_are_never_merged() -> None:
    """The same alerts fire in both: that is a second fault, and what links them proves nothing."""
    by = grouper()
    alerts = [alert(number, alertname=f"R{number}", service="checkout") for number in range(5)]
    feed(by, alerts, "one")
    feed(by, [replace(one, at=one.at + 20) for one in alerts], "two")

    placement = by.place(candidate(alert(30, alertname="New", service="checkout")), NOON + 30)

    assert () == placement.merges


def test_labels_that_are_never_mixed_refuse_whatever_else_speaks_for_it() -> None:
    """The same alert in another tenant begins its own incident, and the reason is the label."""
    by = grouper(GroupingSpec(never_across=("tenant",)))
    feed(by, [alert(0, alertname="A", service="checkout", pod="p1", tenant="red")], "one")

    placement = by.place(candidate(alert(1, alertname="A", service="checkout", pod="p1", tenant="blue")), NOON + 1)

    assert "" == placement.incident
    assert "never across tenant: blue here, red there" == placement.refused[0].text


def test_a_missing_label_differs_from_one_that_is_there() -> None:
    """An alert without the label is of nobody, not of everybody."""
    by = grouper(GroupingSpec(never_across=("tenant",)))
    feed(by, [alert(0, alertname="A", service="checkout", tenant="red")], "one")

    assert "" == by.place(candidate(alert(1, alertname="B", service="checkout")), NOON + 1).incident


def test_a_known_dependency_brings_strangers_together() -> None:
    """The two share no value; the configuration says that one needs the other."""
    topology = TopologySpec(dependencies=(Dependency("api", "db"),))
    alerts = [alert(0, alertname="DbDown", service="db"), alert(20, alertname="Errors", service="api")]

    assert ["1", "1"] == ids(alerts, grouper(topology=topology))
    assert ["1", "2"] == ids(alerts)


def test_an_unknown_dependency_is_no_gate() -> None:
    """A graph that knows nothing of two services does not keep apart what shares a pod."""
    topology = TopologySpec(dependencies=(Dependency("api", "db"),))
    alerts = [alert(0, alertname="A", service="x", pod="p-7"), alert(5, alertname="B", service="x", pod="p-7")]

    assert ["1", "1"] == ids(alerts, grouper(topology=topology))


def test_a_peer_label_matches_a_service_label() -> None:
    """Values count whatever their label is called."""
    alerts = [
        alert(0, alertname="Errors", service="api", peer_service="db"),
        alert(9, alertname="DiskFull", service="db"),
    ]

    assert ["1", "1"] == ids(alerts)


def test_pods_of_a_lost_node_are_one_incident() -> None:
    """They share the node and nothing else; the exporter that tells of them is no service of theirs."""
    common = {"job": "kube-state-metrics", "node": "n1", "severity": "warning"}
    alerts = [alert(0, alertname="NodeNotReady", **common)]
    alerts += [
        alert(5 + 7 * pod, alertname="PodNotReady", pod=f"p{pod}-x", namespace=f"team-{pod}", **common)
        for pod in range(5)
    ]

    assert {"1"} == set(ids(alerts))


def test_minutes_between_single_alerts_of_one_service_are_no_reason_to_part() -> None:
    """A slow fault raises an alert every four minutes."""
    alerts = [alert(240 * number, alertname=f"R{number % 3}", service="a", pod=f"p{number}") for number in range(8)]

    assert {"1"} == set(ids(alerts))


def test_nothing_joins_after_the_longest_window() -> None:
    """However alike, an alert later than max_window after the last one is a new incident."""
    alerts = [alert(0, alertname="A", service="a", pod="p"), alert(301, alertname="B", service="a", pod="p")]

    assert ["1", "2"] == ids(alerts, grouper(GroupingSpec(max_window=300)))
    assert ["1", "1"] == ids(alerts)


def test_a_fixed_window_is_kept_exactly() -> None:
    """With `window` set the gap neither stretches nor shrinks."""
    by = grouper(GroupingSpec(window=60))
    alerts = [alert(0, alertname="A", service="a"), alert(60, alertname="B", service="a")]
    late = alert(121, alertname="C", service="a")

    assert ["1", "1", "2"] == ids([*alerts, late], by)


def test_an_incident_past_its_age_takes_only_strong_evidence() -> None:
    """After max_age the same service is not enough, the same pod is."""
    by = grouper(GroupingSpec(max_age=600))
    feed(by, [alert(60 * number, alertname=f"R{number}", service="a", pod="p-1") for number in range(13)], "old")
    feed(by, [alert(number, alertname="Other", service="a", pod=f"q-{number}") for number in range(60)], "other")
    by.close("other", NOON + 61)
    weak = by.place(candidate(alert(730, alertname="New", service="a", pod="other")), NOON + 730)
    strong = by.place(candidate(alert(730, alertname="New", service="a", pod="p-1")), NOON + 730)

    assert "old" != weak.incident
    assert "old" == strong.incident


def test_a_repeated_alert_is_another_fault_once_repetition_was_never_plain() -> None:
    """Hundreds of alerts fired once each; when many of them fire again, that is a second fault."""
    alerts = [alert(number, alertname=f"R{number}", service="a") for number in range(200)]
    again = [replace(one, at=one.at + 200) for one in alerts]

    found = ids([*alerts, *again])

    assert {"1"} == set(found[:200])
    assert found[0] != found[-1]


def test_an_alert_that_comes_and_goes_without_ends_settles_in_one_incident() -> None:
    """A third firing shows that repetition is plain in this record."""
    found = ids([alert(120 * number, alertname="A", service="a") for number in range(12)])

    assert 2 >= len(set(found))
    assert 1 == len(set(found[3:]))


def test_an_alert_that_ended_and_comes_back_belongs_where_it_was() -> None:
    """The end was told, so the next firing is the same fault."""
    by = grouper()
    first = alert(0, alertname="A", service="a", pod="p")
    feed(by, [first], "one")
    by.leave("one/0", NOON + 60)

    judgement = by.place(candidate(replace(first, at=NOON + 300)), NOON + 300).judgement

    assert judgement is not None
    assert "the same alert fired in it before" in judgement.text


def test_a_closed_incident_takes_nothing_until_it_reopens() -> None:
    """Resolved is resolved."""
    by = grouper()
    feed(by, [alert(0, alertname="A", service="a", pod="p")], "one")
    late = candidate(alert(10, alertname="B", service="a", pod="p"))
    by.close("one", NOON + 5)
    closed = by.place(late, NOON + 10).incident
    by.reopen("one")

    assert "" == closed
    assert "one" == by.place(late, NOON + 10).incident


def test_people_teach_that_alerts_belong_apart_and_together() -> None:
    """After two splits the pair is refused; after as many merges strangers join."""
    alerts = [alert(0, alertname="A", service="a", pod="p"), alert(9, alertname="B", service="a", pod="p")]
    split = Correction("c", NOON, "ann", "split", "default", (alerts[0].labels,), (alerts[1].labels,))
    strangers = [alert(0, alertname="A", service="a"), alert(9, alertname="B", service="b")]
    merge = Correction("c", NOON, "ann", "merge", "default", (strangers[0].labels,), (strangers[1].labels,))
    apart, together = grouper(), grouper()
    for _ in range(4):
        apart.correct(split)
        together.correct(merge)

    assert ["1", "2"] == ids(alerts, apart)
    assert ["1", "1"] == ids(strangers, together)


def test_what_fired_together_before_joins_again() -> None:
    """Two rules without a common value met in ten incidents; the eleventh time they are joined."""
    by = grouper()
    for number in range(10):
        pair = [alert(7200 * number, alertname="A", service="a"), alert(7200 * number + 5, alertname="B", service="b")]
        feed(by, pair, f"i{number}")
        by.close(f"i{number}", pair[-1].at + 900)

    again = [alert(72_000, alertname="A", service="a"), alert(72_030, alertname="B", service="b")]

    assert ["1", "1"] == ids(again, by)
    assert ["1", "2"] == ids(again)


def test_ignored_labels_say_nothing() -> None:
    """Without its one common label the second alert is a stranger."""
    alerts = [alert(0, alertname="A", rack="r17"), alert(5, alertname="B", rack="r17")]

    assert ["1", "1"] == ids(alerts)
    assert ["1", "2"] == ids(alerts, grouper(GroupingSpec(ignore_labels=("rack",))))


def test_a_higher_threshold_makes_more_incidents() -> None:
    """The same stream at three thresholds."""
    alerts, _ = faults(3)

    counts = [len(set(ids(alerts, grouper(GroupingSpec(threshold=threshold))))) for threshold in (0.3, 0.5, 0.99)]

    assert sorted(counts) == counts
    assert counts[0] < counts[-1]


def test_new_settings_keep_what_was_learned() -> None:
    """A reload changes the threshold and nothing that was learned."""
    by = grouper()
    ids(faults(1)[0], by)
    before = by.export()
    by.reconfigure(GroupingSpec(threshold=0.7), by.graph)

    assert before == by.export()
    assert 0.7 == by.spec.threshold


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_faults_of_single_services_are_found(seed: int) -> None:
    """Forty faults of twenty services, pods and rules by chance: F1 of pairs 0.9 or more."""
    alerts, truth = faults(seed)

    assert 0.9 <= agreement(ids(alerts), truth).f1


@pytest.mark.parametrize("memory", [b"", b"no JSON", b"{}", b'{"version": 99}', b'{"version": 1}', b"[]"])
def test_memory_that_cannot_be_read_is_learned_anew(memory: bytes) -> None:
    """A damaged memory is no fault."""
    assert grouper().export() == grouper(memory=memory).export()
