"""A primary of PostgreSQL dies, its standby is promoted: nothing that was answered 200 is lost, and paging goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos_account import account, asking, rested
from chaos_world import PATH, Happened, Promised, config, posted
from daemon_process import eventually
from paging_world import PagingWorld, webhook
from real_postgres import Postgres, Standby
from replica_process import Replica

pytestmark = [pytest.mark.real, pytest.mark.alone]


@pytest.fixture
def pair() -> Iterator[tuple[Postgres, Standby]]:
    """A primary whose commits wait for its standby."""
    primary = Postgres()
    try:
        standby = Standby(primary)
        try:
            yield primary, standby
        finally:
            standby.remove()
    finally:
        primary.remove()


@pytest.fixture
def replicas(tmp_path: Path, world: PagingWorld, pair: tuple[Postgres, Standby]) -> Iterator[list[Replica]]:
    """Two daemons that know both servers."""
    primary, standby = pair
    name = primary.new_database().rpartition("/")[2]
    url = f"postgresql://postgres@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/{name}"
    both = [Replica(tmp_path / "a", url), Replica(tmp_path / "b", url)]
    try:
        for one in both:
            one.configure(config(world))
            one.start()
        yield both
    finally:
        for one in both:
            one.end()


class Sender:
    """Sends an alert every few moments, and remembers when which was answered 200."""

    def __init__(self, daemon: Replica) -> None:
        self.taken: dict[str, float] = {}
        self._url = daemon.url + PATH
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._over.set()
        self._thread.join()

    def since(self, moment: float) -> list[float]:
        """Return when alerts were taken after a moment."""
        return [at for at in list(self.taken.values()) if at > moment]

    def _send(self) -> None:
        number = 0
        while not self._over.wait(0.05):
            number += 1
            if posted(self._url, webhook([f"x{number}"])) == 200:
                self.taken[f"x{number}"] = time.time()


def test_a_standby_is_promoted(replicas: list[Replica], world: PagingWorld, pair: tuple[Postgres, Standby]) -> None:
    """Commits wait for the standby, so what was answered 200 is there; the daemons find it by themselves."""
    primary, standby = pair
    sender = Sender(replicas[0])
    try:
        eventually(lambda: 20 <= len(world.pagerduty.incidents), "pages go out")
        primary.kill()
        time.sleep(1.0)
        promoted_at = time.time()
        standby.promote()
        eventually(lambda: 20 <= len(sender.since(promoted_at)), "webhooks are taken again")
        eventually(lambda: any(one.created_at > promoted_at for one in world.pagerduty.incidents), "pages go out again")
    finally:
        sender.stop()
    ask = asking(standby.url(replicas[0].database_url.rpartition("/")[2]))
    rest = rested(ask, 60.0)
    happened = Happened(Promised(dict.fromkeys(sender.taken, ("shop", 0.0))), 0, 0, 0.0)
    made = account(ask, world, happened)
    taken = sender.since(promoted_at)[0] - promoted_at
    paged = min(one.created_at for one in world.pagerduty.incidents if one.created_at > promoted_at) - promoted_at

    print(f"\n{len(sender.taken)} answered 200, lost {len(made.lost)}; at rest {rest:.1f} s later")
    print(f"after the promotion: a webhook is taken after {taken:.1f} s, a page goes out after {paged:.1f} s")
    assert [] == [*made.lost, *made.untrue, *made.unknown]
    assert 5.0 > taken
    assert 5.0 > paged
