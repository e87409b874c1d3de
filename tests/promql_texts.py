"""Expressions of all shapes for property tests, and promtool as the judge of what is PromQL.

`expressions` are drawn by the grammar of Prometheus 2.42, types heeded; `mutilated` are such with pieces cut or
put in. `refused` asks promtool once for many.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import yaml
from hypothesis import strategies as st

NAMES = st.sampled_from(
    ["a", "up", "job:x:rate5m", "sum", "by", "offset", "http_requests_total", "_x", "start", "Inf_"]
)
LABELS = st.sampled_from(["job", "code", "le", "on", "by", "instance"])
DURATIONS = st.sampled_from(["5m", "1h30m", "15s", "2d", "1w", "100ms", "1y2d"])
NUMBERS = st.sampled_from(["0", "1", "-1", "0.5", ".5", "5.", "1e3", "1E-2", "0x1F", "Inf", "-inf", "NaN", "017", "09"])
VALUES = st.sampled_from(
    ['"a"', "'b'", "`c\\d`", '"x|y"', '"a.+"', '".*"', '"\\"q\\""', '"Köln"', '"\\x41\\u00e4\\n"', '""', "'it\\'s'"]
)
MATCHERS = st.builds("{}{}{}".format, LABELS, st.sampled_from(["=", "!=", "=~", "!~"]), VALUES)
BRACES = st.lists(MATCHERS, max_size=3).map(lambda found: f"{{{','.join(found)}}}")
SELECTORS = st.one_of(NAMES, st.builds("{}{}".format, NAMES, BRACES), st.builds('{{x="y",{}}}'.format, MATCHERS))
WHEN = st.one_of(
    st.just(""),
    st.builds(" offset {}".format, DURATIONS),
    st.builds(" offset -{}".format, DURATIONS),
    st.sampled_from([" @ 1700000000", " @ end() offset 5m", " offset 1m @ start()", " @ -1.5"]),
)
GROUPING = st.builds(
    "{} ({})".format, st.sampled_from(["by", "without", "BY"]), st.lists(LABELS, max_size=2).map(", ".join)
)
MATCHING = st.one_of(
    st.just(""),
    st.builds(" {} ({})".format, st.sampled_from(["on", "ignoring"]), st.lists(LABELS, max_size=2).map(", ".join)),
)
SCALARS = st.one_of(NUMBERS, st.sampled_from(["time()", "pi()", "scalar(up)", "1 + 2", "(3)", "1 > bool 0", "-time()"]))


def _vectors(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Build instant vectors around smaller ones."""
    ranges = st.one_of(
        st.builds("{}[{}]{}".format, SELECTORS, DURATIONS, WHEN),
        st.builds("({})[{}:{}]{}".format, inner, DURATIONS, st.one_of(st.just(""), DURATIONS), WHEN),
    )
    return st.one_of(
        st.builds("({})".format, inner),
        st.builds("-{}".format, inner),
        st.builds("{}({})".format, st.sampled_from(["abs", "sort", "absent", "timestamp", "hour"]), inner),
        st.builds("{}({})".format, st.sampled_from(["rate", "increase", "delta", "last_over_time", "deriv"]), ranges),
        st.builds("predict_linear({}, {})".format, ranges, SCALARS),
        st.builds("quantile_over_time({}, {})".format, SCALARS, ranges),
        st.builds("clamp({}, {}, {})".format, inner, SCALARS, SCALARS),
        st.builds("histogram_quantile({}, {})".format, SCALARS, inner),
        st.builds('label_replace({}, "a", "$1", "b", "(.*)")'.format, inner),
        st.builds("{} {} ({})".format, st.sampled_from(["sum", "max", "AVG", "count"]), GROUPING, inner),
        st.builds("{}({})".format, st.sampled_from(["sum", "group", "stddev"]), inner),
        st.builds("sum({}) {}".format, inner, GROUPING),
        st.builds("topk({}, {})".format, SCALARS, inner),
        st.builds('count_values("v", {})'.format, inner),
        st.builds("{} {}{} {}".format, inner, st.sampled_from([*"+-*/%^", "atan2"]), MATCHING, inner),
        # In parentheses, lest the number be joined with what follows: `a > 1 + on (b) c`.
        st.builds("({} {} {})".format, inner, st.sampled_from(["==", ">", "<= bool", "!=", "*"]), SCALARS),
        st.builds("{} {}{} {}".format, inner, st.sampled_from(["and", "or", "unless", "AND"]), MATCHING, inner),
        st.builds(
            "{} * on ({}) group_{} ({}) {}".format,
            *(
                inner,
                st.just("job"),
                st.sampled_from(["left", "right"]),
                st.sampled_from(["", "code", "le, code"]),
                inner,
            ),
        ),
    )


expressions = st.recursive(SELECTORS, _vectors, max_leaves=6)
_PIECES = st.sampled_from(
    [
        *"()[]{},:@-+*/%^=!~\"'`#\\ \n19",
        "5m",
        "by",
        "on",
        "bool",
        "offset",
        "and",
        "sum",
        "rate",
        "a",
        "le",
        "inf",
        "=~",
    ]
)


@st.composite
def mutilated(draw: st.DrawFn) -> str:
    """Cut pieces out of an expression, or put some in."""
    text = draw(expressions)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        until = draw(st.integers(at, min(len(text), at + 4)))
        text = text[:at] + draw(st.one_of(st.just(""), _PIECES)) + text[until:]
    return text


def refused(texts: Sequence[str], promtool: Path, folder: Path) -> set[int]:
    """Return the places of the expressions that promtool does not take."""
    rules = [{"record": f"r{index}", "expr": text} for index, text in enumerate(texts)]
    file = folder / "expressions.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}, allow_unicode=True, width=10**6))
    argv = [str(promtool), "check", "rules", "--lint=none", str(file)]
    told = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == 0 or "could not parse expression" in told.stderr, told.stderr
    return {int(found) for found in re.findall(r'rule \d+, "r(\d+)": could not parse', told.stderr)}
