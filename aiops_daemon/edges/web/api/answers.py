"""How the API answers for the alert road: documents, and refusals as problems.

Enters: what a port returned or raised. Leaves: `{"data", "next", "warnings"}` in JSON, or a ProblemError with the
status that fits the reason. Never lets a StoreError through as a fault of the daemon: the store's trouble is a 503.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import msgspec
from aiohttp import web

from aiops_daemon.core.model.action import Refusal, RefusalReason
from aiops_daemon.edges.web.problem import ProblemError
from aiops_daemon.errors import InputError, StoreError

REFUSED: Mapping[RefusalReason, int] = {
    RefusalReason.NOT_FOUND: 404,
    RefusalReason.FORBIDDEN: 403,
    RefusalReason.INVALID: 422,
    RefusalReason.CONFLICT: 409,
    RefusalReason.UNAVAILABLE: 503,
}


async def answer(shape: Callable[[], object], cursor: str | None = None, **more: object) -> web.Response:
    """Write the document of one answer; shaping thousands of alerts must not hold the event loop."""
    body = await asyncio.to_thread(_written, shape, cursor, more)
    return web.Response(body=body, content_type="application/json")


def _written(shape: Callable[[], object], cursor: str | None, more: Mapping[str, object]) -> bytes:
    return msgspec.json.encode({"data": shape(), "next": cursor, "warnings": [], **more})  # `more` may bring warnings


def refused(refusal: Refusal) -> ProblemError:
    """Turn a refusal into a problem."""
    return ProblemError(REFUSED[refusal.reason], refusal.text)


@contextmanager
def store_trouble() -> Iterator[None]:
    """Turn the store's trouble into a 503, and what it cannot read (a cursor) into a 400."""
    try:
        yield
    except InputError as error:
        raise ProblemError(400, "The request has parameters that do not fit.", [str(error)]) from error
    except StoreError as error:
        raise ProblemError(503, f"The store cannot be used now ({error.reason}): {error}") from error
