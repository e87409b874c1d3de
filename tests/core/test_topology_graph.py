"""Who needs whom: edges from configuration, labels and traces, and how near that makes two services."""

from __future__ import annotations

from aiops_daemon.core.incidents.topology import Graph
from aiops_daemon.core.model.grouping import Dependency, TopologySpec

DAY = 86_400.0


def _graph(*pairs: tuple[str, str]) -> Graph:
    return Graph(TopologySpec(dependencies=tuple(Dependency(*pair) for pair in pairs)))


def test_an_edge_is_nearer_than_a_common_neighbour_and_no_edge_is_nothing() -> None:
    """Both directions count."""
    graph = _graph(("web", "api"), ("api", "db"))

    assert 1.0 == graph.nearness("web", "api") == graph.nearness("api", "web")
    assert 0.25 == graph.nearness("web", "db")
    assert 0.0 == graph.nearness("web", "unknown") == graph.nearness("web", "web")


def test_what_everybody_needs_brings_nobody_near() -> None:
    """Two callers of a hub with 16 callers are hardly near through it."""
    graph = _graph(*((f"s{number}", "hub") for number in range(16)))

    assert 0.1 == graph.nearness("s1", "s2")


def test_labels_that_name_both_ends_teach_an_edge() -> None:
    """By the pairs of the configuration; one label alone teaches nothing."""
    graph = _graph()
    graph.learn((("peer_service", "db"), ("service", "api")), 5.0)
    graph.learn((("service", "mail"),), 5.0)

    assert (Dependency("api", "db", "labels", 5.0),) == graph.dependencies


def test_seen_edges_fade_and_configured_ones_stay() -> None:
    """A week without a sighting ends an edge that was only seen."""
    graph = _graph(("web", "api"))
    graph.add(Dependency("api", "db", "trace", DAY))
    graph.add(Dependency("api", "cache", "trace", DAY))
    graph.add(Dependency("api", "cache", "trace", 6 * DAY))
    graph.forget(9 * DAY)

    assert {("web", "api"), ("api", "cache")} == {(edge.caller, edge.callee) for edge in graph.dependencies}
    assert 0.0 == graph.nearness("api", "db")


def test_what_is_configured_is_not_replaced_by_what_is_seen() -> None:
    """The edge keeps its origin."""
    graph = _graph(("web", "api"))
    graph.add(Dependency("web", "api", "trace", DAY))

    assert "config" == graph.dependencies[0].origin


def test_the_graph_is_bounded() -> None:
    """Labels that anybody may write cannot fill the memory."""
    graph = _graph()
    graph.take(Dependency(f"a{number}", "b", "labels", 1.0) for number in range(30_000))

    assert 20_000 == len(graph)


def test_a_service_is_not_its_own_neighbour() -> None:
    """Alerts that name one service at both ends teach nothing."""
    graph = _graph()
    graph.learn((("peer_service", "api"), ("service", "api")), 5.0)

    assert 0 == len(graph)
