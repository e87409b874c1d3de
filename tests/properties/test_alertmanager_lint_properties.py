"""Routing trees of any shape: what the lint says of them holds, and a snippet takes nothing from anybody."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.alertmanager.lint.checks import lint
from aiops_daemon.core.alertmanager.lint.model import Ours
from aiops_daemon.core.alertmanager.lint.routing import COPY_STOPS_ROOT, UNREACHABLE, contradictory, covers
from aiops_daemon.core.alertmanager.snippet import OWN_HEALTH, Mode, Wish, with_ours
from aiops_daemon.core.alertmanager.tree import Route, read_tree
from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.matcher import all_match, parse_all

NAMES, VALUES = ("alertname", "severity", "team"), ("a", "b", "Watchdog", "AiopsDaemonDown", "")
RECEIVERS = ("root", "one", "two")
matcher_texts = st.builds(
    "{}{}{}".format,
    st.sampled_from(NAMES),
    st.sampled_from(("=", "!=", "=~", "!~")),
    st.sampled_from(('"a"', '"b"', '""', '"a|b"', '".+"', '"Watchdog"')),
)
matchers = st.lists(matcher_texts, max_size=2)
labels = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES)).map(make)


def _route(children: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"matchers": matchers},
        optional={
            "receiver": st.sampled_from(RECEIVERS),
            "continue": st.booleans(),
            "group_by": st.sampled_from([[], ["team"], ["..."]]),
            "group_interval": st.sampled_from(["10s", "5m"]),
            "routes": st.lists(children, max_size=3),
        },
    )


routes = st.recursive(st.fixed_dictionaries({"matchers": matchers}), _route, max_leaves=6)
configs = st.builds(
    lambda children, group_by: {
        "route": {"receiver": "root", "group_by": group_by, "routes": children},
        "receivers": [{"name": name, "email_configs": [{}]} for name in RECEIVERS],
    },
    st.lists(routes, max_size=4),
    st.sampled_from([[], ["alertname"]]),
)
Told = list[tuple[str, tuple[str, ...], float, float, float]]


def told(config: dict[str, Any], alert: Labels) -> Told:
    """List whom an alert reaches, how it is grouped there, and how often it is told; this daemon aside."""
    found: tuple[Route, ...] = read_tree(config).routes_of(alert)
    return [
        (one.receiver, one.group_by, one.group_wait, one.group_interval, one.repeat_interval)
        for one in found
        if one.receiver != "aiops"
    ]


@given(configs, st.lists(labels, min_size=1, max_size=8))
def test_a_copy_takes_nothing_from_anybody(config: dict[str, Any], alerts: list[Labels]) -> None:
    """In shadow and bypass each alert reaches the same receivers as before, in the same groups, and us besides."""
    for mode in (Mode.SHADOW, Mode.BYPASS):
        after = with_ours(config, Wish(mode, "http://127.0.0.1:9641/webhooks/alertmanager"))
        for alert in alerts:
            name = dict(alert).get("alertname", "")
            ours = [one for one in read_tree(after).routes_of(alert) if one.receiver == "aiops"]

            assert told(config, alert) == told(after, alert)
            assert len(ours) == (mode is Mode.SHADOW or name not in ("Watchdog", "AiopsDaemonDown"))


@given(configs, st.lists(labels, min_size=1, max_size=8))
def test_live_takes_all_but_our_own_health(config: dict[str, Any], alerts: list[Labels]) -> None:
    """In live mode everything comes to us, and only alerts on ourselves go where they went before."""
    after = with_ours(config, Wish(Mode.LIVE, "http://127.0.0.1:9641/webhooks/alertmanager"))
    (about_us,) = parse_all(f'alertname=~"{OWN_HEALTH}"')

    for alert in alerts:
        assert "aiops" in {one.receiver for one in read_tree(after).routes_of(alert)}
        assert (told(config, alert) if about_us.matches(dict(alert)) else []) == told(after, alert)


@given(configs)
def test_what_a_snippet_prints_has_no_trap_of_its_own(config: dict[str, Any]) -> None:
    """The routes that are added are never told to stop the root, and never make another one unreachable."""
    before = [one.rule for one in lint(config, Ours()) if one.rule is UNREACHABLE]
    after = lint(with_ours(config, Wish(Mode.SHADOW, "http://127.0.0.1:9641/webhooks/alertmanager")), Ours())
    catch_all = any(not one["matchers"] and not one.get("continue") for one in config["route"]["routes"])

    assert COPY_STOPS_ROOT not in [one.rule for one in after]
    assert len([one for one in after if one.rule is UNREACHABLE]) <= len(before) + catch_all


@given(configs, st.lists(labels, min_size=1, max_size=12))
def test_an_unreachable_route_is_never_taken(config: dict[str, Any], alerts: list[Labels]) -> None:
    """No alert ends in a route that is called unreachable, or below it."""
    places = [one.place for one in lint(config, Ours()) if one.rule is UNREACHABLE]
    tree = read_tree(config)

    taken = [route.place for alert in alerts for route in tree.routes_of(alert)]
    assert [] == [place for place in taken if any(place == at or place.startswith(f"{at}.") for at in places)]


@given(matchers, matchers, labels)
def test_covering_and_contradicting_hold_for_every_alert(one: list[str], other: list[str], alert: Labels) -> None:
    """What is covered never matches alone; what contradicts itself never matches."""
    first, second = parse_all(",".join(one)), parse_all(",".join(other))

    if covers(first, second) and all_match(second, alert):
        assert all_match(first, alert)
    if contradictory(first):
        assert not all_match(first, alert)


KEYS = (
    *("route", "routes", "receivers", "receiver", "name", "matchers", "continue", "webhook_configs", "url"),
    *("inhibit_rules", "source_match", "equal", "global", "http_config", "time_intervals", "group_by", "max_alerts"),
)
documents = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.sampled_from(("aiops", "http://[/", "true")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(documents, documents, st.sampled_from(("route", "receiver", "webhook", "inhibit_rules", "global")))
def test_no_document_breaks_the_lint(document: object, other: object, where: str) -> None:
    """Whatever stands in a file, whole or in one place of a sound one, the lint answers with findings."""
    hook = document if where == "webhook" else {"url": "http://a/webhooks/alertmanager"}
    sound = {
        "route": document if where == "route" else {"receiver": "aiops", "routes": [{"receiver": "aiops"}]},
        "receivers": document if where == "receiver" else [{"name": "aiops", "webhook_configs": [hook]}],
        "inhibit_rules": [document, other] if where == "inhibit_rules" else [],
        "global": document if where == "global" else {"http_config": other},
    }
    for config in (sound, document if isinstance(document, dict) else {}):
        assert all(one.sentence and one.rule.remedy for one in lint(config, Ours()))
