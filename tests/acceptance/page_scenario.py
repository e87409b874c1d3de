"""The grammar of acceptance tests of paging: a script of what happens and who is told when; anything else fails.

    s = PageScenario(folder, route=..., escalations=...)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages("person/ann/sms", count=1)
    await s.play()

A whole daemon in virtual time; channels are recorders that can be told to fail. Times are of one day, UTC.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from alert_scenario import EPOCH, AlertScenario

from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Notification, Outcome, Sent
from aiops_daemon.core.model.oncall import PersonSpec
from aiops_daemon.core.model.receiver import ChannelSpec, ReceiverSpec
from aiops_daemon.core.model.route import Mode, RouteSpec

_DAY = EPOCH - EPOCH % 86_400 + 86_400  # the midnight after


@dataclass(frozen=True)
class RecorderSpec:
    """A channel of a test."""

    integration: str
    destination: str = ""
    send_resolved: bool = True
    pages: bool = True


@dataclass
class Recorded:
    """One message that a channel was given."""

    at: float
    notification: Notification
    outcome: Outcome

    @property
    def words(self) -> str:
        """Say what it was, for a failing test."""
        one = self.notification
        return f"{clock_of(self.at)} {one.destination} {one.message.event} {one.message.name} {one.dedup_key}"


@dataclass
class Recorder:
    """Keeps what it is given, and answers as it is told."""

    scenario: PageScenario

    async def send(self, notification: Notification) -> Outcome:
        """Keep it."""
        outcome = self.scenario.answer(notification)
        if outcome is not None:
            kept = self.scenario.sent if isinstance(outcome, Sent) else self.scenario.failed
            kept.append(Recorded(self.scenario.clock.now(), notification, outcome))
            return outcome
        await self.scenario.clock.sleep(3600.0)
        raise AssertionError("a hanging channel was waited for")

    async def close(self) -> None:
        """Nothing to release."""


@dataclass
class Expected:
    """Messages that must come in a stretch of time."""

    begins: float
    ends: float
    destination: str
    event: MessageEvent
    count: int
    more: dict[str, Any] = field(default_factory=dict)

    def takes(self, one: Recorded) -> bool:
        """Say whether a message is one of them."""
        row = one.notification
        return (
            self.begins <= one.at <= self.ends
            and row.destination == self.destination
            and row.message.event is self.event
            and all(getattr(row, name, getattr(row.message, name, None)) == value for name, value in self.more.items())
        )


PEOPLE = tuple(PersonSpec(name, (("sms", f"+49{number}"),)) for number, name in enumerate(("ann", "bo", "cy"), 301))
WAYS = ReceiverSpec("people", (RecorderSpec("sms"),))
CHAT = ReceiverSpec("chat", (RecorderSpec("slack", "#ops", pages=False),))
DUTY = ReceiverSpec("duty", (RecorderSpec("pagerduty", "duty"),))
LADDER = EscalationSpec(
    "shop",
    (StepSpec(("person/ann",)), StepSpec(("person/bo",), after=180.0)),
    repeat_after=180.0,
    fallback="receiver/chat",
)
LIVE = RouteSpec(escalation="shop", mode=Mode.LIVE)


class PageScenario(AlertScenario):
    """A daemon whose messages are recorded, and the script that it plays."""

    leisure = 10.0
    epoch = _DAY + 9 * 3600.0 + 58 * 60.0

    def __init__(self, folder: Path, **given: Any) -> None:
        defaults: dict[str, Any] = {
            "route": LIVE,
            "escalations": (LADDER,),
            "people": PEOPLE,
            "receivers": (WAYS, CHAT, DUTY),
            "mode": Mode.LIVE,
            "cluster": "test",
        }
        super().__init__(folder, **(defaults | given))
        self.sent: list[Recorded] = []
        self.failed: list[Recorded] = []
        self.answer: Callable[[Notification], Outcome | None] = lambda notification: Sent()
        self._script: list[tuple[float, int, Callable[[], Awaitable[None]]]] = []
        self._expected: list[Expected] = []

    def _options(self) -> Any:
        return replace(super()._options(), make_notifier=self._make)

    def _make(self, spec: ChannelSpec) -> Recorder:
        return Recorder(self)

    def at(self, clock: str) -> Moment:  # type: ignore[override]
        """Say what happens at a time of the day."""
        return Moment(self, at(clock))

    def between(self, begins: str, ends: str) -> Window:
        """Say who is told in a stretch of time."""
        return Window(self, at(begins), at(ends))

    def then(self, moment: float, what: Callable[[], Awaitable[None]]) -> None:
        """Put something into the script."""
        self._script.append((moment, len(self._script), what))

    def expect(self, expected: Expected) -> None:
        """Expect messages."""
        self._expected.append(expected)

    async def play(self, until: str = "") -> None:
        """Play the script, then compare what was sent with what had to be."""
        moments = [at(until)] if until else []
        moments += [moment for moment, _, _ in self._script]
        ends = max(moments + [expected.ends for expected in self._expected])
        async with self:
            for moment, _, what in sorted(self._script, key=lambda one: one[:2]):
                await self.clock.sleep(max(0.0, moment - self.clock.now()))
                await what()
            await self.clock.sleep(max(0.0, ends + 30.0 - self.clock.now()))
        self._compare()

    def _compare(self) -> None:
        left = list(self.sent)
        for expected in self._expected:
            found = [one for one in left if expected.takes(one)]
            told = "\n".join(one.words for one in self.sent)
            words = f"{clock_of(expected.begins)}-{clock_of(expected.ends)} {expected.destination} {expected.event}"
            assert expected.count == len(found), f"{words}: {len(found)} instead of {expected.count}; sent:\n{told}"
            left = [one for one in left if one not in found]
        unexpected = [one.words for one in left]
        assert not unexpected, f"sent, though nobody expected it: {unexpected}"


@dataclass(frozen=True)
class Moment:
    """Something happens."""

    scenario: PageScenario
    time: float

    def alert(self, *alerts: dict[str, str]) -> None:
        """Alerts fire."""
        self.scenario.then(self.time, lambda: self.scenario.fire(*alerts))

    def resolve(self, *alerts: dict[str, str]) -> None:
        """Alerts end."""
        self.scenario.then(self.time, lambda: self.scenario.resolve(*alerts))

    def act(self, kind: str, number: int = 1, **given: Any) -> None:
        """Somebody acts on an incident."""

        async def act() -> None:
            status, answer = await self.scenario.post(f"/api/v1/incidents/INC-{number}/{kind}", **given)
            assert 200 == status, answer

        self.scenario.then(self.time, act)

    def restart(self, *, after: float = 0.0) -> None:
        """The daemon is stopped, and started again after some seconds."""
        self.scenario.then(self.time, lambda: self.scenario.restart(after=after))

    def reload(self, **changes: Any) -> None:
        """The configuration changes."""

        async def reload() -> None:
            self.scenario.next_settings = replace(self.scenario.settings, **changes)
            self.scenario.settings = self.scenario.next_settings
            outcome = await self.scenario.daemon.reload()
            assert () == outcome.faults

        self.scenario.then(self.time, reload)

    def answer(self, answer: Callable[[Notification], Outcome | None]) -> None:
        """Channels answer differently from now on; None hangs."""

        async def change() -> None:
            self.scenario.answer = answer

        self.scenario.then(self.time, change)

    def run(self, what: Callable[[], Awaitable[None]]) -> None:
        """Something else happens."""
        self.scenario.then(self.time, what)


@dataclass(frozen=True)
class Window:
    """Somebody is told."""

    scenario: PageScenario
    begins: float
    ends: float

    def pages(self, destination: str, *, count: int = 1, **more: Any) -> None:
        """A destination is told of an incident."""
        self._expect(destination, MessageEvent.TRIGGER, count, more)

    def tells(self, destination: str, event: MessageEvent, *, count: int = 1, **more: Any) -> None:
        """A destination is told of something else."""
        self._expect(destination, event, count, more)

    def _expect(self, destination: str, event: MessageEvent, count: int, more: dict[str, Any]) -> None:
        self.scenario.expect(Expected(self.begins, self.ends, destination, event, count, more))


def at(clock: str) -> float:
    """Return the moment (unix seconds) of a time of that day."""
    parts = [int(part) for part in clock.split(":")]
    hours, minutes, seconds = (*parts, 0)[:3]
    return _DAY + hours * 3600.0 + minutes * 60.0 + seconds


def clock_of(moment: float) -> str:
    """Write a moment as a time of that day."""
    seconds = round(moment - _DAY)
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
