"""The store's bad days: broken, foreign, newer, locked, missing, read-only and full; never silently empty."""

from __future__ import annotations

import asyncio
import resource
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from real_servers import binary
from small_disk import small_disk
from store_world import delivery, opened, sqlite_spec, sqlite_store

from aiops_daemon.clock import SystemClock
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store.ballast import NAME as BALLAST
from aiops_daemon.edges.store.engine import Patience
from aiops_daemon.edges.store.store import SqlStore, open_store
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.ports.store import Changes

EVERYTHING = 1 << 30


async def bodies(store: SqlStore) -> list[bytes]:
    """Return the bodies that wait, oldest first."""
    return [row.body for row in await store.pending(100_000, bytes_limit=EVERYTHING)]


async def filled(folder: Path, rows: int = 300) -> Path:
    """Make a store with rows in a folder; return its file."""
    async with sqlite_store(folder) as store:
        await asyncio.gather(*(store.accept(delivery(f"{number}" * 500)) for number in range(rows)))
    return folder / "aiops.db"


async def refusal(spec: StorageSpec) -> StoreError:
    """Open a store that cannot be opened; return the error."""
    with pytest.raises(StoreError) as raised:
        await open_store(spec, SystemClock())
    return raised.value


def emptied(path: Path) -> None:
    """Leave no bytes."""
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    """Leave the first half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwritten(path: Path) -> None:
    """Put something in its place that is no database."""
    path.write_bytes(b"not a database, but a text\n" * 1_000)


def scribbled(path: Path) -> None:
    """Spoil pages in the middle."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 8192 * 4096
    content[middle : middle + 12_288] = b"\xa5" * 12_288
    path.write_bytes(content)


BROKEN = [emptied, truncated, overwritten, scribbled]


@pytest.mark.parametrize("spoil", BROKEN)
async def test_a_broken_file_is_set_aside_and_the_store_starts_empty_with_a_note(spoil, tmp_path: Path) -> None:
    """Without a backup: the file lies beside, unchanged, the note names it, and the new store works."""
    path = await filled(tmp_path)
    spoil(path)
    spoilt = path.read_bytes()

    async with sqlite_store(tmp_path) as store:
        aside = list(tmp_path.glob("aiops.db.corrupt-*Z"))

        assert [spoilt] == [one.read_bytes() for one in aside]
        assert aside[0].name in store.notes[0]
        assert "starts empty" in store.notes[1]
        assert [] == await bodies(store)
        await store.accept(delivery("new"))
    async with sqlite_store(tmp_path) as store:
        assert () == store.notes
        assert [b"new"] == await bodies(store)


@pytest.mark.parametrize("spoil", BROKEN)
async def test_a_broken_file_gives_way_to_the_newest_usable_backup(spoil, tmp_path: Path) -> None:
    """A newer copy that is broken itself is passed over."""
    async with sqlite_store(tmp_path) as store:
        await store.accept(delivery("before"))
        backup = Path(await store.backup())
        await store.accept(delivery("after"))
    shutil.copy(backup, newer := backup.with_name("aiops-99990101T000000Z.db"))
    truncated(newer)
    spoil(tmp_path / "aiops.db")

    async with sqlite_store(tmp_path) as store:
        assert [b"before"] == await bodies(store)
        assert backup.name in store.notes[1]
        assert 1 == len(list(tmp_path.glob("aiops.db.corrupt-*Z")))


async def test_a_page_that_breaks_while_it_runs_is_found(tmp_path: Path) -> None:
    """By the look at every page, beside the work; a whole file has no faults."""
    path = await filled(tmp_path)
    async with sqlite_store(tmp_path) as store:
        assert () == await store.check()

        scribbled(path)
        with pytest.raises(StoreError) as raised:
            await store.check()

    assert StoreReason.CORRUPT is raised.value.reason


async def test_a_look_at_every_page_ends_with_the_store(tmp_path: Path) -> None:
    """However large the file is: a stop does not wait for it."""
    await filled(tmp_path)
    async with sqlite_store(tmp_path) as store:
        looking = asyncio.gather(*(store.check() for _ in range(20)), return_exceptions=True)
        await asyncio.sleep(0)
        await store.close()
        ends = await looking

    assert {(), StoreError, asyncio.CancelledError} >= {end if end == () else type(end) for end in ends}
    assert any(isinstance(end, StoreError | asyncio.CancelledError) for end in ends)


async def test_a_missing_file_is_restored_from_the_backup(tmp_path: Path) -> None:
    """Backups without a store: it was lost, and the note says so."""
    async with sqlite_store(tmp_path) as store:
        await store.accept(delivery("kept"))
        await store.backup()
    (tmp_path / "aiops.db").unlink()

    async with sqlite_store(tmp_path) as store:
        assert [b"kept"] == await bodies(store)
        assert "was missing" in store.notes[0]


async def test_the_log_travels_with_a_file_that_is_set_aside(tmp_path: Path) -> None:
    """Rows that lie only in the log are not lost to whoever mends the file by hand."""
    path = await filled(tmp_path)
    overwritten(path)
    (tmp_path / "aiops.db-wal").write_bytes(b"log")
    (tmp_path / "aiops.db-shm").write_bytes(b"index")

    async with sqlite_store(tmp_path):
        names = {one.name.rpartition("-")[2]: one.read_bytes() for one in tmp_path.glob("aiops.db.corrupt-*-*")}

    assert {"wal": b"log", "shm": b"index"} == names


async def test_a_log_without_its_file_is_set_aside(tmp_path: Path) -> None:
    """It would be applied to a file it does not belong to."""
    (tmp_path / "aiops.db-wal").write_bytes(b"log")

    async with sqlite_store(tmp_path) as store:
        assert [] == await bodies(store)
        assert [b"log"] == [one.read_bytes() for one in tmp_path.glob("aiops.db-wal.corrupt-*")]
        assert "log" in store.notes[0]


async def test_a_newer_store_is_refused_and_not_touched(tmp_path: Path) -> None:
    """Named by its version; the bytes stay as they are."""
    path = await filled(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=99")
    before = path.read_bytes()

    error = await refusal(sqlite_spec(tmp_path))

    assert error.reason is StoreReason.VERSION
    assert "store version 99" in str(error)
    assert before == path.read_bytes()
    assert [] == list(tmp_path.glob("*corrupt*"))


async def test_another_programs_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    """A typing error in storage.url must not cost somebody their data."""
    path = tmp_path / "aiops.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
        connection.commit()
    before = path.read_bytes()

    error = await refusal(sqlite_spec(tmp_path))

    assert "another program" in str(error)
    assert before == path.read_bytes()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://x/y", "scheme 'mysql'"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("aiops.db", "not a URL"),
    ],
)
async def test_a_url_of_no_use_is_refused_with_an_example(url: str, words: str) -> None:
    """The words say what to write instead."""
    error = await refusal(StorageSpec(url=url))

    assert words in str(error)
    assert "sqlite:////data/aiops.db" in str(error)


async def test_a_database_that_is_not_there_is_unreachable_and_its_password_unsaid() -> None:
    """Nobody listens; the words name the address without the password."""
    error = await refusal(StorageSpec(url="postgresql://aiops:s3cret@127.0.0.1:1/aiops", password=lambda: "0ther"))

    assert error.reason is StoreReason.UNREACHABLE
    assert "127.0.0.1:1/aiops" in str(error)
    assert "s3cret" not in str(error)
    assert "0ther" not in str(error)


@pytest.fixture
def other_process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that locks the store when told a line, and lets go at the next."""
    script = f"""
        import sqlite3
        input()
        connection = sqlite3.connect({str(tmp_path / "aiops.db")!r}, isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        print("done", flush=True)
        input()
        connection.execute("ROLLBACK")
        print("done", flush=True)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


def tell(process: subprocess.Popen[str]) -> None:
    """Let the other process take its next step."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


async def test_a_lock_of_another_process_is_waited_for_and_then_said(tmp_path: Path, other_process) -> None:
    """Writes fail with the reason locked, reads go on, and when it lets go writes do too."""
    async with opened(sqlite_spec(tmp_path), patience=Patience(busy_seconds=0.2)) as store:
        await store.accept(delivery("before"))
        tell(other_process)
        with pytest.raises(StoreError) as raised:
            await store.accept(delivery("during"))
        assert raised.value.reason is StoreReason.LOCKED
        assert "another process" in str(raised.value)
        assert [b"before"] == await bodies(store)
        tell(other_process)
        await store.accept(delivery("after"))

        assert [b"before", b"after"] == await bodies(store)


async def test_whoever_waits_for_a_lock_waits_once(tmp_path: Path, other_process) -> None:
    """Deliveries and transactions that came while another one waited are refused with it, not one after the other."""
    async with opened(sqlite_spec(tmp_path), patience=Patience(busy_seconds=1.0)) as store:
        tell(other_process)
        first = asyncio.create_task(store.probe())
        await asyncio.sleep(0.2)
        behind = [store.accept(delivery()), store.probe(), store.accept(delivery()), store.probe()]
        others = asyncio.gather(*behind, return_exceptions=True)
        await asyncio.wait([first], timeout=30)
        done, _ = await asyncio.wait([others], timeout=0.5)
        refused = [first.exception(), *(others.result() if done else [])]

        assert [StoreReason.LOCKED] * 5 == [error.reason for error in refused if isinstance(error, StoreError)]
        assert len({id(error) for error in refused}) == 5
        tell(other_process)
        await store.accept(delivery("after"))
        assert [b"after"] == await bodies(store)


async def test_a_delivery_is_refused_in_time_whatever_holds_the_store(tmp_path: Path) -> None:
    """Alertmanager would hang up; what is written all the same is a repetition when it sends again."""
    async with opened(sqlite_spec(tmp_path), patience=Patience(intake_seconds=0.1)) as store:
        held = threading.Event()
        work = asyncio.create_task(store.write(lambda _: held.wait(30)))
        await asyncio.sleep(0)
        with pytest.raises(StoreError, match=r"nothing was written within 0.1 s") as raised:
            await store.accept(delivery("refused"))
        held.set()
        await work
        await store.accept(delivery("after"))

        assert StoreReason.UNREACHABLE is raised.value.reason
        assert [b"after"] == await bodies(store)


async def test_a_file_that_vanished_is_not_written_any_more(tmp_path: Path) -> None:
    """Rows would go where nobody ever finds them: writes and reads fail, and no new file appears."""
    async with sqlite_store(tmp_path / "data") as store:
        await store.accept(delivery())
        (tmp_path / "data").rename(tmp_path / "elsewhere")
        for call in (store.accept(delivery()), store.probe(), store.backlog()):
            with pytest.raises(StoreError) as raised:
                await call
            assert raised.value.reason is StoreReason.UNREACHABLE

        assert not (tmp_path / "data").exists()
        (tmp_path / "elsewhere").rename(tmp_path / "data")
        await store.accept(delivery())
        assert 2 == (await store.backlog()).pending


async def test_a_file_that_was_replaced_is_not_written_any_more(tmp_path: Path) -> None:
    """Somebody restored a backup under a running daemon."""
    async with sqlite_store(tmp_path) as store:
        await store.accept(delivery())
        path = tmp_path / "aiops.db"
        path.rename(tmp_path / "old")
        shutil.copy(tmp_path / "old", path)
        with pytest.raises(StoreError, match="replaced while in use; restart") as raised:
            await store.accept(delivery())

    assert raised.value.reason is StoreReason.UNREACHABLE


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB in memory."""
    with small_disk(tmp_path / "disk", 64) as folder:
        yield folder


async def test_a_full_disk_refuses_alerts_and_still_lets_the_desk_work(disk: Path) -> None:
    """The ballast is given up for commits and deletes, intake says full, and goes on by itself when there is room."""
    hog = disk / "hog"
    async with sqlite_store(disk) as store:
        rows = [await store.accept(delivery(bytes(range(256)) * 40)) for _ in range(100)]
        assert (disk / BALLAST).exists()
        _fill(hog)
        reasons = [await _reason(store) for _ in range(300)]

        assert StoreReason.FULL is reasons[-1]
        assert not (disk / BALLAST).exists()
        with pytest.raises(StoreError, match="new alerts are refused"):
            await store.probe()
        for row in rows:
            await store.commit(Changes(done=(row,), knowledge=(("what", b"x" * 1_000),)))
        hog.unlink()
        assert await _reason(store) is None
        await store.probe()
        assert (disk / BALLAST).exists()
        written = reasons.count(None) + 1
        assert written == (await store.backlog()).pending
    async with sqlite_store(disk) as store:
        assert () == store.notes
        assert written == len(await bodies(store))


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as hog:
        while True:
            try:
                hog.write(bytes(4_096))
            except OSError:
                return


async def _reason(store: SqlStore) -> StoreReason | None:
    try:
        await store.accept(delivery(bytes(range(256)) * 60))
    except StoreError as error:
        return error.reason
    return None


async def test_a_start_on_a_full_disk_says_so_and_serves_what_is_there(disk: Path) -> None:
    """The ballast is given up for it; reading works, new alerts are refused until there is room."""
    async with sqlite_store(disk) as store:
        await store.accept(delivery("kept"))
    _fill(disk / "hog")

    async with sqlite_store(disk) as store:
        assert "nearly full" in store.notes[0]
        assert [b"kept"] == await bodies(store)
        assert StoreReason.FULL is await _reason(store)
        (disk / "hog").unlink()
        assert await _reason(store) is None


async def test_a_start_without_any_room_is_refused_as_full(disk: Path) -> None:
    """Not one page is free and no ballast is left: the reason is full, and nothing is set aside."""
    async with sqlite_store(disk) as store:
        await store.accept(delivery("kept"))
    (disk / BALLAST).unlink()
    _fill(disk / "hog")

    error = await refusal(sqlite_spec(disk))

    assert error.reason is StoreReason.FULL
    assert [] == list(disk.glob("*corrupt*"))


async def test_a_read_only_folder_is_refused_at_the_start(disk: Path) -> None:
    """With what to do about it."""
    async with sqlite_store(disk) as store:
        await store.accept(delivery())
    _remount(disk, "ro")
    try:
        error = await refusal(sqlite_spec(disk))
    finally:
        _remount(disk, "rw")

    assert error.reason is StoreReason.READ_ONLY
    assert "writable" in str(error)


def _remount(folder: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True, capture_output=True)


def test_a_limit_on_the_size_of_files_loses_nothing(tmp_path: Path) -> None:
    """What SQLite calls an I/O error: the rows before it are kept, and writing goes on after."""
    script = f"""
        import asyncio, resource, signal, sys
        sys.path.insert(0, {str(Path(__file__).parents[1])!r})
        from pathlib import Path
        from store_world import delivery, sqlite_store
        from aiops_daemon.errors import StoreError
        async def main():
            async with sqlite_store(Path({str(tmp_path)!r})) as store:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
                kept = 0
                try:
                    while True:
                        await store.accept(delivery(bytes(range(256)) * 60))
                        kept += 1
                except StoreError as error:
                    print(kept, error.reason)
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                await store.accept(delivery())
        asyncio.run(main())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr
    kept, reason = done.stdout.split()
    assert "unreachable" == reason
    assert int(kept) + 1 == asyncio.run(_count(tmp_path))
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


async def _count(folder: Path) -> int:
    async with opened(sqlite_spec(folder)) as store:
        return (await store.backlog()).pending


def test_a_used_up_quota_is_a_full_disk(tmp_path: Path) -> None:
    """SQLite calls it an I/O error; a block that cannot be written beside the store tells (by strace, in a child)."""
    script = f"""
        import asyncio, sys
        sys.path.insert(0, {str(Path(__file__).parents[1])!r})
        from pathlib import Path
        from store_world import delivery, sqlite_store
        from aiops_daemon.errors import StoreError
        async def main():
            async with sqlite_store(Path({str(tmp_path)!r})) as store:
                print("kept", await store.accept(delivery()), flush=True)
                sys.stdin.readline()
                try:
                    await store.accept(delivery())
                except StoreError as error:
                    print(error.reason, error, flush=True)
        asyncio.run(main())
    """
    argv = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert "kept 1\n" == child.stdout.readline()
        flags = ["-f", "-e", "inject=pwrite64:error=EDQUOT", "-o", str(tmp_path / "trace"), "-p", str(child.pid)]
        tracer = subprocess.Popen([binary("strace"), *flags], stderr=subprocess.PIPE, text=True)
        assert tracer.stderr is not None
        assert "attached" in tracer.stderr.readline()
        print(file=child.stdin, flush=True)
        said = child.stdout.readline()
        tracer.terminate()
        tracer.communicate()

    assert said.startswith("full ")
    assert "quota" in said
