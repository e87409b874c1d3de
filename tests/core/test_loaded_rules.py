"""Written rules against what servers have loaded: missing, older, failing, or as they should be."""

from __future__ import annotations

from dataclasses import replace

from rule_inputs import PLAIN

from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.posted import LoadedGroup, LoadedRule
from aiops_daemon.core.rules.document import RuleFile
from aiops_daemon.core.rules.generate import generate
from aiops_daemon.core.rules.loaded import file_states

FILES = generate(PLAIN, PLAIN.queries, PLAIN.slos)


def loaded(files: tuple[RuleFile, ...]) -> tuple[LoadedGroup, ...]:
    """Return the groups as a server has them that was reloaded, in an order of its own."""
    return tuple(
        LoadedGroup(
            group["name"],
            tuple(
                LoadedRule(rule.get("alert") or rule["record"], make(rule["labels"]), make(rule["annotations"]))
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
    """A changed label or annotation tells, although expressions are not compared."""
    old = generate(PLAIN, (replace(PLAIN.queries[0], severity="critical"), *PLAIN.queries[1:]), PLAIN.slos)
    first, *others = file_states(FILES, {"main": loaded(old)})

    assert not first.loaded
    assert "main has an older group aiops-anomalies: it was not reloaded since the file was written" == first.reason
    assert all(state.loaded for state in others)


def test_a_rule_that_fails_is_told_in_the_server_s_words() -> None:
    """It is loaded, and it is counted."""
    first, *others = loaded(FILES)
    broken = replace(first, rules=(replace(first.rules[0], error="many-to-many matching"), *first.rules[1:]))
    state = file_states(FILES, {"main": (broken, *others)})[-1]

    assert (True, 1) == (state.loaded, state.failing)
    assert state.reason.startswith("rule ")
    assert state.reason.endswith(f"of group {first.name} fails on main: many-to-many matching")
