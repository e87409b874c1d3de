"""What holds for grouping whatever the alerts are."""

from __future__ import annotations

from collections import Counter

from grouping_world import NOON, alert, candidate, faults, grouper, ids
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.incidents.grouping.agreement import agreement, compression
from aiops_daemon.core.incidents.grouping.cluster import Cluster
from aiops_daemon.core.incidents.grouping.gaps import odds
from aiops_daemon.core.incidents.grouping.grouper import Grouper
from aiops_daemon.core.incidents.grouping.rehearsal import PastAlert
from aiops_daemon.core.model.grouping import GroupingSpec

_LABELS = st.fixed_dictionaries(
    {"alertname": st.sampled_from("ABC"), "service": st.sampled_from(("shop", "mail", "bank"))},
    optional={"pod": st.sampled_from(("p-1", "p-2")), "tenant": st.sampled_from(("red", "blue"))},
)


@st.composite
def _streams(draw: st.DrawFn) -> list[PastAlert]:
    at, found = 0.0, []
    for labels in draw(st.lists(_LABELS, min_size=1, max_size=25)):
        at += draw(st.sampled_from((0.0, 1.0, 20.0, 200.0, 2000.0)))
        found.append(alert(at, lasts=draw(st.sampled_from((None, 5.0, 400.0))), **labels))
    return found


@given(_streams(), st.integers(0, 25))
def test_a_record_cut_short_gives_the_same_ids(alerts: list[PastAlert], length: int) -> None:
    """Grouping is causal: what comes later changes nothing of what was said."""
    whole = ids(alerts)

    assert whole[:length] == ids(alerts[:length])


@given(_streams())
def test_alerts_that_differ_in_a_label_that_is_never_mixed_never_share_an_incident(alerts: list[PastAlert]) -> None:
    """Whatever links them, and with merges."""
    by = grouper(GroupingSpec(never_across=("tenant",)))
    tenants: dict[str, set[str]] = {}
    for one, incident in zip(alerts, ids(alerts, by), strict=True):
        tenants.setdefault(incident, set()).add(dict(one.labels).get("tenant", ""))

    assert all(len(found) == 1 for found in tenants.values())


@given(_streams())
def test_no_incident_takes_an_alert_after_the_longest_window(alerts: list[PastAlert]) -> None:
    """Unless the same alert came back, which the record tells by its end."""
    endless = [PastAlert(one.key, one.labels, one.at) for one in alerts]
    last: dict[str, float] = {}
    for one, incident in zip(endless, ids(endless), strict=True):
        assert one.at - last.get(incident, one.at) <= GroupingSpec().max_window
        last[incident] = one.at


@given(_streams())
def test_asking_changes_nothing(alerts: list[PastAlert]) -> None:
    """An alert may be placed any number of times before it joins."""
    by, asked = grouper(), grouper()
    for number, one in enumerate(alerts):
        for _ in range(2):
            asked.place(candidate(one, "other"), one.at)
        mine, other = (each.place(candidate(one, str(number)), one.at) for each in (by, asked))
        assert mine == other
        for each in (by, asked):
            each.join(candidate(one, str(number)), mine.incident or f"new-{number}", one.at)


@given(_streams(), _streams())
def test_what_was_learned_decides_the_same_after_a_restart(past: list[PastAlert], news: list[PastAlert]) -> None:
    """Exported and read again, the memory gives the same ids and the same memory."""
    before = grouper()
    ids(past, before)
    memory = before.export()
    late = [PastAlert(one.key, one.labels, one.at + 100_000, one.ends_at) for one in news]

    assert memory == grouper(memory=memory).export()
    assert ids(late, grouper(memory=memory)) == ids(late, grouper(memory=memory))


@given(_streams())
def test_joins_that_are_told_again_after_a_restart_teach_nothing(alerts: list[PastAlert]) -> None:
    """The desk tells of its open alerts when it starts; they were learned from before."""
    before = grouper()
    for number, one in enumerate(alerts):
        before.join(candidate(one, str(number)), "one", one.at)
    after = grouper(memory=before.export())
    for number, one in enumerate(alerts):
        after.join(candidate(one, str(number)), "one", one.at)

    assert before.export() == after.export()


def _counts(by: Grouper) -> Counter[str]:
    found: Counter[str] = Counter()
    for cluster in by._clusters.values():
        found.update({f"token {token}": count for token, count in cluster.tokens.items()})
        found["alerts"] += cluster.count
    return found


@given(_streams(), st.data())
def test_merges_and_splits_lose_no_alert(alerts: list[PastAlert], data: st.DataObject) -> None:
    """The sum over incidents of every count stays what it was."""
    by = grouper()
    for number, one in enumerate(alerts):
        by.join(candidate(one, str(number)), f"i{number % 3}", one.at)
    before = _counts(by)
    for _ in range(4):
        first, second = (data.draw(st.sampled_from(("i0", "i1", "i2", "new"))) for _ in range(2))
        if data.draw(st.booleans()):
            by.merge(first, second)
        else:
            by.move([str(data.draw(st.integers(0, len(alerts) - 1)))], first)

    assert before == _counts(by)


@given(st.permutations(("alertname", "service", "pod", "severity", "node")))
def test_the_order_of_labels_does_not_matter(names: list[str]) -> None:
    """Label sets are sorted on their way in; a grouper fed in another order says the same."""
    values = {"alertname": "A", "service": "shop", "pod": "p-1", "severity": "critical", "node": "n-1"}
    made = tuple((name, values[name]) for name in names)
    mixed = [PastAlert(("m", str(number)), made, NOON + number * 9.0) for number in range(4)]
    ordered = [PastAlert(one.key, tuple(sorted(one.labels)), one.at) for one in mixed]

    assert ids(ordered) == ids(mixed)


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.floats(0.01, 1e4), st.floats(1e-7, 10))
def test_a_longer_silence_never_speaks_for_an_incident(one: float, other: float, pace: float, rate: float) -> None:
    """The odds fall with the gap and stay above 0."""
    shorter, longer = sorted((one, other))

    assert odds(shorter, pace, rate) >= odds(longer, pace, rate) > 0.0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=30))
def test_agreement_counts_every_pair(pairs: list[tuple[str, str]]) -> None:
    """As counting all pairs one by one does."""
    found, truth = [one for one, _ in pairs], [other for _, other in pairs]
    every = [(a, b) for a in range(len(pairs)) for b in range(a)]
    agreed = agreement(found, truth)

    assert sum(found[a] == found[b] for a, b in every) == agreed.found
    assert sum(truth[a] == truth[b] for a, b in every) == agreed.true
    assert sum(pairs[a] == pairs[b] for a, b in every) == agreed.both
    assert 0.0 <= compression(found) <= 1.0


@settings(max_examples=5, deadline=None)
@given(st.integers(10, 1000))
def test_memory_and_incidents_are_bounded(seed: int) -> None:
    """A long record leaves no more incidents in memory than are open or may reopen."""
    alerts, _ = faults(seed, count=60)
    by = grouper()
    ids(alerts, by)

    assert 10 > len(by._clusters)
    assert 1_000_000 > len(by.export())


@given(st.integers(1, 2000))
def test_an_incident_never_grows_beyond_its_bounds(number: int) -> None:
    """However many values its alerts have."""
    by = grouper()
    for each in range(number):
        by.join(candidate(alert(each, alertname="A", pod=f"pod-{each}"), str(each)), "one", NOON + each)
    cluster: Cluster = by._clusters["one"]

    assert number == cluster.count
    assert 512 >= len(cluster.tokens)
