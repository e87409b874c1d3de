"""Connections to PostgreSQL that never wait for ever.

Enters: a URL without a password, and where to read that. Leaves: an engine that connects anew after a restart of the
server, and a way to cut its connections when the server hangs. Never keeps the password.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any

from sqlalchemy import URL, Engine, ExceptionContext, create_engine, event, make_url

from aiops_daemon.core.model.source import Secret

_CONNECT_SECONDS = 5
_CONNECT_SECONDS_EACH = 2  # of several hosts, for one that is switched off answers nothing; libpq's least
_PORT = "5432"
_WRITER_IDLES = 3  # seconds between two statements: who is halted in a transaction must not keep the lease locked
_READER_IDLES = 60  # nobody waits for a reader
_OPTIONS = (
    "-c statement_timeout=25000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout={idles}s"
    " -c synchronous_commit=on -c timezone=UTC -c client_encoding=UTF8"
)


def several_hosts(text: str) -> URL | None:
    """Read a URL with several hosts as libpq writes them, `host1:5432,host2:5432`; None for any other URL.

    The first one that takes writes is used, unless `target_session_attrs` says otherwise.
    """
    scheme, _, rest = text.partition("://")
    place, _, path = rest.partition("/")
    user, at, hosts = place.rpartition("@")
    if "," not in hosts:
        return None
    each = [host if ":" in host else f"{host}:{_PORT}" for host in hosts.split(",")]
    url = make_url(f"{scheme}://{user}{at}/{path}")
    return url.update_query_dict({"target_session_attrs": "read-write"} | dict(url.query) | {"host": each})


def written(url: URL) -> str:
    """Write a URL of PostgreSQL for people, without its password."""
    hosts = url.query.get("host", ())
    if isinstance(hosts, str) or not hosts:
        return url.set(password=None).render_as_string()
    user = f"{url.username}@" if url.username else ""
    return f"{url.drivername}://{user}{','.join(hosts)}/{url.database}"


def postgres_engine(url: URL, password: Secret | None, size: int, *, writer: bool) -> Engine:
    """Make an engine of at most `size` connections; raises ImportError without psycopg."""
    arguments: dict[str, Any] = {
        "connect_timeout": _CONNECT_SECONDS_EACH if "host" in url.query else _CONNECT_SECONDS,
        "options": _OPTIONS.format(idles=_WRITER_IDLES if writer else _READER_IDLES),
        "application_name": f"aiops-daemon/{os.getpid()}",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }
    engine = create_engine(
        url,
        connect_args=arguments,
        pool_size=size,
        max_overflow=0,
        pool_timeout=_CONNECT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    event.listen(engine, "handle_error", _connect_anew)
    if password is not None:

        @event.listens_for(engine, "do_connect")
        def sign_in(_dialect: Any, _record: Any, _arguments: Any, named: dict[str, Any]) -> None:
            named["password"] = password()  # read each time: it may have been rotated

    return engine


def _connect_anew(context: ExceptionContext) -> None:
    """Replace a connection whose check failed, whatever the words.

    The driver may say that the connection is busy when the server has just ended the session, and the pool would keep
    it then.
    """
    if context.is_pre_ping:
        context.is_disconnect = True


class Lines:
    """The open connections of an engine, cut when the server does not answer in time."""

    def __init__(self, engine: Engine, answer_seconds: float) -> None:
        self._answer_seconds = answer_seconds
        self._open: dict[int, Any] = {}
        self._refusals = (OSError, engine.dialect.loaded_dbapi.Error)
        event.listen(engine.pool, "connect", self._add)
        event.listen(engine.pool, "close", self._remove)

    def watch(self) -> asyncio.TimerHandle:
        """Cut the connections in a while, unless that is cancelled."""
        return asyncio.get_running_loop().call_later(self._answer_seconds, self.cut)

    def cut(self) -> None:
        """Make every call that waits for the server fail now."""
        for connection in list(self._open.values()):
            # A descriptor of our own: the connection's might be closed, and given to somebody else, meanwhile.
            with suppress(*self._refusals), socket.socket(fileno=os.dup(connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)

    def _add(self, connection: Any, _record: Any) -> None:
        self._open[id(connection)] = connection

    def _remove(self, connection: Any, _record: Any) -> None:
        self._open.pop(id(connection), None)
