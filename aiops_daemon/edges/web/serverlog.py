"""What the HTTP server logs of its own accord, made fit for our log.

Enters: records of aiohttp's server. Leaves: the same, but a request that is no HTTP is one line with its sender and
the kind of fault. Never lets through what such a request said: it quotes header lines, and one may hold a token.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

from aiohttp.http_exceptions import HttpProcessingError

from aiops_daemon.logs import fields

log = logging.getLogger(__name__)


class ServerLog(logging.LoggerAdapter[logging.Logger]):
    """The logger that the server writes to."""

    def __init__(self) -> None:
        super().__init__(logging.getLogger("aiohttp.server"))

    def process(self, msg: object, kwargs: MutableMapping[str, Any]) -> tuple[object, MutableMapping[str, Any]]:
        """Pass a record on as it is."""
        return msg, kwargs

    def exception(self, msg: object, *args: object, exc_info: Any = True, **more: Any) -> None:
        """Log a fault of ours with its traceback, and one of the sender in a line."""
        if isinstance(exc_info, HttpProcessingError):
            told = fields(remote=args[0] if args else "", code=exc_info.code, fault=type(exc_info).__name__)
            log.warning("refused what is no HTTP request", extra=told)
        else:
            super().exception(msg, *args, exc_info=exc_info, **more)
