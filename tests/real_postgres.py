"""A real PostgreSQL for tests, on loopback, in a folder of its own under the system's temporary one.

Enters: nothing. Leaves: a running server, empty databases in it, and nothing once stopped. Root cannot run it: then
it runs as user postgres or nobody. Binaries come from .tools/bin (tests/servers/install.sh), PATH, or Debian's folder.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from real_servers import TOOLS, free_port, lacking

_DEBIAN = sorted(str(path) for path in Path("/usr/lib/postgresql").glob("*/bin"))
_SEARCHED = os.pathsep.join([str(TOOLS), os.environ.get("PATH", ""), *reversed(_DEBIAN)])
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",  # processes are killed in tests, machines are not
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
}


def program(name: str) -> str:
    """Find a binary of PostgreSQL."""
    found = shutil.which(name, path=_SEARCHED)
    if found is None:
        lacking(name)
    return found


class Postgres:
    """One server; started at once. `settings` are added to those of every test."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="aiops-pg-"))
        self.port = free_port()
        self._settings = {**_SETTINGS, **(settings or {})}
        self._user = _user()
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        if self._user:
            shutil.chown(self.folder, self._user)
        self._prepare()
        self.start()

    def _prepare(self) -> None:
        """Make the folder of its data."""
        argv = [program("initdb"), "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust"]
        done = subprocess.run(
            [*self._prefix(), *argv, "-E", "UTF8", "--locale=C", "--no-sync"],
            cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            self.remove()
            pytest.fail(f"initdb failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database, as `storage.url` wants it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        argv = [program("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *settings]
        with (self.folder / "log").open("ab") as sink:
            self._process = subprocess.Popen(
                [*self._prefix(), *argv, "-k", str(self.folder)],
                cwd=self.folder, stdout=sink, stderr=sink, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        pytest.fail(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()[-2000:]}")

    def follow(self, standbys: str) -> None:
        """Let every commit wait for these standbys."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{standbys}'")  # type: ignore[arg-type]
            connection.execute("SELECT pg_reload_conf()")

    def kill(self) -> None:
        """Kill the postmaster as a crash does, and wait until its children have noticed."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        time.sleep(0.2)

    def pause(self) -> None:
        """Hang: every process of the server stands still."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a hanging server run again."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop at once, without waiting for clients; idempotent."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def remove(self) -> None:
        """Stop and delete everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        self._databases += 1
        name = f"test_{os.getpid()}_{self._databases}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Delete a database, whoever is connected to it."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def _prefix(self) -> list[str]:
        if not self._user:
            return []
        identity = pwd.getpwnam(self._user)
        ids = ["--reuid", str(identity.pw_uid), "--regid", str(identity.pw_gid), "--clear-groups"]
        return ["setpriv", *ids, "--pdeathsig", "QUIT"]

    def _signal(self, number: int) -> None:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for pid in (self._process.pid, *map(int, children)):
            os.kill(pid, number)


class Standby(Postgres):
    """A server that follows another one, every commit of which waits for it from then on, until it is promoted."""

    def __init__(self, primary: Postgres) -> None:
        self._primary = primary
        super().__init__({"primary_conninfo": f"host=127.0.0.1 port={primary.port} user=postgres"})
        self._primary.follow("*")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with psycopg.connect(primary.url(), autocommit=True) as connection:
                if connection.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'").fetchone():
                    return
            time.sleep(0.05)
        pytest.fail(f"the standby does not follow:\n{(self.folder / 'log').read_text()[-2000:]}")

    def promote(self) -> None:
        """Make it the primary, and wait until it is."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_promote(true, 30)")

    def _prepare(self) -> None:
        """Copy the primary's data while that stands still."""
        self._primary.stop()
        copy = ["cp", "-a", str(self._primary.folder / "data"), str(self.folder / "data")]
        subprocess.run([*self._prefix(), *copy], check=True, cwd=self.folder)
        subprocess.run([*self._prefix(), "touch", str(self.folder / "data" / "standby.signal")], check=True)
        self._primary.start()


def _user() -> str:
    """Return whom to run it as; "" is ourselves."""
    if os.getuid() != 0:
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    name = next((name for name in ("postgres", "nobody") if name in known), None)
    if name is None or shutil.which("setpriv") is None:
        lacking("a user postgres or nobody, with setpriv")
    return name
