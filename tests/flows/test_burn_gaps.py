"""Hours without answers: what happened meanwhile is known from the source, else only how much of it there was."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from burn_world import ONE, Answering, poll
from flow_world import AT, SOURCE, surroundings
from slo_kinds import slo

from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import SloStatus
from aiops_daemon.core.rules.slo.live import asked
from aiops_daemon.core.signals.burn.budgets import Budgets
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.flows.budgetpast import HISTORY_ATTEMPTS
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.keep import Keeper, restore_slo
from aiops_daemon.flows.poll import Poller

pytestmark = pytest.mark.looptime

HOUR = 3600.0
SPEC = slo("shop", EventsSli("total", bad="bad"))
BROKE, MENDED = AT + 1200, AT + 3000  # half an hour in which everything fails


def failed(at: float) -> float:
    return 10.0 * max(0.0, min(at, MENDED) - BROKE)


class Half(Answering):
    """Ten events a second; the past may lack what happened while the server was down, or fail."""

    def __init__(self, *, knows: bool = True, fails: bool = False) -> None:
        def seen(at: float, rate: float) -> Mapping[bytes, float]:
            return {ONE: rate} if knows or not AT + 600 < at < AT + 6 * HOUR + 300 else {}

        super().__init__(
            {
                "total": lambda at: {ONE: 10.0 * at},
                "bad": lambda at: {ONE: failed(at)},
                asked(SPEC).total: lambda at: seen(at, 10.0),
                asked(SPEC).bad: lambda at: seen(at, (failed(at) - failed(at - 300)) / 300),
            }
        )
        self.fails = fails

    async def history(self, expr, **how):  # type: ignore[no-untyped-def]
        if self.fails:
            raise SourceError(SourceReason.TIMEOUT, "too slow")
        async for part in super().history(expr, **how):
            yield part


async def after_the_gap(source: Half, minutes: int = 1) -> SloStatus:
    """Watch ten minutes, hear nothing for six hours, watch again."""
    watch = SloWatch(SPEC, SOURCE)
    source_failed, source.fails = source.fails, False
    await poll(watch, source, 10)
    source.fails = source_failed
    (status,) = await poll(watch, source, minutes, begin=AT + 6 * HOUR)
    return status


async def test_an_outage_of_hours_ago_does_not_page_when_the_source_is_back() -> None:
    """Spread evenly over six hours it would burn at 83; the source knows that it was over hours ago."""
    status = await after_the_gap(Half())

    assert not status.active & {"page"}
    assert status.error_ratio["1h"] == pytest.approx(0.0)
    assert status.error_ratio["1d"] == pytest.approx(1800 / 86400, rel=0.02)


@pytest.mark.parametrize(
    ("source", "minutes"), [(Half(knows=False), 1), (Half(fails=True), HISTORY_ATTEMPTS)], ids=["empty", "failing"]
)
async def test_what_only_the_counters_know_counts_in_the_budget_and_pages_nobody(source: Half, minutes: int) -> None:
    """How much failed is known, when is not: the budget has it, and the windows of pages what came since."""
    status = await after_the_gap(source, minutes)

    assert not status.active & {"page"}
    assert not status.error_ratio["1h"]
    assert status.error_ratio["30d"] == pytest.approx(1800 / (30 * 86400), rel=0.03)


async def test_errors_that_go_on_page_at_once_when_the_source_is_back() -> None:
    """What happens now is known from the first minutes on."""
    source = Half()
    source.answers = dict(source.answers) | {
        "bad": lambda at: {ONE: 10.0 * max(0.0, at - AT - 5 * HOUR)},
        asked(SPEC).bad: lambda at: {ONE: 10.0 if at > AT + 5 * HOUR else 0.0},
    }
    status = await after_the_gap(source)

    assert "page" in status.active
    assert status.error_ratio["1h"] == pytest.approx(1.0, rel=0.01)


async def test_a_past_that_could_not_be_read_is_told_of_and_tried_for_every_hour() -> None:
    """Three minutes of a slow server at start must not make a spent budget look whole for a month."""
    source = Half(fails=True)
    watch = SloWatch(SPEC, SOURCE)
    (before,) = await poll(watch, source, 10, begin=AT + 4 * HOUR)
    told = watch.last_error
    source.fails = False
    await poll(watch, source, 51, begin=AT + 4 * HOUR + 600)
    (early,) = watch.statuses
    (after,) = await poll(watch, source, 2, begin=AT + 5 * HOUR + 60)

    assert "its past was not read (timeout: too slow), so its budget may look fuller than it is" in told
    assert (0.0, 0.0) == (before.error_ratio["30d"], early.error_ratio["30d"])
    assert after.error_ratio["30d"] == pytest.approx(1800 / (30 * 86400), rel=0.03)
    assert "" == watch.last_error


async def test_a_restart_reads_what_could_not_be_read_before() -> None:
    """What was counted meanwhile is kept, but it is not taken for the whole window."""
    source, around, saved = Half(fails=True), surroundings(), {}
    watch = SloWatch(SPEC, SOURCE)
    await poll(watch, source, 10, begin=AT + 4 * HOUR)
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add_slo(watch)
    await Keeper([poller], around, saved.update).save()
    source.fails = False
    restarted = SloWatch(SPEC, SOURCE)
    restore_slo(restarted, saved)
    (status,) = await poll(restarted, source, 1, begin=AT + 5 * HOUR)

    assert status.error_ratio["30d"] == pytest.approx(1800 / (30 * 86400), rel=0.03)


def unscraped(begin: float, end: float, *, old: float) -> Answering:
    """A target that runs on and is not scraped for a while; `old` events, a tenth bad, were before we came."""

    def there(at: float, value: float) -> Mapping[bytes, float]:
        return {} if begin < at <= end else {ONE: value}

    return Answering(
        {
            "total": lambda at: there(at, old + 10.0 * (at - AT)),
            "bad": lambda at: there(at, old / 10 + failed(at)),
            asked(SPEC).total: lambda at: there(at, 10.0),
            asked(SPEC).bad: lambda at: there(at, 0.0),
        }
    )


@pytest.mark.parametrize("hours", [0.8, 6, 40])
async def test_a_target_that_comes_back_does_not_bring_its_whole_life(hours: float) -> None:
    """A billion events of the last year, a tenth of them bad, are none of today's."""
    source = unscraped(AT + 600, AT + 600 + hours * HOUR, old=1e9)
    watch = SloWatch(SPEC, SOURCE)
    await poll(watch, source, 10)
    for minute in range(0, int(hours * 60), 5):
        await poll(watch, source, 1, begin=AT + 660 + 60 * minute)
    (status,) = await poll(watch, source, 10, begin=AT + 600 + hours * HOUR + 60)

    happened = failed(AT + 600 + hours * HOUR) if hours < 24 else 0.0
    assert not status.active & {"page"}
    assert not status.error_ratio["5m"]
    assert not status.error_ratio["1h"]
    assert status.error_ratio["30d"] == pytest.approx(happened / (10 * 30 * 86400), rel=0.05, abs=1e-7)


async def test_counters_of_a_server_that_has_just_started_are_no_events() -> None:
    """Both came up together, and nothing was scraped at the first poll: then come counters a year old."""
    source = unscraped(0.0, AT + 90, old=1e9)
    watch = SloWatch(SPEC, SOURCE)
    (status,) = await poll(watch, source, 10)

    assert not status.active
    assert status.error_ratio["30d"] == 0.0


OLD, BORN = b'{"code":"200","instance":"a:80","job":"shop"}', b'{"code":"200","instance":"b:80","job":"shop"}'
OLD_BAD, BORN_BAD = OLD.replace(b"200", b"500"), BORN.replace(b"200", b"500")
Shown = Callable[[float], Mapping[bytes, float]]


def fleet(total: Shown, bad: Shown) -> Answering:
    """Targets of the job shop; what the source knows of the past does not matter."""
    return Answering(
        {"total": lambda at: {**total(at), **bad(at)}, "bad": bad}
        | {asked(SPEC).total: lambda at: {ONE: 10.0}, asked(SPEC).bad: lambda at: {ONE: 0.0}}
    )


@pytest.mark.parametrize("hours", [0.1, 26], ids=["over a restart", "for more than a day"])
async def test_one_target_of_many_that_comes_back_does_not_bring_its_whole_life(hours: float) -> None:
    """It was away when the daemon started, or for longer than counters are kept; the others were there."""
    back = AT + hours * HOUR if hours > 1 else AT + 120

    def away(at: float) -> bool:
        return at < back and (hours < 1 or at > AT + 120)

    source = fleet(
        lambda at: {OLD: 10 * (at - AT)} | ({} if away(at) else {BORN: 1e9}),
        lambda at: {} if away(at) else {BORN_BAD: 1e8},
    )
    watch = SloWatch(SPEC, SOURCE)
    await poll(watch, source, 10)
    for minute in range(10, int(hours * 60), 5):
        await poll(watch, source, 1, begin=AT + 60 * minute)
    (status,) = await poll(watch, source, 10, begin=max(back, AT + 600))

    assert not status.active
    assert (0.0, 0.0) == (status.error_ratio["1h"], status.error_ratio["30d"])


@pytest.mark.parametrize(
    ("told", "share"),
    [({b'{"instance":"b:80","job":"shop"}': 1.0}, 30 / 36030), ({b'{"instance":"c:80","job":"shop"}': 1.0}, 0.0)],
    ids=["watched or born", "another was"],
)
async def test_a_target_that_nobody_knew_counts_what_the_source_says_came_since(
    told: Mapping[bytes, float], share: float
) -> None:
    """A pod of a roll-out that fails from its first request on, or a target that was scraped and had no series yet."""
    source = fleet(lambda at: {OLD: 10 * (at - AT)}, lambda at: {BORN_BAD: 30.0} if at > AT + 300 else {})
    source.watched_or_born = told
    watch = SloWatch(SPEC, SOURCE)
    (status,) = await poll(watch, source, 7)

    assert status.error_ratio["1h"] == pytest.approx(share, rel=0.02, abs=1e-9)


async def test_a_source_that_cannot_say_which_targets_it_watched_is_read_all_the_same() -> None:
    """The question is one more, and may be refused where the rest is not: then the newcomer is a base."""

    class Refusing(Answering):
        async def instant(self, expr: str, at: float):  # type: ignore[no-untyped-def]
            if "process_start_time_seconds" in expr:
                raise SourceError(SourceReason.TIMEOUT, "too slow")
            return await super().instant(expr, at)

    source = Refusing(
        fleet(lambda at: {OLD: 10 * (at - AT)}, lambda at: {BORN_BAD: 30.0} if at > AT + 300 else {}).answers
    )
    watch = SloWatch(SPEC, SOURCE)
    (status,) = await poll(watch, source, 7)

    assert 0.0 == status.error_ratio["1h"]
    assert "" == watch.last_error


@pytest.mark.parametrize(("minutes", "hour"), [(3, 12 / 36012), (20, 0.0)])
async def test_errors_that_were_born_while_their_target_was_away_are_none_of_this_minute(
    minutes: int, hour: float
) -> None:
    """Its other counters were there before; these began at some time since: beyond five minutes the budget has them."""
    back = AT + 120 + 60 * minutes

    def there(at: float) -> bool:
        return at < AT + 120 or at >= back

    source = fleet(
        lambda at: {OLD: 10 * (at - AT)} | ({BORN: 500.0} if there(at) else {}),
        lambda at: {BORN_BAD: 12.0} if at >= back else {},
    )
    watch = SloWatch(SPEC, SOURCE)
    (status,) = await poll(watch, source, minutes + 4)

    assert status.error_ratio["1h"] == pytest.approx(hour, rel=0.02, abs=1e-9)
    assert status.error_ratio["30d"] == pytest.approx(12 / (10 * 30 * 86400), rel=0.05)


async def test_a_group_that_goes_while_others_are_saved_spoils_no_save() -> None:
    """A thousand budgets take seconds to pack, and polls go on."""
    spec = slo("shop", EventsSli("total", bad="bad"), grouping=("pod",), max_groups=50)
    groups = [(("pod", f"{number:02}"),) for number in range(50)]
    around, saved = surroundings(), {}
    watch = SloWatch(spec, SOURCE)

    class Leaving(Budgets):
        def export_state(self, groups):  # type: ignore[no-untyped-def]
            exported = super().export_state(groups)
            self._drop((("pod", "49"),)) if len(self) == 50 else None
            return exported

    watch.budgets = Leaving(spec, asked(spec).guard)
    watch.budgets.admit(groups, AT)
    watch.last_success, watch.past.unread = AT, False
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add_slo(watch)
    await Keeper([poller], around, saved.update).save()
    restarted = SloWatch(spec, SOURCE)
    restore_slo(restarted, saved)

    assert groups[:49] == restarted.budgets.groups()
