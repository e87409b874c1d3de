"""What PagerDuty may do to a page, against a whole daemon: every fault has its end, and no other page waits for it.

Rows 2, 25 and 27 of the fault table: killed between the 202 and the note of it, refusals and silence of each kind, an
end that comes before its beginning was taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import real_servers
from chaos_world import PATH, config
from daemon_process import DaemonProcess, eventually, holds
from paging_world import PagingWorld, webhook

pytestmark = pytest.mark.real

AGAIN: dict[str, list[int | str]] = {
    "limited": [429, 429],
    "failing": [500, 502, 504],
    "stalled": ["stall"],  # taken, and never answered
    "reset": ["reset"],  # taken, and the connection ends
}
"""What is tried again, by the alert it befalls."""
NEVER: dict[str, int] = {"invalid": 400, "unauthorised": 401, "forbidden": 403}
"""What repeating cannot help."""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    """A daemon that is not configured yet."""
    process = DaemonProcess(tmp_path)
    try:
        yield process
    finally:
        process.end()


def started(daemon: DaemonProcess, world: PagingWorld, pagerduty: str = "") -> None:
    """Start it with PagerDuty where it is, or elsewhere."""
    daemon.configure(config(world).replace(world.pagerduty.url, pagerduty or world.pagerduty.url))
    daemon.start()


def name_in(body: dict[str, Any]) -> str:
    """Return the alert's name out of a summary like `[P2] INC-1 Downreset on reset`."""
    return str(body["payload"]["summary"]).split("Down")[1].split()[0]


def test_killed_between_the_202_and_the_note_of_it(daemon: DaemonProcess, world: PagingWorld) -> None:
    """The page is sent once more, by the same key: nobody is woken twice."""
    killed: list[str] = []

    def kill(path: str, body: dict[str, Any]) -> str | None:
        if killed:
            return None
        killed.append(path)
        assert daemon.server is not None
        daemon.server.process.kill()
        return "reset"  # taken, and there is nobody any more to hear of it

    started(daemon, world)
    world.pagerduty.fault = kill
    daemon.post(PATH, webhook(["one"]))
    eventually(lambda: killed, "the first POST")
    daemon.kill()
    daemon.start()
    eventually(lambda: 2 == len(world.posts()), "sent again")
    holds(lambda: 2 == len(world.posts()), 3.0, "once")

    assert 1 == len(world.pagerduty.incidents)
    assert 1 == len({body["dedup_key"] for body in world.posts()})
    assert 1 == world.extra()


def test_refusals_and_silence(daemon: DaemonProcess, world: PagingWorld) -> None:
    """What may help is tried again by the same key until it is taken; what cannot goes to the fallback at once."""
    left = {name: iter(faults) for name, faults in AGAIN.items()}

    def fault(path: str, body: dict[str, Any]) -> int | str | None:
        name = name_in(body)
        return NEVER.get(name) or next(left.get(name, iter(())), None)

    started(daemon, world)
    world.pagerduty.fault = fault
    daemon.post(PATH, webhook([*AGAIN, *NEVER, "healthy"]))
    eventually(lambda: len(AGAIN) + 1 == len(taken(world)), "all that can be taken is", 60.0)
    eventually(lambda: len(NEVER) == len(world.told), "the fallback is told of the others")
    eventually(lambda: not daemon.notifications(state="waiting"), "nothing waits")
    tries = Counter(name_in(body) for body in world.posts())
    keys = Counter(body["dedup_key"] for body in world.posts())

    assert {name: len(faults) + 1 for name, faults in AGAIN.items()} | dict.fromkeys(NEVER, 1) | {"healthy": 1} == tries
    assert len(tries) == len(keys)
    assert {*AGAIN, "healthy"} == set(taken(world))
    assert {name for name in NEVER if any(name in told.body for told in world.told)} == NEVER.keys()
    assert len(NEVER) == daemon.metric("aiops_outbox_dead_letters_total", integration="pagerduty")
    assert len(NEVER) == daemon.said().count('msg="notification given up"')


def taken(world: PagingWorld) -> list[str]:
    """Return the names of alerts that PagerDuty shows."""
    return [one.title.split("Down")[1].split()[0] for one in list(world.pagerduty.incidents)]


@pytest.mark.parametrize(
    "place", ["https://pagerduty.invalid", "https://127.0.0.1:{port}", "http://127.0.0.1:{nobody}"]
)
def test_nobody_is_there(daemon: DaemonProcess, world: PagingWorld, place: str) -> None:
    """No such name, no TLS, nobody listens: unreachable, tried again, and paged once somebody is there."""
    port = world.pagerduty.url.rpartition(":")[2]
    started(daemon, world, pagerduty=place.format(port=port, nobody=real_servers.free_port()))
    daemon.post(PATH, webhook(["one"]))
    eventually(lambda: 1 < attempts(daemon), "tried again")
    (row,) = daemon.notifications()
    daemon.terminate()
    started(daemon, world)
    eventually(lambda: ["one"] == taken(world), "paged", 60.0)

    assert ("waiting", "unreachable") == (row["state"], row["reason"])
    assert [] == world.told


def attempts(daemon: DaemonProcess) -> int:
    """Return how often the only message was tried."""
    return sum(int(one["attempts"]) for one in daemon.notifications())


def test_an_end_does_not_overtake_its_beginning(daemon: DaemonProcess, world: PagingWorld) -> None:
    """The trigger is refused again and again while the alert ends: the resolve waits for it."""
    refusals = iter([503, 503])
    world.pagerduty.fault = lambda path, body: next(refusals, None) if body["event_action"] == "trigger" else None
    started(daemon, world)
    daemon.post(PATH, webhook(["one"]))
    eventually(world.posts, "the first attempt")
    daemon.post(PATH, webhook(["one"], firing=False))
    eventually(lambda: ["resolved"] == [one.status for one in world.pagerduty.incidents], "resolved there")

    assert ["trigger", "trigger", "trigger", "resolve"] == [body["event_action"] for body in world.posts()]
