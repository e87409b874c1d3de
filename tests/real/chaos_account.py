"""The account of a chaos run: each promise of paging, held against what PagerDuty saw and what the store says.

Enters: what happened, the world that was paged, the URL of the store. Leaves: figures and faults; prints them.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from chaos_world import AFTER, Happened
from fake_pagerduty import Request
from paging_world import PagingWorld

RANKS = {"trigger": 0, "acknowledge": 1, "resolve": 2}
STATUSES = {"resolved": "resolved", "acknowledged": "acknowledged", "open": "triggered"}
TAKEN = (202, "reset")
LEASE = 35.0  # seconds in which a page goes out whose claimer died or hung
LATE = 5.0  # seconds

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]


def asking(url: str) -> Ask:
    """Return what asks a store in SQL, beside the daemons."""

    def ask(statement: str) -> Rows:
        if url.startswith("postgresql://"):
            with psycopg.connect(url, autocommit=True) as server:
                return list(server.execute(statement).fetchall())
        path = url.removeprefix("sqlite:///")
        file = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10.0)
        try:
            return list(file.execute(statement).fetchall())
        finally:
            file.close()

    return ask


def rested(ask: Ask, within: float) -> float:
    """Wait until nothing waits to be processed or sent; return the seconds that took."""
    started = time.monotonic()
    waiting = "SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM outbox WHERE state = 'waiting')"
    while time.monotonic() - started < within:
        if ask(waiting) == [(0, 0)]:
            break
        time.sleep(0.5)
    return time.monotonic() - started


@dataclass
class Account:
    """Faults in words, and figures."""

    lost: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)  # keys that are of no incident
    disorder: list[str] = field(default_factory=list)
    extra: int = 0
    posts: int = 0
    resets: int = 0
    incidents: int = 0
    pages_late: list[tuple[float, int, str]] = field(default_factory=list)  # seconds, claims lost before, key
    timers_late: list[tuple[float, float]] = field(default_factory=list)  # seconds, when it was due
    fired_twice: list[str] = field(default_factory=list)

    def words(self, happened: Happened, rest: float) -> str:
        """Say all of it in two lines."""
        late = max((one[0] for one in self.pages_late), default=0.0)
        timers = max((one[0] for one in self.timers_late), default=0.0)
        return (
            f"{happened.kills} kills, {happened.halts} halts, {self.resets} resets in {happened.seconds:.0f} s: "
            f"{len(happened.promised.fired)} alerts, {self.incidents} incidents, "
            f"{len(happened.promised.ended)} ended, {len(happened.promised.acknowledged)} acknowledged; "
            f"at rest {rest:.0f} s later\n"
            f"lost {len(self.lost)}, untrue {len(self.untrue)}, out of order {len(self.disorder)}, "
            f"extra POSTs {self.extra} of {self.posts}; first try of a page at most {late:.1f} s late, "
            f"{len(self.timers_late)} timers at most {timers:.1f} s late, fired twice {len(self.fired_twice)}"
        )


def account(ask: Ask, world: PagingWorld, happened: Happened) -> Account:
    """Hold what was promised against what is."""
    seen: dict[str, list[Request]] = defaultdict(list)
    for one in list(world.pagerduty.requests):
        seen[str(one.body.get("dedup_key"))].append(one)
    incidents = ask("SELECT uid, title, state FROM incidents WHERE merged_into = ''")
    made = Account(incidents=len(incidents), posts=sum(map(len, seen.values())))
    _states(made, incidents, world, happened, seen)
    _orders(made, seen)
    _pages(made, ask, seen, happened)
    _timers(made, ask, happened)
    return made


def _states(
    made: Account, incidents: Rows, world: PagingWorld, happened: Happened, seen: dict[str, list[Request]]
) -> None:
    """Compare what PagerDuty shows with what is, and look for incidents that nobody was told of."""
    shown = {one.dedup_key: one.status for one in world.pagerduty.incidents}
    names = {}
    for uid, title, state in incidents:
        key = f"aiops/real/{uid}"
        names[str(title).split("Down")[1].split()[0]] = (key, state)
        if uid in happened.promised.acknowledged and state == "open":
            made.untrue.append(f"{key}: open although it was acknowledged")
    for name in happened.promised.fired:
        key, state = names.get(name, ("", "lost"))
        ended = name in happened.promised.ended
        if not key:
            made.lost.append(f"{name}: no incident")
        elif key not in shown and not (ended and not seen[key]):
            made.lost.append(f"{name}: no page, {state}")
        elif ended and state != "resolved":
            made.untrue.append(f"{name}: {state} although it ended")
        elif key in shown and shown[key] != STATUSES[state]:
            made.untrue.append(f"{name}: {shown[key]} at PagerDuty, {state} here")
    made.unknown = sorted(shown.keys() - {key for key, _ in names.values()})


def _orders(made: Account, seen: dict[str, list[Request]]) -> None:
    """Look for what came after what follows it, and count what was taken more than once."""
    taken: Counter[tuple[str, str]] = Counter()
    for key, requests in seen.items():
        highest = 0
        for one in requests:
            rank = RANKS[one.body["event_action"]]
            if rank < highest:
                made.disorder.append(f"{key}: {one.body['event_action']} came late")
            highest = max(highest, rank)
            taken[key, one.body["event_action"]] += one.status in TAKEN
            made.resets += one.status == "reset"
    made.extra = sum(count - 1 for count in taken.values() if count)


def _pages(made: Account, ask: Ask, seen: dict[str, list[Request]], happened: Happened) -> None:
    """Measure from the row of a page to its first POST, without the time in which no daemon ran."""
    rows = ask(
        "SELECT dedup_key, min(created_at), max(attempts) FROM outbox "
        "WHERE destination = 'receiver/duty/pagerduty/0' AND event = 'trigger' GROUP BY dedup_key"
    )
    for key, created_at, attempts in rows:
        posts = [one for one in seen[key] if one.body["event_action"] == "trigger"]
        if posts:
            made.pages_late.append((happened.late(created_at, posts[0].at), max(0, attempts - len(posts)), key))


def _timers(made: Account, ask: Ask, happened: Happened) -> None:
    """Measure from when a second step was due to its row, and look for those that fired more than once."""
    first: dict[str, float] = {}
    second: dict[str, list[float]] = defaultdict(list)
    steps = ask("SELECT incident, destination, created_at, step FROM outbox WHERE event = 'trigger' AND step <> ''")
    for incident, destination, created_at, _ in steps:
        if str(destination).startswith("receiver/duty/"):
            first[incident] = min(created_at, first.get(incident, created_at))
        elif str(destination).startswith("receiver/second/"):
            second[incident].append(created_at)
    for incident, moments in second.items():
        due_at = first[incident] + AFTER
        made.timers_late.append((happened.late(due_at, min(moments)), due_at))
        if len(moments) > 1:
            made.fired_twice.append(incident)


def faults(made: Account, happened: Happened) -> Sequence[str]:
    """List every promise that was broken."""
    found = [*made.lost, *made.untrue, *made.unknown, *(f"{one}: fired twice" for one in made.fired_twice)]
    if len(made.disorder) > happened.halts:
        found += made.disorder
    allowed = happened.kills + happened.halts + made.resets
    if made.extra > allowed:
        found.append(f"{made.extra} extra POSTs, {allowed} allowed")
    found += [f"{key}: {late:.1f} s late, {lost} claims lost" for late, lost, key in made.pages_late
              if late > LEASE * max(1, lost)]  # fmt: skip
    for late, due_at in made.timers_late:
        losses = sum(due_at - LATE <= one <= due_at + late for one in happened.losses)
        if late > LATE * max(1, losses):  # who takes over may be lost too
            found.append(f"a timer was {late:.1f} s late, with {losses} losses meanwhile")
    return found
