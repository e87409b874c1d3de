"""Properties of the import: what an Alertmanager routed, this daemon routes, whatever the tree."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.config.load import Overrides, inspect_text
from aiops_daemon.config.show import write
from aiops_daemon.core.alertmanager.translate import translate
from aiops_daemon.core.alertmanager.tree import read_tree
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.response.routing import Router

NAMES = ("a", "b", "c")
VALUES = ("x", "y", "xy", 'q"q', "b\\s", "ä", "x,y")
RECEIVERS = ("r 0", "r/0", "r1")

label_sets = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=3)
patterns = st.sampled_from(["x.*", "x|y", ".+", "[xy]+"])


def _quoted(name: str, op: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}{op}"{escaped}"'


matchers = st.one_of(
    st.builds(_quoted, st.sampled_from(NAMES), st.sampled_from(("=", "!=")), st.sampled_from(VALUES)),
    st.builds(_quoted, st.sampled_from(NAMES), st.sampled_from(("=~", "!~")), patterns),
)


def _nodes(children: st.SearchStrategy[list[dict[str, Any]]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"matchers": st.lists(matchers, max_size=2), "continue": st.booleans(), "routes": children},
        optional={
            "receiver": st.sampled_from(RECEIVERS),
            "match": st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=1),
            "match_re": st.dictionaries(st.sampled_from(NAMES), patterns, max_size=1),
        },
    )


trees = st.recursive(st.just([]), lambda below: st.lists(_nodes(below), max_size=3), max_leaves=6)


@settings(max_examples=60, deadline=None)
@given(children=trees, labels=st.lists(label_sets, min_size=1, max_size=5))
def test_what_was_routed_there_is_routed_here(children: list[dict[str, Any]], labels: list[dict[str, str]]) -> None:
    """The sections load, and every alert goes to the receivers that it went to, in their order."""
    config = {"route": {"receiver": "r1", "routes": children}, "receivers": [{"name": name} for name in RECEIVERS]}
    found = inspect_text(write(translate(config, frozenset()).values), overrides=Overrides(("http://localhost",)))
    here = dict(zip(RECEIVERS, ("r-0", "r-0-2", "r1"), strict=True))

    assert () == found.faults
    assert found.loaded is not None
    assert found.loaded.settings.route is not None
    router, theirs = Router(found.loaded.settings.route), read_tree(config)
    for each in labels:
        alert = make(each)
        assert [here[route.receiver] for route in theirs.routes_of(alert)] == [
            one.route.receiver for one in router.match(alert, alert)
        ]
