"""The disk under a running daemon is full, read-only or gone: it says so, keeps its word, and goes on by itself."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from daemon_process import DaemonProcess, eventually, holds
from small_disk import remount, small_disk
from webhook_faults import PATIENCE, alert, body, code, lone_daemon, post, processed, refusal

pytestmark = pytest.mark.real

READY = (200, "aiops-daemon is ready.\n")
LARGE = {"description": "x" * 8_000}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    """A daemon with its store on a file system of its own."""
    with small_disk(tmp_path / "state"), lone_daemon(tmp_path) as process:
        yield process


def fill(path: Path) -> None:
    """Take all the room that is left."""
    with path.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4_096))
        except OSError:
            return


def names(daemon: DaemonProcess) -> set[str]:
    """Name the alerts that are known."""
    return {each["rule"] for each in daemon.alerts()}


def not_ready(daemon: DaemonProcess, why: str) -> bool:
    """Say whether the readiness probe fails for this reason."""
    status, words = daemon.readiness()
    return status == 503 and why in words


def hurried(daemon: DaemonProcess, *alerts: object) -> int:
    """Send as Alertmanager does, which hangs up after ten seconds; return the code of the answer."""
    return post(daemon, body(*alerts), timeout=PATIENCE)[0]


def send_until(daemon: DaemonProcess, wanted: int, prefix: str) -> set[str]:
    """Send alerts until one is answered so; return those that were answered 200."""
    taken: set[str] = set()

    def sent() -> bool:
        name = f"{prefix}{len(taken)}"
        answer = code(daemon, alert(name, annotations=LARGE))
        assert answer in (200, 503)
        taken.update([name] if answer == 200 else [])
        return answer == wanted

    eventually(sent, f"an alert is answered {wanted}", within=60.0)
    return taken


@pytest.mark.slow
def test_a_full_disk_refuses_alerts_until_there_is_room(daemon: DaemonProcess) -> None:
    """503 and not ready, with the reason; what was answered 200 is there, then and after; no restart is needed."""
    hog = daemon.folder / "state" / "hog"
    pid = daemon.pid
    taken = send_until(daemon, 200, "Before")
    fill(hog)
    taken |= send_until(daemon, 503, "While")
    eventually(lambda: not_ready(daemon, "store cannot be written (full)"), "it is not ready")

    assert daemon.metric("aiops_store_failures_total", reason="full") > 0
    assert daemon.metric("aiops_webhooks_total", code="503") > 0
    eventually(lambda: taken <= names(daemon), "what was taken is processed, full or not")
    fill(hog)
    holds(lambda: code(daemon, alert("Refused")) == 503, 2.0, "it goes on refusing")
    hog.unlink()
    taken |= send_until(daemon, 200, "After")
    eventually(lambda: daemon.readiness() == READY, "it is ready again")
    processed(daemon)
    assert pid == daemon.pid
    assert taken <= names(daemon)
    assert "Refused" not in names(daemon)
    daemon.kill()
    daemon.start()
    assert taken <= names(daemon)
    assert "Traceback" not in daemon.said()


@pytest.mark.slow
def test_a_disk_that_fails_to_write_is_told_of_until_it_writes_again(tmp_path: Path) -> None:
    """Every write past a limit is an I/O error, for database and log alike; reading goes on."""
    with lone_daemon(tmp_path) as daemon:
        before = resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE)
        taken = send_until(daemon, 200, "Before")
        processed(daemon)
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (256 * 1024, before[1]))
        taken |= send_until(daemon, 503, "While")
        eventually(lambda: not_ready(daemon, "store cannot be written"), "it is not ready")

        assert {"Before0"} <= names(daemon)
        assert daemon.metric("aiops_webhooks_total", code="503") > 0
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, before)
        taken |= send_until(daemon, 200, "After")
        eventually(lambda: daemon.readiness() == READY, "it is ready again")
        processed(daemon)
        assert taken <= names(daemon)


@pytest.mark.slow
def test_a_disk_that_became_read_only_is_refused_at_the_start(daemon: DaemonProcess) -> None:
    """It ends with words that say what to do; once the disk is writable, everything is there."""
    taken = send_until(daemon, 200, "Before")
    daemon.kill()
    remount(daemon.folder / "state", "ro")

    status, words = refusal(daemon)

    assert 0 != status
    assert "writable" in words
    assert "Traceback" not in words
    remount(daemon.folder / "state", "rw")
    daemon.start()
    processed(daemon)
    assert taken <= names(daemon)


@pytest.mark.slow
def test_a_store_that_vanishes_is_missed_until_it_is_back(tmp_path: Path) -> None:
    """Nothing is written where nobody would find it; when the folder is back, it goes on."""
    with lone_daemon(tmp_path) as daemon:
        folder = daemon.database.parent
        taken = send_until(daemon, 200, "Before")
        processed(daemon)
        folder.rename(tmp_path / "elsewhere")
        send_until(daemon, 503, "While")
        eventually(lambda: not_ready(daemon, "store cannot be written (unreachable)"), "it is not ready")

        assert not daemon.database.exists()
        (tmp_path / "elsewhere").rename(folder)
        taken |= send_until(daemon, 200, "After")
        eventually(lambda: daemon.readiness() == READY, "it is ready again")
        processed(daemon)
        assert taken <= names(daemon)


@pytest.mark.slow
def test_a_store_that_another_process_locks_is_waited_for(tmp_path: Path) -> None:
    """503 with the reason while it is held, and again 200 once it is let go."""
    with lone_daemon(tmp_path) as daemon:
        taken = send_until(daemon, 200, "Before")
        processed(daemon)
        with closing(sqlite3.connect(daemon.database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            send_until(daemon, 503, "While")
            assert taken <= names(daemon)
            with ThreadPoolExecutor(16) as senders:  # while desk, probe and lease wait for the lock too
                late = list(senders.map(lambda number: hurried(daemon, alert(f"Late{number}")), range(64)))
            assert {503} == set(late)
        taken |= send_until(daemon, 200, "After")
        processed(daemon)

        assert daemon.metric("aiops_store_failures_total", reason="locked") > 0
        assert taken <= names(daemon)
