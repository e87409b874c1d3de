"""Properties of routing trees: any tree that amtool accepts routes any alert as amtool says."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops_daemon.core.alertmanager.tree import read_tree
from aiops_daemon.core.model.labels import make

NAMES = ("a", "b", "c")
VALUES = ("x", "y", "xy", "", "x,y", 'q"q', "b\\s", "ä")
RECEIVERS = ("r0", "r1", "r2")

label_sets = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([value for value in VALUES if value]), max_size=3)


def _written(name: str, op: str, value: str, spaced: bool) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name} {op} "{escaped}"' if spaced else f'{name}{op}"{escaped}"'


equalities = st.builds(
    _written, st.sampled_from(NAMES), st.sampled_from(["=", "!="]), st.sampled_from(VALUES), st.booleans()
)
patterns = st.sampled_from(["x.*", "", "x|y", ".+", "[xy]+", "(?i)X"])
regexes = st.builds(_written, st.sampled_from(NAMES), st.sampled_from(["=~", "!~"]), patterns, st.booleans())
lines = st.one_of(
    equalities,
    regexes,
    st.builds("{{{},{}}}".format, equalities, regexes),
    st.sampled_from(["a=x", "b!~y+", "c=", " a = xy "]),
)


def _route(children: st.SearchStrategy[list[dict[str, Any]]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"matchers": st.lists(lines, max_size=2), "continue": st.booleans(), "routes": children},
        optional={
            "receiver": st.sampled_from(RECEIVERS),
            "match": st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=1),
            "match_re": st.dictionaries(st.sampled_from(NAMES), patterns, max_size=1),
            "group_by": st.lists(st.sampled_from(NAMES), unique=True, max_size=2),
        },
    )


routes = st.recursive(st.just([]), lambda below: st.lists(_route(below), max_size=3), max_leaves=6)


def _config(children: list[dict[str, Any]]) -> dict[str, Any]:
    return {"route": {"receiver": "r0", "routes": children}, "receivers": [{"name": name} for name in RECEIVERS]}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(children=routes, labels=label_sets)
def test_any_alert_goes_where_amtool_says(
    amtool: Path, tmp_path: Path, children: list[dict[str, Any]], labels: dict[str, str]
) -> None:
    """Receivers in the order of the tree."""
    config = _config(children)
    path = tmp_path / "alertmanager.yml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True))
    argv = [str(amtool), "config", "routes", "test", f"--config.file={path}"]
    argv += [_written(name, "=", value, False) for name, value in labels.items()]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = [route.receiver for route in read_tree(config).routes_of(make(labels))]

    assert (0, ",".join(found)) == (done.returncode, done.stdout.strip()), done.stderr


@settings(deadline=None)
@given(children=routes, labels=label_sets)
def test_some_route_takes_every_alert(children: list[dict[str, Any]], labels: dict[str, str]) -> None:
    """And each that does matches; the root only alone, or because it has no children."""
    tree = read_tree(_config(children))
    taken = tree.routes_of(make(labels))

    assert taken
    assert all(each.matches(labels) for route in taken for each in route.matchers)
    assert tree.root not in taken or (tree.root,) == taken
    assert len({route.place for route in taken}) == len(taken)
