"""Rules on Alertmanager configurations near to hand: what is assumed, what is left alone, what a probe says."""

from __future__ import annotations

from typing import Any

import pytest

from aiops_daemon.core.alertmanager.lint.checks import lint, our_urls
from aiops_daemon.core.alertmanager.lint.model import Ours, Weight
from aiops_daemon.core.alertmanager.lint.probed import ELSEWHERE, REDIRECTS, SILENT, judge
from aiops_daemon.core.alertmanager.lint.routing import contradictory, covers
from aiops_daemon.core.alertmanager.snippet import Mode, Wish, with_ours
from aiops_daemon.core.model.alertmanager import WatchdogSpec
from aiops_daemon.core.model.matcher import parse, parse_all

HOOK = {"url": "http://[::1]:9641/webhooks/alertmanager", "http_config": {"follow_redirects": "no"}}
OURS = {"name": "aiops", "webhook_configs": [HOOK]}
SOON = {"receiver": "aiops", "group_interval": "30s", "repeat_interval": "5m"}
STOCK: dict[str, Any] = {
    "inhibit_rules": [
        {
            "equal": ["namespace", "alertname"],
            "source_matchers": ["severity = critical"],
            "target_matchers": ["severity =~ warning|info"],
        },
        {
            "equal": ["namespace"],
            "source_matchers": ["alertname = InfoInhibitor"],
            "target_matchers": ["severity = info"],
        },
        {"target_matchers": ["alertname = InfoInhibitor"]},
    ],
    "receivers": [{"name": "null"}],
    "route": {
        "group_by": ["namespace"],
        "receiver": "null",
        "routes": [{"matchers": ['alertname = "Watchdog"'], "receiver": "null"}],
    },
}
"""What kube-prometheus-stack installs."""


def rules(config: dict[str, Any], ours: Ours | None = None) -> list[str]:
    """Name the rules that a configuration breaks."""
    return [found.rule.name for found in lint(config, ours or Ours())]


def test_a_stock_configuration_has_no_error() -> None:
    """What kube-prometheus-stack installs is warned of, and nothing is said of alerts on a daemon that is not there."""
    found = lint(STOCK, Ours())

    assert ["not-connected", "inhibit-equal-loose", "inhibit-equal-loose"] == [one.rule.name for one in found]
    assert {Weight.WARNING} == {one.rule.weight for one in found}


def test_a_shadow_of_it_tells_what_nobody_would_hear() -> None:
    """With the null receiver and us alone, nobody hears that we are down."""
    shadow = with_ours(STOCK, Wish(Mode.SHADOW, "http://127.0.0.1:9641/webhooks/alertmanager"))

    assert "own-health" in rules(shadow)
    assert "watchdog-lost" not in rules(shadow)


def test_a_receiver_that_is_there_is_used_as_it_is() -> None:
    """A receiver of our name without routes gets routes, and is not written again."""
    after = with_ours({**STOCK, "receivers": [{"name": "null"}, OURS]}, Wish(Mode.SHADOW, "http://x"))

    assert [{"name": "null"}, OURS] == after["receivers"]


def test_each_expected_watchdog_is_looked_up_by_its_labels() -> None:
    """One cluster's watchdog comes soon enough, the other's does not, a third one's goes elsewhere."""
    config = {
        "receivers": [OURS, {"name": "chat", "email_configs": [{}]}],
        "route": {
            "receiver": "chat",
            "routes": [
                {**SOON, "matchers": ['cluster="a"']},
                {**SOON, "matchers": ['cluster="b"'], "repeat_interval": "5m30s"},
            ],
        },
    }
    clusters = tuple((("cluster", name),) for name in "abc")
    watchdog = WatchdogSpec((parse('alertname="Watchdog"'), parse('tier=~".+"')), 360.0, clusters)
    found = lint(config, Ours(watchdogs=(watchdog,)))

    told = [(one.rule.name, one.sentence) for one in found if one.rule.name.startswith("watchdog")]
    assert [
        ("watchdog-deadline", "Watchdog may come only every 390s, and is expected within 6m"),
        ("watchdog-lost", "Watchdog goes to 'chat'"),
    ] == told


@pytest.mark.parametrize(
    ("host", "leaves"),
    [
        ("localhost", False),
        ("127.8.0.1", False),
        ("[::1]", False),
        ("10.0.0.1", True),
        ("[2001:db8::1]", True),
        ("aiops.svc", True),
        ("127.0.0.1.example.org", True),
        ("ann:secret@localhost", False),
    ],
)
def test_loopback_needs_no_tls(host: str, leaves: bool) -> None:
    """Only what leaves the machine is said to cross a network."""
    hook = {**HOOK, "url": f"http://{host}:9641/webhooks/alertmanager"}
    config = {"receivers": [{"name": "aiops", "webhook_configs": [hook]}], "route": {"receiver": "aiops"}}

    assert leaves == ("plain-http" in rules(config))
    assert leaves == ("no-credentials" in rules(config))


def test_all_undefined_receivers_are_told_beside_the_rest() -> None:
    """A missing receiver does not hide other traps, and nothing is said that only follows from it."""
    config = {
        "receivers": [{**OURS, "webhook_configs": [{**HOOK, "max_alerts": "5"}]}],
        "route": {"receiver": "chat", "routes": [{**SOON, "continue": "true"}, {"receiver": "pager"}]},
    }

    assert ["receiver-undefined", "receiver-undefined", "max-alerts"] == rules(config)


def test_urls_to_probe_are_those_of_our_webhooks() -> None:
    """A probe asks nobody else, and nobody at all where the configuration cannot be read."""
    config = {
        "receivers": [OURS, {"name": "chat", "webhook_configs": [{"url": "http://chat"}]}],
        "route": {"receiver": "aiops"},
    }

    assert (("receivers[0].webhook_configs[0].url", HOOK["url"]),) == our_urls(config, Ours())
    assert () == our_urls({"receivers": [OURS]}, Ours())


@pytest.mark.parametrize(
    ("status", "rule"),
    [(None, SILENT), (301, REDIRECTS), (302, REDIRECTS), (308, REDIRECTS), (404, ELSEWHERE), (200, None), (405, None)],
)
def test_an_answer_is_judged_by_its_status(status: int | None, rule: object) -> None:
    """Redirects, a 404 and silence are told; everything else this daemon could answer."""
    found = judge("here", status)

    assert rule == (found.rule if found else None)


@pytest.mark.parametrize(
    ("earlier", "later", "covered"),
    [
        ("", 'a="1"', True),
        ('a="1"', 'a="1",b="2"', True),
        ('a=~"1|2"', 'a="1"', True),
        ('a!="2"', 'a="1"', True),
        ('a="1"', 'a=~"1|2"', False),
        ('a="1"', "", False),
        ('a=~"1|2"', 'a=~"1"', False),
    ],
)
def test_a_route_covers_what_surely_matches_it(earlier: str, later: str, covered: bool) -> None:
    """Equal matchers and equalities that a pattern takes are seen; containment of patterns is not guessed."""
    assert covered == covers(parse_all(earlier), parse_all(later))


@pytest.mark.parametrize(
    ("text", "never"),
    [('a="1",a="2"', True), ('a="1",a!~"1|2"', True), ('a="1",a=~".+"', False), ('a=~"1",a=~"2"', False), ("", False)],
)
def test_matchers_contradict_only_where_an_equality_shows_it(text: str, never: bool) -> None:
    """Two patterns are never said to exclude each other."""
    assert never == contradictory(parse_all(text))
