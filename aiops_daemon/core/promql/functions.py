"""The functions and aggregations of PromQL: what they take, what they give, and which versions know them.

Data alone, from the function table of Prometheus 2.42 and the documentation of 3.x. `optional` is how many arguments
of the end may be left out; -1: the last one may be left out or repeated.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.promql.tree import Kind

S, V, R, T = Kind.SCALAR, Kind.VECTOR, Kind.RANGE, Kind.STRING

NEW, EXPERIMENTAL, GONE = "new", "experimental", "gone"
"""Known from 3.0 on; only behind a feature flag; not in 3.0 any more."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes and gives."""

    args: tuple[Kind, ...]
    gives: Kind = Kind.VECTOR
    optional: int = 0
    since: str = ""


_OF_VECTOR = (
    "abs acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sort sort_desc "
    "sqrt tan tanh absent histogram_count histogram_sum timestamp"
)
_OF_RANGE = (
    "absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate last_over_time "
    "max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time"
)
_OF_TIME = "day_of_month day_of_week day_of_year days_in_month hour minute month year"
_NEW_OF_VECTOR = "histogram_avg histogram_stddev histogram_stdvar"
_EXPERIMENTAL_OF_RANGE = (
    "mad_over_time first_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time"
)

FUNCTIONS: dict[str, Signature] = {
    **{name: Signature((V,)) for name in _OF_VECTOR.split()},
    **{name: Signature((R,)) for name in _OF_RANGE.split()},
    **{name: Signature((V,), optional=1) for name in _OF_TIME.split()},
    **{name: Signature((V,), since=NEW) for name in _NEW_OF_VECTOR.split()},
    **{name: Signature((R,), since=EXPERIMENTAL) for name in _EXPERIMENTAL_OF_RANGE.split()},
    "clamp": Signature((V, S, S)),
    "clamp_max": Signature((V, S)),
    "clamp_min": Signature((V, S)),
    "double_exponential_smoothing": Signature((R, S, S), since=EXPERIMENTAL),
    "histogram_fraction": Signature((S, S, V)),
    "histogram_quantile": Signature((S, V)),
    "holt_winters": Signature((R, S, S), since=GONE),
    "info": Signature((V, V), optional=1, since=EXPERIMENTAL),
    "label_join": Signature((V, T, T, T), optional=-1),
    "label_replace": Signature((V, T, T, T, T)),
    "pi": Signature((), S),
    "predict_linear": Signature((R, S)),
    "quantile_over_time": Signature((S, R)),
    "round": Signature((V, S), optional=1),
    "scalar": Signature((V,), S),
    "sort_by_label": Signature((V, T), optional=-1, since=EXPERIMENTAL),
    "sort_by_label_desc": Signature((V, T), optional=-1, since=EXPERIMENTAL),
    "time": Signature((), S),
    "vector": Signature((S,)),
}

AGGREGATIONS: dict[str, Kind | None] = {
    **dict.fromkeys(("avg", "count", "group", "max", "min", "stddev", "stdvar", "sum")),
    "bottomk": S,
    "count_values": T,
    "limit_ratio": S,
    "limitk": S,
    "quantile": S,
    "topk": S,
}
"""Each with the kind of its parameter."""

EXPERIMENTAL_AGGREGATIONS = frozenset({"limitk", "limit_ratio"})
