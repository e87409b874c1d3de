"""What grouping knows of incidents goes with them, however many alerts they had."""

from __future__ import annotations

from grouping_world import NOON, alert, candidate, feed, grouper


def test_an_incident_of_very_many_values_is_forgotten_whole() -> None:
    """Closed and forgotten, it leaves nothing behind that an alert could be held against."""
    by = grouper()
    feed(by, [alert(number, alertname="A", service="checkout", pod=f"p{number}") for number in range(600)], "one")
    by.close("one", NOON + 600)
    by.forget(NOON + 601)

    assert {} == by._index._by_token
    assert {} == by._episodes


def test_a_closed_incident_stands_in_nobodys_way() -> None:
    """An alert that would have fitted it goes to the open one that fits too."""
    by = grouper()
    old = [alert(number / 10, alertname="A", service="checkout", pod=f"p{number}") for number in range(600)]
    feed(by, old, "one")
    by.close("one", NOON + 61)
    feed(by, [alert(70, alertname="B", service="checkout")], "two")
    placement = by.place(candidate(alert(75, alertname="A", service="checkout", pod="p599")), NOON + 75)

    assert placement.incident in ("", "two")
    assert "one" not in [judgement.incident for judgement in placement.refused]


def test_what_was_split_off_leaves_its_values() -> None:
    """An incident is found by the values of the alerts that stayed."""
    by = grouper()
    feed(by, [alert(0, alertname="A", service="checkout"), alert(1, alertname="B", service="mail")], "one")
    moved = [uid for uid, (traits, _) in by._episodes.items() if any("mail" in token for token in traits.tokens)]
    by.move(moved, "two")
    mail = [uids for table in by._index._by_token.values() for token, uids in table.items() if "mail" in token]

    assert mail
    assert all([cluster.uid for cluster in found] == ["two"] for found in mail)
