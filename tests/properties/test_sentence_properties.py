"""What holds for every sentence."""

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model import labels as label_sets
from aiops_daemon.core.model.finding import Usual
from aiops_daemon.core.model.query import QuerySpec, Threshold
from aiops_daemon.core.signals.findings.sentence import anomaly_sentence, breach_sentence

NUMBER = st.floats()
UNITS = st.sampled_from(["", "seconds", "bytes", "ratio", "per_second"])
LABELS = st.dictionaries(st.sampled_from(["service", "pod", "instance", "x"]), st.text(max_size=80)).map(
    label_sets.make
)


@settings(max_examples=50, deadline=None)
@given(labels=LABELS, unit=UNITS, numbers=st.tuples(*[NUMBER] * 7))
def test_an_anomaly_is_always_one_line(labels, unit, numbers):
    """Any numbers and labels make one printable line that ends in a full stop."""
    value, expected, lower, upper, *times = numbers
    told = dict(zip(("score", "since", "now"), times, strict=True))

    said = anomaly_sentence(
        QuerySpec("q", "x", unit=unit), labels, value=value, usual=Usual(expected, lower, upper), **told
    )

    assert said.endswith(".")
    assert len(said.splitlines()) == 1


@settings(max_examples=50, deadline=None)
@given(labels=LABELS, unit=UNITS, numbers=st.tuples(*[NUMBER] * 5), level=st.floats(allow_nan=False))
def test_a_breach_is_always_one_line(labels, unit, numbers, level):
    """Any numbers and labels make one line."""
    names = ("value", "breach_at", "probability", "slope_per_second", "now")
    threshold = Threshold("critical", level)

    said = breach_sentence(QuerySpec("q", "x", unit=unit), labels, threshold, **dict(zip(names, numbers, strict=True)))

    assert said.endswith(".")
    assert len(said.splitlines()) == 1
