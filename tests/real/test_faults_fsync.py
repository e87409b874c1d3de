"""Nothing is answered 200 before the kernel was told to put it on the disk: system calls of the process tell.

Power cannot be cut here. What can be shown: the bytes of each alert were written to the store's log, and a sync of that
log began after that and ended well, before the answer was written to the socket on which the alert came.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import real_servers
from daemon_process import DaemonProcess, eventually
from webhook_faults import lone_daemon, processed
from webhook_load import Load

pytestmark = pytest.mark.real

CALLS = "fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg,recvfrom,read"
WHOLE = "8192"  # bytes shown of each call: more than a page of the log, and than a request of one alert
NAME = re.compile(r"power-\d+(?=\\\")")
CALL = re.compile(r"^(\d+) +(\w+)\((\d+)<(.*?)>(.*)$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")


class Account:
    """What a trace says of each alert: came on which socket, was written, was synced, was answered."""

    def __init__(self) -> None:
        self.answered: set[str] = set()
        self.too_early: set[str] = set()
        self._came: dict[str, str] = {}  # by socket
        self._written: set[str] = set()
        self._synced: set[str] = set()
        self._syncing: dict[str, set[str]] = {}  # by thread: what was written when its sync began
        self._reading: dict[str, str] = {}  # by thread: from which socket

    def follow(self, lines: Iterable[str]) -> Account:
        """Read a trace in its order."""
        for line in lines:
            if begun := CALL.match(line):
                thread, name, _, what, rest = begun.groups()
                self._begin(thread, name, what, rest)
            elif resumed := RESUMED.match(line):
                thread, name, rest = resumed.groups()
                self._end(thread, name, rest)
        return self

    def _begin(self, thread: str, name: str, what: str, rest: str) -> None:
        if name in ("fdatasync", "fsync") and what.endswith("-wal"):
            self._syncing[thread] = set(self._written)
        elif name == "pwrite64" and what.endswith("-wal"):
            self._written |= set(NAME.findall(rest))
        elif what.startswith("socket:") and rest.lstrip(', "').startswith("HTTP/1.1 200"):
            self._answer(what)
        elif name in ("recvfrom", "read") and what.startswith("socket:"):
            self._reading[thread] = what
        if "<unfinished" not in rest:
            self._end(thread, name, rest)

    def _end(self, thread: str, name: str, rest: str) -> None:
        if name in ("fdatasync", "fsync") and rest.endswith("= 0"):
            self._synced |= self._syncing.pop(thread, set())
        elif thread in self._reading:
            self._came |= dict.fromkeys([self._reading.pop(thread)], "".join(NAME.findall(rest)[:1]))

    def _answer(self, socket: str) -> None:
        if name := self._came.pop(socket, ""):
            self.answered.add(name)
            self.too_early |= {name} - self._synced


@contextmanager
def traced(daemon: DaemonProcess, into: Path) -> Iterator[None]:
    """Follow the system calls of all threads of a process."""
    flags = ["-f", "-y", "-q", "-s", WHOLE, "-e", f"trace={CALLS}", "-o", str(into), "-p", str(daemon.pid)]
    tracer = subprocess.Popen([real_servers.binary("strace"), *flags], stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: (into.exists() and into.stat().st_size) or tracer.poll() is not None, "it is traced")
        if tracer.poll() is not None:
            real_servers.lacking("the right to trace processes")
        yield
    finally:
        tracer.terminate()
        tracer.communicate()


def test_what_is_answered_200_was_synced_before(tmp_path: Path) -> None:
    """Of eight clients that send at once, each alert alone."""
    trace = tmp_path / "trace"
    with lone_daemon(tmp_path) as daemon:
        processed(daemon)
        with traced(daemon, trace), Load(daemon.url, "power", alerts=1, pause=0.02) as load:
            eventually(lambda: len(load.acknowledged) > 200, "some are acknowledged", within=60.0)
    account = Account().follow(trace.read_text(errors="replace").splitlines())

    print(f"{len(account.answered)} answered, {len(account.too_early)} before they were synced")
    assert set() == account.too_early
    assert load.acknowledged == account.answered


CAME = '1 recvfrom(9<socket:[7]>, "... {\\"n\\": \\"power-1\\"}", 65536, 0, NULL, NULL) = 400'
WRITTEN = '2 pwrite64(4</x/aiops.db-wal>, "\\0\\1{\\"n\\": \\"power-1\\"}", 4096, 24) = 4096'
SYNCED = "2 fdatasync(4</x/aiops.db-wal>) = 0"
BEGUN, DONE = "2 fdatasync(4</x/aiops.db-wal> <unfinished ...>", "2 <... fdatasync resumed>) = 0"
FAILED = "2 fdatasync(4</x/aiops.db-wal>) = -1 EIO (Input/output error)"
ANSWERED = '1 write(9<socket:[7]>, "HTTP/1.1 200 OK\\r\\n"..., 468) = 468'


@pytest.mark.parametrize(
    ("too_early", "trace"),
    [
        (False, [CAME, WRITTEN, SYNCED, ANSWERED]),
        (False, [CAME, WRITTEN, BEGUN, DONE, ANSWERED]),
        (True, [CAME, WRITTEN, ANSWERED, SYNCED]),
        (True, [CAME, WRITTEN, BEGUN, ANSWERED, DONE]),
        (True, [CAME, BEGUN, WRITTEN, DONE, ANSWERED]),  # that sync may have missed it
        (True, [CAME, WRITTEN, FAILED, ANSWERED]),
        (True, [CAME, SYNCED, ANSWERED]),
    ],
)
def test_the_account_knows_an_early_answer(too_early: bool, trace: list[str]) -> None:
    """The proof above can fail."""
    account = Account().follow(trace)

    assert {"power-1"} == account.answered
    assert too_early == (account.too_early == {"power-1"})
