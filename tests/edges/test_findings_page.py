"""The findings page, read back by the parsers of its consumers."""

import asyncio
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from aiops_daemon.core.model import labels as label_sets
from aiops_daemon.core.model.findingspage import Block
from aiops_daemon.core.model.metrics import ANOMALY_ACTIVE, EXPECTED, METRICS, VALUE, MetricSpec, MetricType
from aiops_daemon.edges.exporter.findings import SLICE, render

VALUES = st.floats() | st.sampled_from([math.inf, -math.inf, math.nan, 0.0, -0.0, 1e300, 5e-324])
LABEL_SETS = st.lists(
    st.dictionaries(st.sampled_from(["job", "instance", "le", "pod"]), st.text()).map(label_sets.make),
    max_size=8,
    unique=True,
)


def block(metric=VALUE, labels=('a="1"',), values=(1.0,)):
    return Block(metric, list(labels), np.array(values, dtype=np.float64))


def samples(families):
    return [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]


@settings(max_examples=50, deadline=None)
@given(series=LABEL_SETS, data=st.data())
async def test_what_is_written_is_read_back(series, data):
    """Quotes, line feeds, backslashes, UTF-8 and every float survive both formats."""
    values = data.draw(st.lists(VALUES, min_size=len(series), max_size=len(series)))
    page = await render([block(VALUE, [label_sets.text(labels) for labels in series], values)], at=1.0)
    expected = [(VALUE.name, dict(labels), value) for labels, value in zip(series, values, strict=True)]

    for got in (samples(read_text(page.text.decode())), samples(read_openmetrics(page.openmetrics.decode()))):
        assert [each[:2] for each in expected] == [each[:2] for each in got]
        np.testing.assert_array_equal([each[2] for each in expected], [each[2] for each in got])


async def test_metrics_stand_in_the_order_of_the_table_and_once():
    """Blocks of one metric are joined under one HELP and TYPE."""
    page = await render(
        [block(ANOMALY_ACTIVE), block(EXPECTED, ['a="1"']), block(VALUE), block(EXPECTED, ['a="2"'], [2.0])], at=1.0
    )

    assert (
        "# HELP aiops_value Last value of the watched expression.\n"
        "# TYPE aiops_value gauge\n"
        'aiops_value{a="1"} 1.0\n'
        "# HELP aiops_expected Value expected at this time.\n"
        "# TYPE aiops_expected gauge\n"
        'aiops_expected{a="1"} 1.0\n'
        'aiops_expected{a="2"} 2.0\n'
        "# HELP aiops_anomaly_active 1 while a finding is open.\n"
        "# TYPE aiops_anomaly_active gauge\n"
        'aiops_anomaly_active{a="1"} 1.0\n'
    ) == page.text.decode()
    assert page.samples == 4
    assert page.at == 1.0


async def test_the_formats_share_their_lines():
    """OpenMetrics is the text page with its end mark."""
    page = await render([block(values=[math.nan])], at=1.0)

    assert page.text + b"# EOF\n" == page.openmetrics


async def test_numbers_are_written_as_prometheus_writes_them():
    """Infinity has a sign, not-a-number its capitals, a float every digit."""
    page = await render([block(labels=['a="1"'] * 5, values=[math.inf, -math.inf, math.nan, 0.1, 1e22])], at=1.0)

    assert ["+Inf", "-Inf", "NaN", "0.1", "1e+22"] == [line.split()[1] for line in page.text.decode().splitlines()[2:]]


async def test_finite_numbers_are_written_with_every_digit():
    """Huge and tiny ones have an exponent; each is read back to the same float."""
    values = [0.1, 1e22, 1 / 3, -0.0, 123456789012.5, 5e-324, 1.7976931348623157e308]
    page = await render([block(labels=[f'a="{n}"' for n in range(len(values))], values=values)], at=1.0)

    written = [line.split()[1] for line in page.text.decode().splitlines()[2:]]
    assert list(map(repr, values)) == [repr(float(number)) for number in written]
    assert ["0.1", "1e22"] == written[:2]


async def test_a_metric_without_samples_and_an_empty_page_say_nothing():
    """No orphaned HELP lines; an empty OpenMetrics page is its end mark."""
    assert (b"", b"# EOF\n") == ((await render([], at=1.0)).text, (await render([], at=1.0)).openmetrics)
    assert (await render([block(VALUE, [], [])], at=1.0)).text == b""


async def test_help_is_escaped_and_a_bare_series_has_no_braces():
    """Both parsers read back one line of help and a sample without labels."""
    metric = MetricSpec("aiops_odd", MetricType.GAUGE, 'a "b"\nc\\d')
    page = await render([block(metric, [""], [2.0])], at=1.0)

    for family in (*read_text(page.text.decode()), *read_openmetrics(page.openmetrics.decode())):
        assert family.documentation == "a 'b'\nc\\d"
        assert [("aiops_odd", {}, 2.0)] == samples([family])


async def test_lone_surrogates_do_not_break_the_page():
    """A JSON escape may name half a character; the page stays valid UTF-8."""
    assert b'aiops_value{a="?"} 1.0' in (await render([block(labels=['a="\ud800"'])], at=1.0)).text


async def test_a_block_whose_columns_differ_in_length_is_refused():
    """A label without a value is a fault of the caller, not a shifted page."""
    with pytest.raises(ValueError, match="zip"):
        await render([block(labels=['a="1"'], values=[1.0, 2.0])], at=1.0)


async def test_the_loop_turns_between_slices():
    """Another task gets a turn at least once per slice."""
    turns, running = [0], [True]

    async def turn():
        while running[0]:
            turns[0] += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(turn())
    count = 3 * SLICE
    await render([block(labels=[f'a="{n}"' for n in range(count)], values=np.arange(count))], at=1.0)
    running[0] = False
    await task

    assert turns[0] >= 3


def test_no_help_text_holds_a_quote():
    """So no reader ever sees the replacement of double quotes."""
    assert not [spec.name for spec in METRICS if '"' in spec.help]


async def test_every_metric_of_the_findings_page_keeps_the_order_of_the_table():
    """Whatever the order of blocks, the page reads as the table does."""
    page = await render([block(spec) for spec in reversed(METRICS)], at=1.0)
    names = [line.split()[2] for line in page.text.decode().splitlines() if line.startswith("# TYPE")]

    places = [[spec.name for spec in METRICS].index(name) for name in names]
    assert all(before < after for before, after in pairwise(places))


@pytest.mark.real
async def test_promtool_accepts_the_page(promtool):
    """Prometheus' own linter has nothing to say about the findings page."""
    page = await render([block(spec) for spec in METRICS if spec.page == "/findings/metrics"], at=1.0)

    process = await asyncio.create_subprocess_exec(
        promtool, "check", "metrics",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate(page.text)
    assert (0, "") == (process.returncode, output.decode())
