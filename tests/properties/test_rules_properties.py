"""Whatever users call their things, rules stay rules: no text becomes PromQL or a template."""

import ast
import re

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.alertmanager import HeartbeatSpec
from aiops_daemon.core.model.query import QuerySpec, Threshold
from aiops_daemon.core.model.selector import quote
from aiops_daemon.core.model.settings import RulesSpec, Settings
from aiops_daemon.core.rules.alerthealth import alert_road_alerts
from aiops_daemon.core.rules.expression import selector
from aiops_daemon.core.rules.generate import generate
from aiops_daemon.core.rules.template import words
from aiops_daemon.edges.rulefiles.render import render

few = settings(max_examples=50, deadline=None)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text("{}\"\\`%$\n'- .a", max_size=40)
names = texts.filter(bool)


@few
@given(texts)
def test_a_quoted_text_reads_back(text: str) -> None:
    """PromQL's strings are Go's, whose escapes that we use are Python's too."""
    assert text == ast.literal_eval(quote(text))


@few
@given(texts, texts)
def test_words_show_themselves_and_open_nothing(before: str, after: str) -> None:
    """Taken apart as a template, only printed braces are left, also where two texts meet."""
    both = words(before) + words(after)

    assert before + after == both.shows == both.go.replace('{{"{"}}', "{")
    assert "{" not in both.go.replace('{{"{"}}', "")


@few
@given(names)
def test_a_value_cannot_leave_its_selector(text: str) -> None:
    """A selector is one name and one string."""
    found = re.fullmatch(
        r'aiops_value\{aiops_query=("(?:[^"\\\n]|\\.)*")\}', selector("aiops_value", {"aiops_query": text})
    )

    assert found is not None
    assert text == ast.literal_eval(found[1])


@few
@given(names, texts, names, names)
def test_documents_survive_yaml_and_keep_their_identity(name: str, title: str, threshold: str, note: str) -> None:
    """What is rendered reads back equal, and labels show the user's own words."""
    query = QuerySpec(name, "up", title=title, thresholds=(Threshold(threshold, 1.0),), horizons=(3600.0,))
    rules = RulesSpec(labels=(("note", note),), annotations=(("note", note),))
    for file in generate(Settings(queries=(query,), rules=rules), (query,), ()):
        assert file.document == yaml.safe_load(render(file.document))
        assert file.test_document == yaml.safe_load(render(file.test_document))
        for group in file.document["groups"]:
            assert all(words(note).go == rule["labels"]["note"] for rule in group["rules"])


@few
@given(st.floats(1.0, 86400.0))
def test_a_heartbeat_is_given_three_chances(interval: float) -> None:
    """However seldom it is sent: the alert looks back over at least three, and its examples last longer than that."""
    alert = alert_road_alerts(Settings(heartbeat=HeartbeatSpec(interval=interval)))[-1]
    windows = {60 * int(minutes) for minutes in re.findall(r"\[(\d+)m\]", alert.expr)}

    assert 1 == len(windows)
    assert 3 * interval <= max(windows) <= 3 * interval + 600
    assert all(60 * example.minute >= max(windows) + alert.hold for example in alert.examples)
