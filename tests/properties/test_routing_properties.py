"""Properties of routes: what this daemon routes is what an Alertmanager with the same tree routes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.alertmanager.tree import read_tree
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.matcher import parse_all
from aiops_daemon.core.model.route import RouteSpec
from aiops_daemon.core.response.routing import Router, made, tracks, walk

NAMES = ("severity", "team", "c")
VALUES = ("x", "y", "xy")

label_sets = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=3)
matchers = st.builds(
    "{}{}".format, st.sampled_from(NAMES), st.sampled_from(('="x"', '!="x"', '=~"x.*"', '!~"x|y"', '=""', '=~".*"'))
)


def _nodes(children: st.SearchStrategy[list[dict[str, Any]]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"matchers": st.lists(matchers, max_size=2), "continue": st.booleans(), "routes": children}
    )


trees = st.recursive(st.just([]), lambda below: st.lists(_nodes(below), max_size=3), max_leaves=8)


def ours(node: dict[str, Any], path: str = "route") -> RouteSpec:
    """Make the same tree of ours; every route has a receiver of its own."""
    return RouteSpec(
        path=path,
        matchers=tuple(each for text in node.get("matchers", ()) for each in parse_all(text)),
        continues=node.get("continue", False),
        receiver=path,
        routes=tuple(ours(child, f"{path}.routes[{index}]") for index, child in enumerate(node["routes"])),
    )


@settings(deadline=None)
@given(children=trees, labels=label_sets)
def test_the_same_routes_as_alertmanager(children: list[dict[str, Any]], labels: dict[str, str]) -> None:
    """Place by place, when we made nothing of the labels; asked twice, the answer is the same."""
    theirs = read_tree({"route": {"receiver": "r", "routes": children}, "receivers": [{"name": "r"}]})
    router = Router(ours({"routes": children}))
    expected = [route.place for route in theirs.routes_of(make(labels))]

    for _ in range(2):
        assert expected == [each.route.path for each in router.match(make(labels), make(labels))]


@settings(deadline=None)
@given(children=trees, labels=label_sets, severity=st.sampled_from(VALUES), others=st.lists(label_sets, max_size=4))
def test_every_alert_is_taken_and_for_a_reason(
    children: list[dict[str, Any]], labels: dict[str, str], severity: str, others: list[dict[str, str]]
) -> None:
    """All matchers of every route hold for one of the two label sets; what was asked before does not matter."""
    root = ours({"routes": children})
    router = Router(root)
    for other in others:
        router.match(make(other), make(other))
    also = made(make(labels), severity=severity)
    found = router.match(make(labels), also)

    assert found
    assert found == Router(root).match(make(labels), also)
    for each in found:
        assert any(all(one.matches(dict(known)) for one in each.route.matchers) for known in (make(labels), also))
        assert each.why.startswith(f"{each.route.path}: ")
    assert {each.route.path for each in found} <= {route.path for route in walk(root)}


@given(children=trees, labels=label_sets)
def test_policies_are_named_once(children: list[dict[str, Any]], labels: dict[str, str]) -> None:
    """Each receiver of a route that matched is one policy, in the order of the tree."""
    found = Router(ours({"routes": children})).match(make(labels), ())

    assert [f"receiver/{each.route.receiver}" for each in found] == [track.name for track in tracks(found, ())]
