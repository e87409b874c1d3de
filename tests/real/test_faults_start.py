"""A start on a store that is broken, newer or gone: never silently empty, and people are told."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from daemon_process import DaemonProcess, eventually
from webhook_faults import alert, code, lone_daemon, processed, refusal

pytestmark = pytest.mark.real

Spoil = Callable[[Path], object]


def emptied(path: Path) -> None:
    """Leave no bytes."""
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    """Leave the first half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribbled(path: Path) -> None:
    """Spoil pages in the middle."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 8192 * 4096
    content[middle : middle + 12_288] = b"\xa5" * 12_288
    path.write_bytes(content)


def overwritten(path: Path) -> None:
    """Put something in its place that is no database."""
    path.write_bytes(b"not a database, but a text\n" * 1_000)


def removed(path: Path) -> None:
    """Delete it with its log."""
    for each in path.parent.glob(path.name + "*"):
        each.unlink()


def prepared(folder: Path, *, backup: bool) -> set[str]:
    """Make a store with alerts, a backup of some of them if wanted, and kill the daemon; return those in the backup."""
    with lone_daemon(folder) as daemon:
        assert 200 == code(daemon, alert("Kept"), alert("KeptToo"))
        processed(daemon)
        if backup:
            argv = [sys.executable, "-m", "aiops_daemon", "db", "backup", f"--config.file={folder / 'config.yaml'}"]
            subprocess.run(argv, check=True, capture_output=True, timeout=60)
        assert 200 == code(daemon, alert("Late"))
        processed(daemon)
        daemon.terminate()
    return {"Kept", "KeptToo"} if backup else set()


def names(daemon: DaemonProcess) -> set[str]:
    """Name the alerts that a sender told of."""
    return {each["rule"] for each in daemon.alerts(source="prod") if not each["rule"].startswith("Mark")}


def told(daemon: DaemonProcess) -> str:
    """Return what the daemon says of itself as open incidents."""
    eventually(lambda: daemon.alerts(rule="AiopsStoreMended"), "it says that the store was mended")
    incidents = {each["uid"]: each["state"] for each in daemon.incidents()}
    mended = daemon.alerts(rule="AiopsStoreMended")
    assert {"open"} == {incidents[each["incident"]] for each in mended}
    return "\n".join(each["annotations"]["summary"] for each in mended)


@pytest.mark.parametrize(
    ("spoil", "backup"),
    [
        pytest.param(emptied, True, marks=pytest.mark.slow),
        (truncated, True),
        pytest.param(scribbled, True, marks=pytest.mark.slow),
        pytest.param(overwritten, False, marks=pytest.mark.slow),
        pytest.param(removed, True, marks=pytest.mark.slow),
    ],
)
def test_a_broken_store_is_set_aside_and_people_are_told(spoil: Spoil, backup: bool, tmp_path: Path) -> None:
    """The newest backup is in its place; an incident and the log say so; new alerts are taken."""
    kept = prepared(tmp_path, backup=backup)
    spoil(tmp_path / "state" / "aiops.db")

    with lone_daemon(tmp_path) as daemon:
        words = told(daemon)

        assert kept == names(daemon)
        assert ("was restored" in words, "starts empty" in words) == (backup, not backup)
        assert "the store had to be mended" in daemon.said()
        assert (spoil is not removed) == bool(list(daemon.database.parent.glob("aiops.db.corrupt-*Z")))
        assert 200 == code(daemon, alert("New"))
        processed(daemon)
        assert kept | {"New"} == names(daemon)
        assert "Traceback" not in daemon.said()


@pytest.mark.slow
def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    """It ends with words that name the version; not a byte is changed, and the release that wrote it still reads it."""
    prepared(tmp_path, backup=True)
    path = tmp_path / "state" / "aiops.db"
    with closing(sqlite3.connect(path)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute("PRAGMA user_version=99")
    before = path.read_bytes()

    status, words = refusal(DaemonProcess(tmp_path))

    assert 0 != status
    assert "store version 99" in words
    assert "Traceback" not in words
    assert before == path.read_bytes()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={version}")
    with lone_daemon(tmp_path) as daemon:
        assert {"Kept", "KeptToo", "Late"} == names(daemon)
