"""Log lines as logfmt or JSON.

Flows and edges log a short constant message and fields: `log.warning("query failed", extra=fields(query=name))`.
Values are escaped, so alert and label text cannot forge a line. Nothing here knows a secret: callers log
names of things, never their contents.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any, TextIO

_BARE = re.compile(r"[^\s\"=\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def fields(**values: object) -> dict[str, Any]:
    """Wrap fields for `extra=`; nested, so that no name collides with a LogRecord's own."""
    return {"fields": values}


def _parts(record: logging.LogRecord) -> dict[str, object]:
    stamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    parts: dict[str, object] = {
        "ts": stamp.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "component": record.name.removeprefix("aiops_daemon."),
        "msg": record.getMessage(),
    }
    parts.update(getattr(record, "fields", {}))
    return parts


class LogfmtFormatter(logging.Formatter):
    """One line a record, as Prometheus' own logs: key=value, quoted where needed."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        parts = _parts(record)
        if record.exc_info:
            parts["err"] = self.formatException(record.exc_info)
        return " ".join(f"{name}={_quote(value)}" for name, value in parts.items())


class JsonFormatter(logging.Formatter):
    """One JSON object a line, in ASCII: no text can move a terminal's cursor or fail to be encoded."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        parts = _parts(record)
        if record.exc_info:
            parts["err"] = self.formatException(record.exc_info)
        return json.dumps(parts, default=str)


def _quote(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=True)


def configure(*, level: str, style: str, stream: TextIO) -> None:
    """Send the daemon's records to `stream`; style is "logfmt" or "json"."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if style == "json" else LogfmtFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("aiohttp.access", "alembic", "asyncio", "httpx2", "httpcore2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
