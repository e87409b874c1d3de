"""Written rules against what servers have loaded: missing, older, failing, or as they should be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rule_inputs import BOOKS, PLAIN

from aiops_daemon.core.model.durations import parse_duration
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.posted import LoadedGroup, LoadedRule
from aiops_daemon.core.promql.parser import parse
from aiops_daemon.core.promql.writing import write
from aiops_daemon.core.rules.document import RuleFile
from aiops_daemon.core.rules.generate import generate
from aiops_daemon.core.rules.loaded import Readings, file_states

FILES = generate(PLAIN, PLAIN.queries, PLAIN.slos)


def loaded(files: tuple[RuleFile, ...]) -> tuple[LoadedGroup, ...]:
    """Return the groups as a server has them that was reloaded, in an order of its own."""
    return tuple(
        LoadedGroup(
            group["name"],
            tuple(
                LoadedRule(
                    rule.get("alert") or rule["record"],
                    make(rule.get("labels", {})),
                    make(rule.get("annotations", {})),
                    expr=write(parse(rule["expr"])),
                    hold=parse_duration(rule["for"]) if "for" in rule else 0.0,
                )
                for rule in reversed(group["rules"])
            ),
        )
        for file in reversed(files)
        for group in file.document["groups"]
    )


def test_what_is_loaded_as_written_has_no_reason() -> None:
    """One source is enough, whatever the others have."""
    states = file_states(FILES, {"other": (), "main": loaded(FILES)})

    assert [True] * len(FILES) == [state.loaded for state in states]
    assert {""} == {state.reason for state in states}


def test_a_file_that_no_source_has_is_named_with_the_sources() -> None:
    """So that one knows whose rule_files to look into."""
    first, *_ = file_states(FILES, {"eu1": loaded(FILES[1:]), "eu2": ()})

    assert ("aiops-anomalies.yaml", False, 0) == (first.file, first.loaded, first.failing)
    assert "no source has loaded it: is it among the rule_files of eu1 or of eu2?" == first.reason


def test_a_server_that_was_not_reloaded_has_an_older_group() -> None:
    """A changed label or annotation tells."""
    old = generate(PLAIN, (replace(PLAIN.queries[0], severity="critical"), *PLAIN.queries[1:]), PLAIN.slos)
    first, *others = file_states(FILES, {"main": loaded(old)})

    assert not first.loaded
    assert "main has an older group aiops-anomalies: it was not reloaded since the file was written" == first.reason
    assert all(state.loaded for state in others)


def changed(expr: str | None, hold: float | None) -> tuple[LoadedGroup, ...]:
    """Return the groups with another first rule of the first file; an `expr` of None stays."""
    *others, first = loaded(FILES)
    *rest, rule = first.rules
    other = replace(rule, expr=rule.expr if expr is None else expr, hold=hold)
    return (*others, replace(first, rules=(*rest, other)))


@pytest.mark.parametrize(("expr", "hold"), [("aiops_anomaly > 0.4", None), (None, 7.0)], ids=["expression", "for"])
def test_an_old_threshold_under_the_same_name_is_not_loaded(expr: str | None, hold: float | None) -> None:
    """Names, labels and annotations may all be the same, and the alert another one."""
    first, *others = file_states(FILES, {"main": changed(expr, hold)})

    name = FILES[0].document["groups"][0]["rules"][0]["alert"]
    assert first.reason.endswith(f"since the file was written (other expression or `for`: {name})")
    assert (False, True) == (first.loaded, all(state.loaded for state in others))


def test_matchers_may_stand_in_another_order() -> None:
    """Prometheus sorts them, and writes numbers and groupings in its own way."""
    readings = Readings()
    for _ in range(2):
        assert readings('max by(a) (x{b="2",a="1"}) > 5e-1') == readings('max(x{a="1", b="2"}) by (a) > 0.5')
        readings.next_round()

    assert readings('x{a="1"}') != readings('x{a="2"}')


@pytest.mark.parametrize("expr", ["", "histogram_share(0.9, x) keep_metric_names"])
def test_what_a_server_does_not_say_in_promql_is_not_held_against_it(expr: str) -> None:
    """vmalert has a language of its own, and others do not show what they evaluate."""
    assert all(state.loaded for state in file_states(FILES, {"main": changed(expr, None)}))


def test_bands_belong_to_one_server() -> None:
    """Another one would hold its own series against them, so having them there is no loading."""
    bands = next(file for file in generate(PLAIN, PLAIN.queries, PLAIN.slos, BOOKS) if file.source == "main")
    have = loaded((bands,))

    (right,) = file_states([bands], {"other": (), "main": have})
    (wrong,) = file_states([bands], {"other": have, "main": ()})
    assert (True, "") == (right.loaded, right.reason)
    assert (False, "other has loaded it, and it belongs to main alone") == (wrong.loaded, wrong.reason)
    assert () == file_states([bands], {"other": have})


def test_a_rule_that_fails_is_told_in_the_server_s_words() -> None:
    """It is loaded, and it is counted."""
    first, *others = loaded(FILES)
    broken = replace(first, rules=(replace(first.rules[0], error="many-to-many matching"), *first.rules[1:]))
    state = file_states(FILES, {"main": (broken, *others)})[-1]

    assert (True, 1) == (state.loaded, state.failing)
    assert state.reason.startswith("rule ")
    assert state.reason.endswith(f"of group {first.name} fails on main: many-to-many matching")
