"""Chaos: alerts come, people answer, daemons are killed and halted, and PagerDuty is faulty; then accounts are made.

Enters: daemons that share a store, a world that they page. Leaves: what was promised (answered 200), what was broken,
and how often. Everything is seeded, but processes and their kills have a clock of their own.
"""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import real_servers
from daemon_process import DaemonProcess
from paging_world import KEY, PagingWorld, webhook

PATH = "/webhooks/alertmanager/prod"
AFTER = 8.0  # seconds to the second step
PATIENCE = 4.0  # seconds for an answer, then the next one is asked, as Alertmanagers' retries do
RUNNING = 1  # daemons at least that are neither killed nor halted, where there are more than two

CONFIG = """\
global: {{cluster: real, mode: live}}
prometheus: [{{name: main, urls: ["http://127.0.0.1:{nobody}"], external_labels: {{cluster: none}}}}]
alertmanagers: [{{name: prod}}]
packs: {{enable: []}}
grouping: {{never_across: ["n"]}}
route:
  escalation: once
  routes:
    - {{matchers: ['team="timed"'], escalation: twice}}
escalations:
  - {{name: once, steps: [{{notify: [receiver/duty]}}], fallback: receiver/fallback}}
  - name: twice
    steps: [{{notify: [receiver/duty]}}, {{notify: [receiver/second], after: {after:g}s}}]
    fallback: receiver/fallback
receivers:
  - name: duty
    storm: {{pages: 10000, within: 1m}}
    pagerduty_configs: [{{routing_key: {key}, url: "{pagerduty}/v2/enqueue", api_url: "{pagerduty}"}}]
  - name: second
    storm: {{pages: 10000, within: 1m}}
    webhook_configs: [{{url: "{other}/second", secret: of-the-webhook}}]
  - name: fallback
    storm: {{pages: 10000, within: 1m}}
    webhook_configs: [{{url: "{other}/fallback", secret: of-the-webhook}}]
"""


@dataclass(frozen=True, slots=True)
class Dose:
    """How much of what: incidents in bodies of some, paced; kills and halts, with the seconds between two."""

    incidents: int
    kills: int
    halts: int = 0
    seed: int = 1
    body: int = 5
    pace: float = 0.15  # seconds between two bodies
    between: tuple[float, float] = (1.0, 4.0)
    halted: tuple[float, ...] = (2.0, 6.0)  # seconds that a halt lasts
    heals: bool = False  # PagerDuty is well again once all alerts have come


def config(world: PagingWorld) -> str:
    """Write the configuration of daemons that page there: no storms, and a second step for team `timed`."""
    given = {"pagerduty": world.pagerduty.url, "other": world.other_url, "key": KEY, "after": AFTER}
    return CONFIG.format(nobody=real_servers.free_port(), **given)


@dataclass
class Promised:
    """What was answered 200."""

    fired: dict[str, tuple[str, float]] = field(default_factory=dict)  # by name, its team and when it began
    ended: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)  # uids
    doubtful: set[str] = field(default_factory=set)  # a halted daemon may read of their firing when it wakes


class Answer(NamedTuple):
    """What was answered at last, and whether somebody was asked before who did not answer at all."""

    code: int
    silent: bool


class People:
    """Alertmanager and people: each asks one daemon after the other until one answers 200."""

    def __init__(
        self, daemons: Sequence[DaemonProcess], world: PagingWorld, dose: Dose, ahead: Callable[[float], bool]
    ) -> None:
        self.promised = Promised()
        self._ahead = ahead
        self._daemons = daemons
        self._world = world
        self._dose = dose
        self._chance = random.Random(dose.seed)

    def run(self) -> None:
        """Let all alerts fire, half of them end, and some be acknowledged."""
        for first in range(0, self._dose.incidents, self._dose.body):
            names = [f"x{number}" for number in range(first, min(first + self._dose.body, self._dose.incidents))]
            since = time.time()
            team = self._chance.choice(("shop", "timed"))
            if self._insist(PATH, webhook(names, team=team, since=since)).silent:
                self.promised.doubtful |= set(names)
            self.promised.fired |= dict.fromkeys(names, (team, since))
            if self._chance.random() < 0.5:
                self._end()
            if self._chance.random() < 0.3:
                self._acknowledge()
            time.sleep(self._dose.pace)
            while self._ahead(first / self._dose.incidents):
                time.sleep(0.1)

    def _end(self) -> None:
        """End some that fire, the latest too: their triggers may wait still.

        Not those of which a daemon may tell late that they fire: there is no Alertmanager to ask, so it is believed.
        """
        over = self.promised.ended | self.promised.doubtful
        firing = [name for name in self.promised.fired if name not in over][-100:]
        for name in self._chance.sample(firing, min(len(firing), self._dose.body)):
            team, since = self.promised.fired[name]
            self._insist(PATH, webhook([name], firing=False, team=team, since=since))
            self.promised.ended.add(name)

    def _acknowledge(self) -> None:
        """Answer one of the latest pages."""
        pages = [one for one in self._world.pagerduty.incidents[-50:] if one.status == "triggered"]
        if pages:
            uid = self._chance.choice(pages).dedup_key.split("/")[2]
            if self._insist(f"/api/v1/incidents/{uid}/ack", {}).code == 200:
                self.promised.acknowledged.add(uid)

    def _insist(self, path: str, body: Any) -> Answer:
        """Ask until somebody answers 200, or says that it is not possible any more."""
        deadline = time.monotonic() + 120.0
        turn, silent = self._chance.randrange(len(self._daemons)), False
        while time.monotonic() < deadline:
            code = posted(self._daemons[turn % len(self._daemons)].url + path, body)
            if code in (200, 404, 409, 422):
                return Answer(code, silent)
            silent = silent or code == 0
            turn += 1
            time.sleep(0.05)
        raise AssertionError(f"nobody takes {path} for two minutes")


def posted(url: str, body: Any) -> int:
    """POST and return the status; 0: no answer."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


class Fate:
    """Kills and halts daemons at random; never the last one that runs, where there are more than two."""

    def __init__(self, daemons: Sequence[DaemonProcess], dose: Dose) -> None:
        self._free = list(daemons)
        self._lock = threading.Lock()
        self._dose = dose
        self.over = threading.Event()
        self.losses: list[float] = []  # when a daemon was killed or halted
        self.outages: list[tuple[float, float]] = []  # from when to when nobody ran, where there is one daemon
        self._alone = len(daemons) == 1

    def waits_for(self, share: float) -> bool:
        """Say whether so large a share of the alerts is further than the kills are: they are to meet."""
        killed = len(self.losses) / max(1, self._dose.kills + self._dose.halts)
        return share > killed + 0.02 and not self.over.is_set() and bool(self._dose.kills)

    def kill(self) -> int:
        """Kill and start again, as often as wanted; return how often that was."""
        chance = random.Random(self._dose.seed + 1)
        for number in range(self._dose.kills):
            if self.over.wait(chance.uniform(*self._dose.between)):
                return number
            victim = self._take(chance)
            self.losses.append(time.time())
            victim.kill()
            victim.start()
            if self._alone:
                self.outages.append((self.losses[-1], time.time()))
            self._give(victim)
        return self._dose.kills

    def halt(self) -> int:
        """Halt and let go on, as often as wanted; return how often that was."""
        chance = random.Random(self._dose.seed + 2)
        for number in range(self._dose.halts):
            if self.over.wait(chance.uniform(*self._dose.between)):
                return number
            victim = self._take(chance)
            self.losses.append(time.time())
            victim.halt()
            self.over.wait(chance.choice(self._dose.halted))
            victim.go_on()
            self._give(victim)
        return self._dose.halts

    def _take(self, chance: random.Random) -> DaemonProcess:
        with self._lock:
            return self._free.pop(chance.randrange(len(self._free)))

    def _give(self, daemon: DaemonProcess) -> None:
        with self._lock:
            self._free.append(daemon)


@dataclass(frozen=True, slots=True)
class Happened:
    """What was promised, and what befell the daemons."""

    promised: Promised
    kills: int
    halts: int
    seconds: float
    losses: tuple[float, ...] = ()
    outages: tuple[tuple[float, float], ...] = ()

    def late(self, due_at: float, at: float) -> float:
        """Return how late something was, without the time in which no daemon ran."""
        down = sum(max(0.0, min(at, end) - max(due_at, begin)) for begin, end in self.outages)
        return at - due_at - down


def unleash(daemons: Sequence[DaemonProcess], world: PagingWorld, dose: Dose) -> Happened:
    """Let alerts come while daemons are killed and halted; all run again at the end."""
    fate = Fate(daemons, dose)
    people = People(daemons, world, dose, fate.waits_for)
    started = time.monotonic()
    with ThreadPoolExecutor(2) as threads:
        halts, told = threads.submit(fate.halt), threads.submit(people.run)
        told.add_done_callback(lambda done: fate.over.set() if done.exception() else None)
        try:
            kills = fate.kill()  # on this thread: a process ends with the thread that started it
        except BaseException:
            fate.over.set()
            raise
        told.result()
        halted = halts.result()
    return Happened(people.promised, kills, halted, time.monotonic() - started, tuple(fate.losses), tuple(fate.outages))
