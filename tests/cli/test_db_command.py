"""`aiops-daemon db`: what each verb prints, leaves behind, and how it exits."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from store_world import delivery, opened, sqlite_spec

from aiops_daemon.cli.main import dispatch
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store.claim import claim


def fill(spec: StorageSpec, *bodies: str) -> None:
    """Accept bodies into a store, made when there is none."""

    async def accept() -> None:
        async with opened(spec) as store:
            for body in bodies:
                await store.accept(delivery(body))

    asyncio.run(accept())


def waiting(spec: StorageSpec) -> list[bytes]:
    """Return the bodies that wait."""

    async def read() -> list[bytes]:
        async with opened(spec) as store:
            return [row.body for row in await store.pending(100, bytes_limit=1 << 20)]

    return asyncio.run(read())


@pytest.fixture
def spec(tmp_path: Path) -> StorageSpec:
    """A SQLite store with one row."""
    made = sqlite_spec(tmp_path)
    fill(made, "first")
    return made


def run(verb: str, spec: StorageSpec, *arguments: str) -> int:
    """Run a verb on a store."""
    return dispatch(["db", verb, f"--storage.url={spec.url}", *arguments])


def test_a_good_store_is_good(spec: StorageSpec, capsys: pytest.CaptureFixture[str]) -> None:
    """Engine, schema, rows and size; exit 0."""
    assert 0 == run("check", spec)

    told = capsys.readouterr().out
    assert "SQLite" in told
    assert "schema 0003" in told
    assert "inbox 1" in told
    assert "newest backup: none" in told
    assert told.endswith("good\n")


def test_a_check_disturbs_no_daemon(spec: StorageSpec, tmp_path: Path) -> None:
    """It looks beside an open store whose folder is held."""

    async def both() -> int:
        async with opened(spec) as store:
            await store.accept(delivery("second"))
            code = await asyncio.to_thread(run, "check", spec)
            await store.accept(delivery("third"))
            return code

    held = claim(tmp_path)
    try:
        assert 0 == asyncio.run(both())
    finally:
        held.release()
    assert [b"first", b"second", b"third"] == waiting(spec)


def test_a_check_as_json_is_for_programs(spec: StorageSpec, capsys: pytest.CaptureFixture[str]) -> None:
    """The same facts."""
    run("backup", spec)
    capsys.readouterr()
    assert 0 == run("check", spec, "-o", "json")

    found = json.loads(capsys.readouterr().out)
    assert {"inbox": 1, "quarantine": 0, "episodes": 0, "incidents": 0, "timeline": 0} == found["rows"]
    assert found["newest_backup"].startswith("aiops-")
    assert found["good"] is True
    assert [] == found["faults"]


def test_a_broken_store_is_bad_and_not_touched(
    spec: StorageSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, what is broken, and the bytes as they were."""
    path = tmp_path / "aiops.db"
    path.write_bytes(spoilt := path.read_bytes()[:8192])

    assert 1 == run("check", spec)
    assert "broken: " in capsys.readouterr().out
    assert 1 == run("migrate", spec)
    assert "db restore" in capsys.readouterr().err
    assert spoilt == path.read_bytes()


def test_a_broken_store_is_told_beside_its_backup(
    spec: StorageSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever reads `newest backup: none` gives up what is there."""
    run("backup", spec)
    copy = Path(capsys.readouterr().out.strip()).name
    path = tmp_path / "aiops.db"
    path.write_bytes(path.read_bytes()[:8192])

    assert 1 == run("check", spec)
    told = capsys.readouterr().out
    assert f"newest backup: {copy}" in told
    assert "run `aiops-daemon db restore`" in told


def test_the_size_is_that_of_the_log_too(spec: StorageSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While a daemon runs, all that was written lately may be there."""
    with closing(sqlite3.connect(tmp_path / "aiops.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE filler AS SELECT zeroblob(3000000) AS filler")
        assert 0 == run("check", spec)

    assert 3.0 < float(capsys.readouterr().out.split("size: ")[1].split(" MB")[0])


def test_a_newer_store_is_bad(spec: StorageSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 with both versions."""
    with closing(sqlite3.connect(tmp_path / "aiops.db")) as connection:
        connection.execute("PRAGMA user_version=99")

    assert 1 == run("check", spec)
    assert "store version 99" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["check", "backup", "migrate"])
def test_a_store_that_is_not_there_is_not_made(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3: a typing error must not look like an empty store."""
    assert 3 == run(verb, sqlite_spec(tmp_path))
    assert "no such file" in capsys.readouterr().err
    assert [] == [path.name for path in tmp_path.iterdir() if path.name != "lock"]


def test_a_backup_is_restored(spec: StorageSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The newest by default; what it replaces is kept under another name."""
    assert 0 == run("backup", spec)
    copy = Path(capsys.readouterr().out.strip())
    fill(spec, "second")

    assert 0 == run("restore", spec)
    told = capsys.readouterr().out
    assert str(copy) in told
    assert [b"first"] == waiting(spec)
    replaced = next(tmp_path.glob("aiops.db.replaced-*Z"))
    assert str(replaced) in told

    assert 0 == run("restore", spec, str(replaced), "-o", "json")
    assert [b"first", b"second"] == waiting(spec)


def test_a_restore_waits_for_no_daemon(spec: StorageSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3 while one holds the folder, and nothing is changed; migrate does the same."""
    run("backup", spec)
    held = claim(tmp_path)
    try:
        for verb in ("restore", "migrate"):
            assert 3 == run(verb, spec)
            told = capsys.readouterr().err
            assert "in use by another aiops-daemon" in told
            assert told.endswith("; stop it first\n")
    finally:
        held.release()
    assert [] == list(tmp_path.glob("*replaced*"))


@pytest.mark.parametrize("arguments", [["/nowhere/aiops.db"], []])
def test_a_restore_of_nothing_changes_nothing(
    spec: StorageSpec, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """No such file, or no backup at all: exit 1."""
    assert 1 == run("restore", spec, *arguments)
    assert "nothing was changed" in capsys.readouterr().err
    assert [b"first"] == waiting(spec)


def test_a_migration_of_a_current_store_does_nothing(spec: StorageSpec, capsys: pytest.CaptureFixture[str]) -> None:
    """And says so."""
    assert 0 == run("migrate", spec, "-o", "json")
    assert {"revision": "0003", "changed": False} == json.loads(capsys.readouterr().out)


def test_postgresql_is_checked_and_migrated(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty database is bad until it is migrated."""
    spec = StorageSpec(url=postgres_url)

    assert 1 == run("check", spec)
    assert "db migrate" in capsys.readouterr().out
    assert 0 == run("migrate", spec)
    assert "migrated to 0003" in capsys.readouterr().out
    assert 0 == run("check", spec)
    assert "PostgreSQL 1" in capsys.readouterr().out


@pytest.mark.parametrize(("verb", "tool"), [("backup", "pg_dump"), ("restore", "pg_restore")])
def test_postgresql_is_backed_up_by_its_own_means(verb: str, tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, with what to use instead; the server is not even asked."""
    assert 2 == run(verb, StorageSpec(url="postgresql://nobody@127.0.0.1:1/none"))
    assert tool in capsys.readouterr().err


def test_an_unreachable_server_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3."""
    assert 3 == run("check", StorageSpec(url="postgresql://nobody@127.0.0.1:1/none"))
    assert "check that" in capsys.readouterr().err


def test_the_store_of_the_configuration_is_taken(spec: StorageSpec, tmp_path: Path) -> None:
    """By --config.file; a flag wins over it."""
    config = tmp_path / "config.yaml"
    config.write_text(f'prometheus: [{{name: a, urls: ["http://p:9090"]}}]\nstorage: {{url: "{spec.url}"}}\n')

    assert 0 == dispatch(["db", "check", f"--config.file={config}"])
    elsewhere = f"--storage.url=sqlite:///{tmp_path}/elsewhere.db"
    assert 3 == dispatch(["db", "check", f"--config.file={config}", elsewhere])
