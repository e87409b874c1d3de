"""Whatever an SLO is called and measured by: its rules are rules, and silent while all is well.

promtool judges many SLOs in one run, for starting it takes longer than judging.
"""

import subprocess
import tempfile
from pathlib import Path

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.labels import legacy_name, make
from aiops_daemon.core.model.selector import LabelMatch, Selector
from aiops_daemon.core.model.settings import RulesSpec
from aiops_daemon.core.model.sli import (
    BoolGaugeSli,
    Comparison,
    EventsSli,
    LatencySli,
    NativeLatencySli,
    RatioSli,
    RawSli,
    Sli,
    ThresholdSli,
)
from aiops_daemon.core.model.slo import Budgeting, BudgetSpec, Calendar, CalendarUnit, Rolling, SloSpec
from aiops_daemon.core.rules.slo.files import slo_files
from aiops_daemon.core.rules.slo.shape import at
from aiops_daemon.edges.rulefiles.render import render

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text("{}\"\\`%$\n'# .a", max_size=30)
words = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
selectors = st.builds(
    lambda metric, label, value: str(Selector(metric, (LabelMatch(label, "=", value),))), words, words, texts
)
bounds = st.floats(0.001, 1e6)
few = settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a smaller example is not worth minutes of promtool
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def slis(draw: st.DrawFn) -> Sli:
    """Draw an indicator of any kind."""
    one, other = draw(selectors), draw(selectors)
    kinds: list[Sli] = [
        EventsSli(one, bad=other),
        EventsSli(one, good=other),
        RatioSli(f"sum(rate({one}[{{{{.window}}}}]))", bad=f"sum(rate({other}[{{{{.window}}}}])) # {draw(words)}"),
        LatencySli(one, other, draw(bounds)),
        NativeLatencySli(one, draw(bounds)),
        BoolGaugeSli(one),
        RawSli(good=one),
        ThresholdSli(one, draw(st.sampled_from(list(Comparison))), draw(st.floats(-1e6, 1e6))),
    ]
    return draw(st.sampled_from(kinds))


@st.composite
def specs(draw: st.DrawFn) -> SloSpec:
    """Draw an SLO with hostile names and labels."""
    rolling = st.builds(Rolling, st.sampled_from([3600.0, 86_400.0, 604_800.0, 2_592_000.0, 7_776_000.0]))
    calendar = st.builds(Calendar, st.sampled_from(list(CalendarUnit)), st.sampled_from(["UTC", "Asia/Kolkata"]))
    method = draw(st.sampled_from(list(Budgeting)))
    labels = draw(st.dictionaries(words, texts.filter(bool), max_size=2))
    return SloSpec(
        name=draw(texts.filter(bool)),
        sli=draw(slis()),
        objective_ratio=draw(st.sampled_from([0.5, 0.9, 0.99, 0.999, 0.99999])),
        window=draw(rolling | calendar),
        labels=make(labels),
        grouping=tuple(sorted(draw(st.sets(words, max_size=2)) - labels.keys())),
        budget=BudgetSpec(method, draw(st.sampled_from([60.0, 300.0, 3600.0])), 0.95),
        description=draw(texts),
    )


@few
@given(st.lists(specs(), min_size=8, max_size=12, unique_by=lambda spec: spec.name), st.booleans())
def test_promtool_accepts_the_rules_of_any_slo(promtool: Path, slos: list[SloSpec], like_sloth: bool) -> None:
    """Under our names and under Sloth's."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for file in slo_files(slos, RulesSpec(labels=(("note", "{{"),)), like_sloth=like_sloth, version="1"):
            paths.append(Path(folder) / file.file_name)
            paths[-1].write_text(render(file.document))
        done = subprocess.run([promtool, "check", "rules", *paths], capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stdout + done.stderr


@few
@given(st.lists(specs(), min_size=3, max_size=4, unique_by=lambda spec: spec.name))
def test_perfect_traffic_is_silent(promtool: Path, slos: list[SloSpec]) -> None:
    """The first test of every generated file, for three hours with a counter reset."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tests").mkdir()
        paths = []
        for file in slo_files(slos, RulesSpec()):
            (Path(folder) / file.file_name).write_text(render(file.document))
            paths.append(Path(folder) / file.test_name)
            paths[-1].write_text(render(file.test_document | {"tests": file.test_document["tests"][:1]}))
        done = subprocess.run([promtool, "test", "rules", *paths], capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stdout + done.stderr


@settings(max_examples=25, deadline=None)
@given(specs())
def test_documents_survive_yaml_and_groups_keep_within_the_lookback(spec: SloSpec) -> None:
    """What is rendered reads back equal; every record carries the labels of its SLO."""
    (file,) = slo_files([spec], RulesSpec())

    assert file.document == yaml.safe_load(render(file.document))
    assert file.test_document == yaml.safe_load(render(file.test_document))
    records = [rule for group in file.document["groups"] for rule in group["rules"] if "record" in rule]
    assert {spec.name} == {rule["labels"]["aiops_slo"] for rule in records}
    assert all(rule["labels"][legacy_name(name)] == value for rule in records for name, value in spec.labels)


@given(texts)
def test_what_is_put_into_parentheses_has_no_comment(text: str) -> None:
    """A comment would swallow the bracket that closes; a `#` in a text stays."""
    selector = str(Selector("x", (LabelMatch("a", "=", text),)))

    assert selector == at(f"{selector} # )", "5m")
