"""Quality per rule as read from a store and shown as metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from rule_past import history, past

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.alertmanager import TeamSpec
from aiops_daemon.core.model.incident import Incident, IncidentState, Priority
from aiops_daemon.core.model.listing import IncidentPage, IncidentQuery, RuleHistory
from aiops_daemon.core.model.rulequality import RuleDefinition
from aiops_daemon.core.model.scope import DAEMON, Scope
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.flows.alerts.quality import MOST_RULES, PERIOD, QualityWatch, definitions_of, rule_qualities
from aiops_daemon.meter import Meter
from aiops_daemon.ports.rules import EvaluatedRule

NOW = 1_795_262_400.0
HOUR = 3600.0
TEAMS = (TeamSpec("shop", page_budget_per=12 * HOUR, page_budget_max=4), TeamSpec("db"))


@dataclass
class Shelf:
    """A store of two kinds of rows; pages of incidents are as long as `page`."""

    histories: list[RuleHistory] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    page: int = 2
    asked: list[tuple[float, Scope]] = field(default_factory=list)

    async def rule_histories(self, since: float, scope: Scope) -> list[RuleHistory]:
        self.asked.append((since, scope))
        return self.histories

    async def find_incidents(self, query: IncidentQuery, scope: Scope) -> IncidentPage:
        first = int(query.cursor or 0)
        shown = self.incidents[first : first + self.page]
        more = first + self.page < len(self.incidents)
        return IncidentPage(tuple(shown), str(first + self.page) if more else None, len(self.incidents))


def rule(name: str, incidents: int) -> RuleHistory:
    return history(*(past(NOW - turn * HOUR) for turn in range(incidents)), rule=name)


def told(at: float) -> Incident:
    return Incident(
        "u", 1, "shop", ("shop",), "", IncidentState.OPEN, Severity.WARNING, Priority.P3, "", at, at, notify_at=at
    )


def watch(shelf: Shelf, meter: Meter) -> QualityWatch:
    return QualityWatch(shelf, LoopClock(NOW), meter, Settings(teams=TEAMS))  # type: ignore[arg-type]


async def test_rules_come_worst_first_with_their_proposals_and_definition() -> None:
    """The store is asked with the caller's scope; a rule that is known carries its definition."""
    shelf = Shelf([rule("Few", 1), rule("Many", 9)])
    scope = Scope("ann", frozenset({"shop"}))
    definition = RuleDefinition("Many", "up == 0", hold=60.0)
    many, few = await rule_qualities(shelf, NOW - 60, scope, NOW, {"Many": definition})  # type: ignore[arg-type]

    assert [(NOW - 60, scope)] == shelf.asked
    assert (("Many", 9, definition), ("Few", 1, None)) == tuple(
        (each.rule, each.incidents, each.definition) for each in (many, few)
    )
    assert [("for", "3m")] == [(each.change, each.value) for each in many.proposals]


async def test_the_metrics_say_what_the_list_says() -> None:
    """Thirty days of all teams; what is not known is no number."""
    meter, shelf = Meter(), Shelf([rule("Many", 9), history(past(NOW, None), rule="Open")])
    await watch(shelf, meter).look()

    assert [(NOW - PERIOD, DAEMON)] == shelf.asked
    assert 9 == meter.value("aiops_rule_incidents", team="shop", alertname="Many")
    assert 1.0 == meter.value("aiops_rule_self_resolved_ratio", team="shop", alertname="Many")
    assert 60.0 == meter.value("aiops_rule_median_life_seconds", team="shop", alertname="Many")
    assert math.isnan(meter.value("aiops_rule_self_resolved_ratio", team="shop", alertname="Open"))


async def test_a_rule_that_leaves_is_forgotten() -> None:
    """Its series end; the others stay."""
    meter, shelf = Meter(), Shelf([rule("Gone", 3), rule("Stays", 2)])
    looking = watch(shelf, meter)
    await looking.look()
    shelf.histories = [rule("Stays", 2)]
    await looking.look()
    page = meter.page().decode()

    assert 'alertname="Stays"' in page
    assert 'alertname="Gone"' not in page


async def test_only_the_rules_with_most_incidents_are_metrics() -> None:
    """A thousand rules do not make five thousand series."""
    meter = Meter()
    await watch(Shelf([rule(f"R{number}", number % 3) for number in range(MOST_RULES + 200)]), meter).look()
    page = meter.page().decode()
    shown = [line.rsplit(" ", 1)[1] for line in page.splitlines() if line.startswith("aiops_rule_incidents{")]

    assert MOST_RULES == len(shown)
    assert (233, 233) == (shown.count("2.0"), shown.count("1.0"))


async def test_a_page_budget_counts_over_all_pages_of_incidents() -> None:
    """Five incidents told people in the last shift, where four may; a team without a budget has no series."""
    meter = Meter()
    incidents = [told(NOW - turn * HOUR) for turn in range(5)] + [told(NOW - 20 * HOUR)]
    await watch(Shelf(incidents=incidents), meter).look()

    assert 1.25 == meter.value("aiops_page_budget_used_ratio", team="shop")
    assert 'aiops_page_budget_used_ratio{team="db"}' not in meter.page().decode()


def test_rules_of_one_name_with_different_contents_are_not_known() -> None:
    """Two severities of one alert name are two rules; the same rule on two Prometheus is one."""
    one = EvaluatedRule("Down", (), 60.0, NOW, True, (), expr="up == 0", hold=60.0)
    other = replace(one, name="Slow", expr="x > 1")
    rules = [
        one,
        replace(one, evaluated_at=NOW + 1),
        other,
        replace(other, expr="x > 2"),
        replace(one, name="No", expr=""),
    ]

    assert {"Down": RuleDefinition("Down", "up == 0", 60.0)} == definitions_of(rules)
