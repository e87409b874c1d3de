"""Sentences of findings."""

import math

import pytest

from aiops_daemon.core.model.finding import Usual
from aiops_daemon.core.model.query import QuerySpec, Threshold
from aiops_daemon.core.signals.findings.sentence import anomaly_sentence, breach_sentence, subject, telling

CRITICAL = Threshold("critical", 0.95)
NOW = 1_795_230_600.0  # 2026-11-21 03:10 UTC
LATENCY = QuerySpec(name="checkout_p99", expr="x", unit="seconds", title="p99 latency")
DISK = QuerySpec(name="disk_used", expr="x", unit="ratio")
CHECKOUT = (("cluster", "eu1"), ("job", "shop"), ("service", "checkout"))


def anomaly(spec=LATENCY, labels=CHECKOUT, **numbers):
    defaults = {"value": 2.4, "expected": 0.32, "lower": 0.21, "upper": 0.48, "score": 12.0}
    told = defaults | numbers
    usual = Usual(told["expected"], told["lower"], told["upper"])
    return anomaly_sentence(
        spec, labels, value=told["value"], usual=usual, score=told["score"], since=NOW - 720, now=NOW
    )


def breach(spec=DISK, labels=(("mountpoint", "/var"),), threshold=CRITICAL, **numbers):
    defaults = {"value": 0.82, "breach_at": NOW + 12_000, "probability": 0.87, "slope_per_second": 0.39 / 36_000}
    return breach_sentence(spec, labels, threshold, **(defaults | numbers), now=NOW)


def test_an_anomaly_says_what_where_how_much_and_since_when():
    """The whole sentence, as it is read at night."""
    assert (
        "p99 latency (service checkout, cluster eu1) is 2.4 s, far above the expected range 210 ms to 480 ms "
        "(7.5 times the expected 320 ms), since 2026-11-21 02:58 UTC (12m)."
    ) == anomaly()


@pytest.mark.parametrize(
    ("part", "numbers"),
    [
        ("is 100 ms, below the expected range 210 ms to 480 ms (69 % below the expected 320 ms)",
         {"value": 0.1, "score": 2.0}),
        ("is 600 ms, above the expected range 210 ms to 480 ms (88 % above the expected 320 ms)",
         {"value": 0.6, "score": 2.0}),
        ("is 0 s, below the expected range 210 ms to 480 ms (expected 320 ms)", {"value": 0.0, "score": 2.0}),
        ("is 1 s, far above the expected range of at most 0 s (expected 0 s)",
         {"value": 1.0, "expected": 0.0, "lower": 0.0, "upper": 0.0}),
        ("the expected range of at most 480 ms", {"lower": -math.inf}),
        ("the expected range of at most 480 ms", {"lower": -0.1}),
        ("the expected range of at least 210 ms", {"upper": math.inf}),
        ("is 300 ms, within the expected range", {"value": 0.3, "score": 0.2}),
        ("is 100.4 ms, above the expected range 100 ms to 100.2 ms (expected 100.1 ms)",
         {"value": 0.1004, "expected": 0.1001, "lower": 0.1, "upper": 0.1002, "score": 1.5}),
    ],
)  # fmt: skip
def test_an_anomaly_chooses_its_words(part, numbers):
    """Side, distance and comparison follow the numbers."""
    assert part in anomaly(**numbers)


def test_percent_is_not_compared_in_percent():
    """A ratio says both values, never a percentage of a percentage."""
    said = anomaly(DISK, (), value=0.6, expected=0.5, lower=0.45, upper=0.55, score=2.0)

    assert said.startswith("disk_used is 60 %, above the expected range 45 % to 55 % (expected 50 %), since")


def test_a_breach_says_when_how_fast_and_how_likely():
    """The whole sentence of a forecast."""
    assert (
        "disk_used (mountpoint /var) is 82 % and rising by 3.9 points per hour; expected above the critical "
        "threshold of 95 % in 3h 20m, at 2026-11-21 06:30 UTC (probability 87 %)."
    ) == breach()


@pytest.mark.parametrize(
    ("part", "numbers"),
    [
        ("is 97 %, above the critical threshold of 95 %.", {"value": 0.97}),
        ("is 82 %; expected above", {"slope_per_second": 0.0}),
        ("threshold of 95 % (probability 87 %).", {"breach_at": None}),
        ("at 2026-11-21 06:30 UTC.", {"probability": math.nan}),
        ("per day", {"breach_at": NOW + 5 * 86_400}),
        ("per minute", {"breach_at": NOW + 300}),
    ],
)
def test_a_breach_chooses_its_words(part, numbers):
    """What is not known is left out; the pace suits the time left."""
    assert part in breach(**numbers)


def test_a_threshold_may_lie_below():
    """Free space falls towards its threshold."""
    said = breach(threshold=Threshold("warning", 0.1, above=False), value=0.2, slope_per_second=-1e-5)

    assert "falling by 3.6 points per hour; expected below the warning threshold of 10 %" in said


@pytest.mark.parametrize(
    ("expected", "labels"),
    [
        ((("service", "a"), ("country", "de"), ("instance", "i"), ("namespace", "n")),
         {"cluster": "c", "country": "de", "instance": "i", "job": "j", "namespace": "n", "service": "a"}),
        ((("job", "node"),), {"job": "node"}),
        ((), {}),
        ((), {"team": "shop"}),
    ],
)  # fmt: skip
def test_the_most_telling_labels_come_first(expected, labels):
    """What it is, then the query's own dimensions, then where; the job only when there is nothing else."""
    assert expected == telling(tuple(sorted(labels.items())))


def test_foreign_text_cannot_break_the_line():
    """Control characters, escape sequences and text direction marks of label values do not come through."""
    said = subject(LATENCY, (("service", "a\n\x1b[31mb\u202ec"), ("pod", "x" * 200)))

    assert said == f"p99 latency (service a [31mb c, pod {'x' * 59}…)"
