"""What must hold between the keys of an SLO, and what of it the daemon cannot watch yet.

Enters the tree as written, so that these faults come with all the others, and later the SLOs that were built, for
arithmetic needs numbers. Leaves faults. `live`: the file is the daemon's, not one for `rules generate -i`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from aiops_daemon.config.faults import Fault, Path
from aiops_daemon.config.texts import LABEL
from aiops_daemon.config.tree import Tree
from aiops_daemon.core.model.durations import DAY, HOUR, parse_duration
from aiops_daemon.core.model.sli import EventsSli, RatioSli
from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.rules.lint.joins import clash
from aiops_daemon.core.rules.slo.shape import at as over
from aiops_daemon.core.signals.burn.windows import impossible_pairs

KINDS = ("events", "ratio", "latency", "native_latency", "bool_gauge", "raw", "threshold")
ALTERNATIVES = (
    (("slos", "[]", "sli", "events"), ("good", "bad")),
    (("slos", "[]", "sli", "ratio"), ("good", "bad")),
    (("slos", "[]", "sli", "raw"), ("good", "bad")),
    (("slos", "[]", "sli"), KINDS),
    (("slos", "[]", "burn_windows", "[]"), ("factor", "budget_ratio")),
)
_SET_BY_RULES = {f"aiops_{name}" for name in ("slo", "window", "severity")} | {
    f"sloth_{name}" for name in ("id", "service", "slo", "window", "severity", "mode", "objective", "spec", "version")
}
_OWN_SERVICE = "write `labels: {service: ...}`"
_SERVICE_OF: dict[str, tuple[Path, str]] = {
    "openslo": (("spec",), "write `spec.service`"),
    "pyrra.dev": (("metadata",), "write the label `pyrra.dev/service`"),
}
_IN_PERCENT: tuple[tuple[str, ...], ...] = (
    ("slos", "[]", "objective"),
    ("slos", "[]", "budgeting", "target"),
    ("spec", "slos", "[]", "objective"),
    ("spec", "target"),
    ("spec", "objectives", "[]", "targetPercent"),
)
_ELSEWHERE = "keep this SLO in a file for `rules generate -i`"
_COUNTED = ("events", "latency")  # counters, which the daemon follows from poll to poll
_ASKED_OVER = "5m"


def check_slos(tree: Tree, *, live: bool) -> list[Fault]:
    """Find what does not go together within an SLO."""
    parts = [_slices(tree), _sides(tree), _pairs(tree), _groups(tree)]
    if live:
        parts += [_window_not_watched(tree), _short_not_watched(tree), _alerts(tree)]
    return list(chain.from_iterable(parts))


def check_burn(slos: Sequence[SloSpec], tree: Tree) -> Iterator[Fault]:
    """Find pairs of windows that a user set and that arithmetic forbids ever to fire."""
    for index, slo in enumerate(slos):
        for sentence in impossible_pairs(slo) if slo.burn.chosen else ():
            yield tree.fault(("slos", index, "burn_windows"), sentence.partition(": ")[2], "lower its factor")


def warn_burn(slos: Sequence[SloSpec], tree: Tree) -> Iterator[Fault]:
    """Tell of pairs of the workbook that are left out because they can never fire."""
    for index, slo in enumerate(slos):
        percent = slo.objective_ratio > 0.01  # else a ratio was meant, which is told
        for sentence in impossible_pairs(slo) if percent and not slo.burn.chosen else ():
            yield tree.fault(("slos", index, "objective"), f"{sentence.partition(': ')[2]}", "the pair is left out")


def warn_percent(tree: Tree) -> Iterator[Fault]:
    """Ask whether a ratio was written in a field of our own, Sloth's or Pyrra's that is in percent."""
    for pattern in _IN_PERCENT:
        for path, value in tree.find(pattern):
            try:
                percent = float(value) if isinstance(value, int | float | str) else 100.0
            except ValueError:
                continue
            if 0 < percent <= 1:
                meant = f"did you mean {percent * 100:.12g}?" if percent < 1 else "write 99.9 for 99.9 %"
                message = f"the {path[-1]} is in percent: this allows nearly every event to fail"
                yield tree.fault(path, message, meant)


@dataclass(frozen=True, slots=True)
class Placed:
    """An SLO and where it stands."""

    tree: Tree
    path: Path
    slo: SloSpec

    def fault(self, message: str, remedy: str) -> Fault:
        """Say what is wrong with it."""
        return self.tree.fault(self.path, message, remedy)


def check_slo_names(slos: Sequence[Placed]) -> Iterator[Fault]:
    """Find SLOs of one name in files that are read together."""
    first: dict[str, Tree] = {}
    for one in slos:
        if one.slo.name not in first:
            first[one.slo.name] = one.tree
        else:
            yield one.fault(f"{first[one.slo.name].file} has an SLO {one.slo.name!r} too", "choose another name")


def check_slo_sides(slos: Sequence[Placed]) -> Iterator[Fault]:
    """Find SLOs whose good or bad events are all events, which would always be at 0 or 100 %."""
    for one in slos:
        sli = one.slo.sli
        if isinstance(sli, EventsSli | RatioSli) and sli.total in (sli.bad, sli.good):
            side = "bad" if sli.bad is not None else "good"
            yield one.fault(f"SLO {one.slo.name!r}: {side} counts all events", f"add a matcher to the {side} ones")


def check_slo_joins(slos: Sequence[Placed]) -> Iterator[Fault]:
    """Find SLOs whose two expressions never have the same labels: no errors would ever be seen, whatever fails."""
    for one in slos:
        sli = one.slo.sli
        words = clash(over(sli.bad or sli.good or "", "5m"), over(sli.total, "5m")) if isinstance(sli, RatioSli) else ""
        if words:
            side = "bad" if isinstance(sli, RatioSli) and sli.bad is not None else "good"
            message = f"SLO {one.slo.name!r}: its {side} events are never found among all of them: {words}"
            yield one.fault(message, f"aggregate both by the same labels; left is what is {side}, right is all")


def check_slo_groups(slos: Sequence[Placed]) -> Iterator[Fault]:
    """Find labels that a foreign SLO is grouped by and sets too, so that all groups would become one series."""
    for one in slos:
        for label in sorted(set(one.slo.grouping) & {name for name, _ in one.slo.labels}):
            words = f"SLO {one.slo.name!r}: its queries group by {label}, which is a label of the SLO too"
            yield one.fault(words, "remove one")


def check_slo_service(one: Placed) -> Iterator[Fault]:
    """Find an SLO without the service that Sloth's names are made of."""
    if any(name in ("service", "sloth_service") and value for name, value in one.slo.labels):
        return
    path, remedy = _SERVICE_OF.get(str(one.tree.root.get("apiVersion")).partition("/")[0], (one.path, _OWN_SERVICE))
    yield one.tree.fault(path, f"SLO {one.slo.name!r} has no service, of which --compat sloth makes its names", remedy)


def check_rule_labels(tree: Tree, *, own: bool) -> Iterator[Fault]:
    """Find labels of the names that generated rules set themselves, which would replace them without a word.

    `own`: a file of our format, where `sloth_service` is how to say Sloth's service.
    """
    for path in tree.keys:
        name = path[-1] if path else ""
        allowed = path[:1] == ("metadata",) or (own and name == "sloth_service")
        if name in _SET_BY_RULES and path[-2:-1] == ("labels",) and not allowed:
            yield tree.key_fault(path, "generated rules set this label themselves", "choose another name")


def _sides(tree: Tree) -> Iterator[Fault]:
    for kind in ("events", "ratio"):
        for path, sli in tree.find(("slos", "[]", "sli", kind)):
            sides = [side for side in ("bad", "good") if isinstance(sli, dict) and sli.get(side) is not None]
            for side in (side for side in sides if sli[side] == sli.get("total")):
                yield tree.fault((*path, side), "counts all events", f"add a matcher to the {side} ones")


def _slices(tree: Tree) -> Iterator[Fault]:
    for path, budget in tree.find(("slos", "[]", "budgeting")):
        if not isinstance(budget, dict):
            continue
        slices = budget.get("method") == "time_slices"
        if slices and "target" not in budget:
            yield tree.fault(path, "time_slices need a target", "add the share that makes a slice good, in percent")
        if not slices and "target" in budget:
            yield tree.key_fault((*path, "target"), "only time_slices have a target", "remove it")
        if budget.get("method", "occurrences") == "occurrences" and "slice" in budget:
            yield tree.key_fault((*path, "slice"), "occurrences have no slices", "remove it, or choose time_slices")
    for path, _ in tree.find(("slos", "[]", "calendar")):
        rolling = (*path[:-1], "window")
        if rolling in tree.keys:
            yield tree.key_fault(path, "at most one of window and calendar may be given", "remove one")
    for path, _ in tree.find(("slos", "[]", "sli", "threshold")):
        if (*path[:2], "budgeting") in tree.keys:
            message = "a threshold is looked at once a minute: its slices cannot be set"
            yield tree.key_fault((*path[:2], "budgeting"), message, "remove it")


def _pairs(tree: Tree) -> Iterator[Fault]:
    for path, pair in tree.find(("slos", "[]", "burn_windows", "[]")):
        long, short = (_seconds(pair.get(key)) if isinstance(pair, dict) else None for key in ("long", "short"))
        if long is not None and short is not None and short >= long:
            yield tree.fault((*path, "short"), "must be shorter than the long window", "a twelfth of it is usual")
        if long is not None and isinstance(pair, dict):
            yield from _too_long(tree, path, long)


def _too_long(tree: Tree, path: Path, long: float) -> Iterator[Fault]:
    for at, window in tree.find(("slos", "[]", "window")):
        seconds = _seconds(window)
        if at[:2] == path[:2] and seconds is not None and long > seconds:
            yield tree.fault((*path, "long"), "is longer than the window of the SLO", "shorten it")


def _groups(tree: Tree) -> Iterator[Fault]:
    for path, name in tree.find(("slos", "[]", "grouping", "[]")):
        # A name that is none is told at the label itself.
        if isinstance(name, str) and LABEL.fullmatch(name) and (*path[:2], "labels", name) in tree.keys:
            yield tree.fault(path, "the SLO has a label of this name too", "remove one")


def _window_not_watched(tree: Tree) -> Iterator[Fault]:
    for path, window in tree.find(("slos", "[]", "window")):
        seconds = _seconds(window)
        if seconds is not None and HOUR <= seconds < DAY:  # below, the field itself refuses it
            yield tree.fault(path, "the daemon watches windows of 1d and longer", f"lengthen it, or {_ELSEWHERE}")


def _short_not_watched(tree: Tree) -> Iterator[Fault]:
    """Find windows shorter than what the source is asked over, where no counters are followed."""
    for path, short in tree.find(("slos", "[]", "burn_windows", "[]", "short")):
        seconds = _seconds(short)
        counted = any((*path[:2], "sli", kind) in tree.keys for kind in _COUNTED)
        sliced = (*path[:2], "budgeting", "method") in tree.keys
        if seconds is not None and seconds < (parse_duration(_ASKED_OVER)) and (sliced or not counted):
            message = f"the daemon asks over {_ASKED_OVER} what it cannot count itself"
            yield tree.fault(path, message, f"make it {_ASKED_OVER} or longer, or {_ELSEWHERE}")


def _alerts(tree: Tree) -> Iterator[Fault]:
    if any(value == "native" for _, value in tree.find(("rules", "slo"))):
        return
    for path, value in tree.find(("slos", "[]", "alerts")):
        if value != {}:
            yield tree.key_fault(path, "belongs to native rules", "set rules.slo to native, or remove it")


def _seconds(value: object) -> float | None:
    try:
        return parse_duration(value) if isinstance(value, str) else None
    except ValueError:
        return None
