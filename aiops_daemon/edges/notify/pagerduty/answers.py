"""What PagerDuty's answers and the failures of its clients mean for the outbox.

Enters: a call to be made once. Leaves: what it returned, or a Failed without secrets: what the server says is cut free
of the secret that was sent, and the words of exceptions are not repeated at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx2
import pagerduty

from aiops_daemon.core.model.notification import Failed, FailureReason
from aiops_daemon.edges.notify.pagerduty.lane import Lane
from aiops_daemon.edges.notify.statuses import failed, retry_after, unreachable

_T = TypeVar("_T")


async def once(lane: Lane, call: Callable[[httpx2.BaseTransport], _T], secret: str, now: float) -> _T | Failed:
    """Make one attempt; whatever the other side or the network did becomes a Failed."""
    try:
        return await lane.attempt(call)
    except pagerduty.Error as error:
        if error.response is None:
            return unreachable(error)
        return _refused(error.response, secret, now)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        return unreachable(error)
    except (pagerduty.UrlError, ValueError, ImportError) as error:  # a proxy of an unknown kind among them
        return Failed(FailureReason.OTHER, f"the request could not be made ({type(error).__name__})", retry=False)


def _refused(response: httpx2.Response, secret: str, now: float) -> Failed:
    told = " ".join(_words(response)).replace(secret, "<secret>")
    return failed(response.status_code, told, retry_after(response.headers, now))


def _words(response: httpx2.Response) -> list[str]:
    """Return what PagerDuty says in `message` and `errors`, both APIs; of anything else nothing but that it is that."""
    try:
        body: Any = response.json()
    except ValueError:
        body = None
    if not isinstance(body, Mapping):
        return ["the answer is not PagerDuty's"]
    inner = body.get("error")
    parts = inner if isinstance(inner, Mapping) else body
    errors = parts.get("errors")
    told = [parts.get("message"), *(errors if isinstance(errors, list) else [errors])]
    return [str(part) for part in told if part]
