"""Routing trees: inheritance, matching, time, and the place in every error; amtool has the last word on matching."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops_daemon.core.alertmanager.tree import Route, RoutingTree, read_tree
from aiops_daemon.core.model.labels import make

CONFIG: dict[str, Any] = {
    "route": {
        "receiver": "root",
        "group_by": ["alertname", "cluster"],
        "group_wait": "10s",
        "repeat_interval": "3h",
        "routes": [
            {"receiver": "copy", "matchers": ['copy="yes"'], "continue": True, "group_by": []},
            {
                "receiver": "shop",
                "match": {"team": "shop"},
                "match_re": {"severity": "critical|warning"},
                "group_by": ["..."],
                "group_interval": "1m30s",
                "mute_time_intervals": ["nights"],
                "routes": [
                    {"receiver": "dba", "matchers": ['{service=~"db-.*",env!="test"}'], "continue": True},
                    {"matchers": ["service!~db-.*"], "active_time_intervals": ["work"]},
                    {"receiver": "late", "matchers": ['service="db-1"', "tier = gold"]},
                ],
            },
        ],
    },
    "receivers": [{"name": name, "webhook_configs": []} for name in ("root", "copy", "shop", "dba", "late")],
    "mute_time_intervals": [
        {"name": "nights", "time_intervals": [{"times": [{"start_time": "22:00", "end_time": "24:00"}]}]}
    ],
    "time_intervals": [
        {
            "name": "work",
            "time_intervals": [
                {"weekdays": ["monday:friday"], "months": ["1:3", 12], "location": "Europe/Berlin", "years": [2026]}
            ],
        }
    ],
}

LABEL_SETS = [
    {},
    {"copy": "yes"},
    {"copy": "yes", "team": "shop", "severity": "critical"},
    {"team": "shop"},
    {"team": "shop", "severity": "warning"},
    {"team": "shop", "severity": "critical", "service": "db-1"},
    {"team": "shop", "severity": "critical", "service": "db-1", "tier": "gold"},
    {"team": "shop", "severity": "critical", "service": "db-1", "env": "test"},
    {"team": "shop", "severity": "critical", "service": "web", "copy": "yes"},
]


def at(place: str, tree: RoutingTree) -> Route:
    """Find one route."""
    return next(route for route in tree.root.walk() if route.place == place)


def amtool_routes(amtool: Path, folder: Path, config: dict[str, Any], labels: dict[str, str]) -> list[str]:
    """Ask amtool which receivers get an alert."""
    path = folder / "alertmanager.yml"
    path.write_text(yaml.safe_dump(config))
    argv = [str(amtool), "config", "routes", "test", f"--config.file={path}"]
    done = subprocess.run([*argv, *(f"{k}={v}" for k, v in labels.items())], capture_output=True, text=True, check=True)
    return done.stdout.strip().split(",")


@pytest.mark.parametrize("labels", LABEL_SETS, ids=str)
def test_routes_are_those_that_amtool_finds(amtool: Path, tmp_path: Path, labels: dict[str, str]) -> None:
    """In the order of the tree, the root only when no child takes the alert."""
    found = [route.receiver for route in read_tree(CONFIG).routes_of(make(labels))]

    assert amtool_routes(amtool, tmp_path, CONFIG, labels) == found


def test_what_a_route_does_not_say_it_inherits() -> None:
    """Defaults are Alertmanager's; an empty group_by inherits too."""
    tree = read_tree(CONFIG)
    copy, shop, plain = (at(f"route.{place}", tree) for place in ("routes[0]", "routes[1]", "routes[1].routes[1]"))

    assert ("alertname", "cluster") == copy.group_by
    assert (10.0, 300.0, 10800.0) == (copy.group_wait, copy.group_interval, copy.repeat_interval)
    assert (("...",), 90.0) == (shop.group_by, shop.group_interval)
    assert ("shop", ("...",), 90.0) == (plain.receiver, plain.group_by, plain.group_interval)


def test_defaults_are_alertmanagers() -> None:
    """30 s, 5 m, 4 h."""
    root = read_tree({"route": {"receiver": "r"}, "receivers": [{"name": "r"}]}).root

    assert (30.0, 300.0, 14400.0, ()) == (root.group_wait, root.group_interval, root.repeat_interval, root.group_by)


def test_time_intervals_are_not_inherited() -> None:
    """A child of a muted route is not muted by it, as in Alertmanager."""
    tree = read_tree(CONFIG)

    assert () == at("route.routes[1].routes[0]", tree).mute_time_intervals
    assert () == at("route.routes[1].routes[1]", tree).mute_time_intervals


@pytest.mark.parametrize(
    ("place", "when", "muted"),
    [
        ("route", "2026-01-12T22:30", False),
        ("route.routes[1]", "2026-01-12T22:30", True),
        ("route.routes[1]", "2026-01-12T21:59", False),
        ("route.routes[1].routes[1]", "2026-01-12T10:00", False),  # a Monday
        ("route.routes[1].routes[1]", "2026-01-11T10:00", True),  # a Sunday
        ("route.routes[1].routes[1]", "2026-01-11T23:30", False),  # Monday in Berlin
        ("route.routes[1].routes[1]", "2026-05-11T10:00", True),
    ],
)
def test_a_route_is_muted_inside_muted_and_outside_active_times(place: str, when: str, muted: bool) -> None:
    """0.25 shows such alerts as active."""
    tree = read_tree(CONFIG)

    assert muted is tree.time_muted(at(place, tree), datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp())


def test_routes_to_one_receiver() -> None:
    """With what its labels match, through whichever routes."""
    labels = make({"copy": "yes", "team": "shop", "severity": "critical", "service": "web"})

    assert ["route.routes[0]"] == [route.place for route in read_tree(CONFIG).routes_to("copy", labels)]
    assert () == read_tree(CONFIG).routes_to("dba", labels)


def test_raw_receivers_and_nodes_are_kept_and_not_shown() -> None:
    """Lint reads them; a repr in a log must not."""
    config = {"route": {"receiver": "r"}, "receivers": [{"name": "r", "webhook_configs": [{"url": "http://s3cret"}]}]}
    tree = read_tree(config)

    assert [{"url": "http://s3cret"}] == tree.receivers["r"]["webhook_configs"]
    assert {"receiver": "r"} == tree.root.own
    assert "s3cret" not in repr(tree)


def test_values_may_all_be_words() -> None:
    """A YAML reader that resolves no types gives the same tree."""
    read = yaml.load(yaml.safe_dump(CONFIG), Loader=yaml.BaseLoader)

    assert read_tree(CONFIG) == read_tree(read)


RECEIVERS = [{"name": "r"}]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "route: there is none"),
        ({"route": []}, "route: must be a mapping"),
        ({"route": {"group_by": ["a"]}}, "route.receiver: the root route must name a receiver"),
        ({"route": {"receiver": "x"}}, "route.receiver: no receiver is called 'x'"),
        ({"route": {"receiver": "r", "match": {"a": "b"}}}, "route.match: the root route must not have any"),
        ({"route": {"receiver": "r", "continue": True}}, "route.continue: the root route must not have it"),
        ({"route": {"receiver": "r", "group_wait": "5 minutes"}}, "route.group_wait: no duration"),
        ({"route": {"receiver": "r", "group_interval": "0s"}}, "route.group_interval: must be more than zero"),
        ({"route": {"receiver": "r", "group_by": ["a", "a"]}}, "route.group_by: a label stands in it twice"),
        ({"route": {"receiver": "r", "group_by": ["a", "..."]}}, "route.group_by: '...' must stand alone"),
        ({"route": {"receiver": "r", "routes": {"a": 1}}}, "route.routes: must be a list"),
        ({"route": {"receiver": "r", "routes": [{"matchers": ["a"]}]}}, r"route.routes\[0\].matchers\[0\]: 'a' is no"),
        ({"route": {"receiver": "r", "routes": [{"match_re": {"a": "("}}]}}, r"route.routes\[0\].match_re.a: '\('"),
        ({"route": {"receiver": "r", "routes": [{"continue": "maybe"}]}}, "continue: must be true or false"),
        ({"route": {"receiver": "r", "routes": [{"receiver": ["a"]}]}}, r"routes\[0\].receiver: must be text"),
        (
            {"route": {"receiver": "r", "routes": [{"mute_time_intervals": ["x"]}]}},
            r"route.routes\[0\]: no time interval is called 'x'",
        ),
        ({"time_intervals": [{"time_intervals": []}]}, r"time_intervals\[0\].name: a time interval must have a name"),
        ({"time_intervals": [{"name": "a"}, {"name": "a"}]}, r"time_intervals\[1\].name: two time intervals"),
        (
            {"time_intervals": [{"name": "a", "time_intervals": [{"location": "Mars"}]}]},
            r"time_intervals\[0\].time_intervals\[0\].location: 'Mars' is no time zone known here",
        ),
        (
            {"time_intervals": [{"name": "a", "time_intervals": [{"weekdays": ["someday"]}]}]},
            r"time_intervals\[0\].time_intervals\[0\].weekdays: is no name of a weekday",
        ),
        (
            {"time_intervals": [{"name": "a", "time_intervals": [{"times": [{"start_time": "9"}]}]}]},
            r"time_intervals\[0\].time_intervals\[0\].times: is no time of day",
        ),
    ],
)
def test_an_error_names_its_place(config: dict[str, Any], words: str) -> None:
    """What Alertmanager refuses, and what cannot be understood."""
    with pytest.raises(ValueError, match=words):
        read_tree({"receivers": RECEIVERS, **config})


def test_every_receiver_has_a_name_of_its_own() -> None:
    """Two of one name would hide one."""
    with pytest.raises(ValueError, match=r"receivers\[1\].name"):
        read_tree({"route": {"receiver": "r"}, "receivers": [*RECEIVERS, *RECEIVERS]})


def test_a_route_inside_itself_is_an_error() -> None:
    """YAML anchors can say so."""
    route: dict[str, Any] = {"receiver": "r"}
    route["routes"] = [{"receiver": "r", "routes": route.setdefault("routes", [])}]
    route["routes"][0]["routes"] = route["routes"]

    with pytest.raises(ValueError, match="nested too deeply"):
        read_tree({"route": route, "receivers": RECEIVERS})
