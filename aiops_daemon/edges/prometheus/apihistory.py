"""The past of an expression for backtests, read by prometheus_api_client on a worker thread.

Enters: an expression and a grid of whole seconds. Leaves: for each stretch the label sets and where on the grid they
were, oldest first. One request a stretch, no retry and no sleep in the library; a stretch that proves too large or too
slow is halved. Redirects are not followed, for credentials would travel. Never imports the library before it is used.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.http import Credentials, present, split_url
from aiops_daemon.errors import SourceError, SourceReason

if TYPE_CHECKING:
    from prometheus_api_client.prometheus_connect import PrometheusConnect

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]

_MOST_POINTS = 10_000  # a series in one range query; Prometheus refuses more than 11,000
_MOST_HALVINGS = 6
_TOO_MUCH = ("too many samples", "maximum resolution", "-search.max", "timed out", "timeout")
_REASONS = {400: SourceReason.QUERY_ERROR, 422: SourceReason.QUERY_ERROR, 401: SourceReason.AUTH_ERROR,
            403: SourceReason.AUTH_ERROR, 429: SourceReason.RATE_LIMITED}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of the grid, and for each label set at which of its points the expression gave it."""

    times: Floats
    present: dict[Labels, Bools]


class ApiHistory:
    """Reads the past of one server; replicas beyond the first are not asked."""

    def __init__(self, spec: SourceSpec) -> None:
        self._spec = spec
        self._url, self._user_info = split_url(spec.urls[0])
        self._connected: PrometheusConnect | None = None

    async def read(self, expr: str, times: Floats) -> AsyncIterator[Stretch]:
        """Yield `expr` over the grid `times` (whole unix seconds, evenly spaced); raises SourceError."""
        at, size, halvings = 0, _MOST_POINTS, 0
        while at < len(times):
            part = times[at : at + size]
            try:
                found = await asyncio.to_thread(self._range, expr, part)
            except SourceError as error:
                halvings += 1
                if len(part) == 1 or halvings > _MOST_HALVINGS or not _smaller_may_do(error):
                    raise
                size = (len(part) + 1) // 2
                continue
            at += len(part)
            yield Stretch(part, found)

    def close(self) -> None:
        """Close the connections; idempotent."""
        if self._connected is not None:
            self._connected.close()
            self._connected = None

    def _range(self, expr: str, times: Floats) -> dict[Labels, Bools]:
        """Ask for one stretch (on a worker thread)."""
        step = times[1] - times[0] if len(times) > 1 else 1.0
        credentials = present(self._spec.http, self._user_info)
        answer = self._ask(
            credentials, query=expr, start_time=_moment(times[0]), end_time=_moment(times[-1]), step=f"{step:g}",
            params={"timeout": f"{self._spec.timeout:g}"},
        )  # fmt: skip
        try:
            return {make(series["metric"]): _places(series, times, step) for series in answer}
        except (AttributeError, KeyError, TypeError, ValueError):
            raise SourceError(SourceReason.MALFORMED, f"{self._url}: no range vector in the answer") from None

    def _ask(self, credentials: Credentials, **question: Any) -> list[dict[str, Any]]:
        """Ask once and map every failure; the library's words are kept free of secrets."""
        from prometheus_api_client.exceptions import PrometheusApiClientException
        from requests import exceptions

        client = self._connect(credentials)
        try:
            return list(client.custom_query_range(**question))
        except PrometheusApiClientException as error:
            raise _refusal(credentials.redact(str(error))) from None
        except exceptions.TooManyRedirects:
            raise SourceError(SourceReason.REDIRECTED, f"{self._url}: redirects") from None
        except exceptions.Timeout:
            words = f"{self._url}: no answer within {self._spec.timeout:g}s"
            raise SourceError(SourceReason.TIMEOUT, words) from None
        except (exceptions.JSONDecodeError, KeyError, TypeError):
            raise SourceError(SourceReason.MALFORMED, f"{self._url}: not an answer of the query API") from None
        except (exceptions.RequestException, OSError) as error:
            words = f"{self._url}: {credentials.redact(type(error).__name__)}"
            raise SourceError(SourceReason.CONNECTION, words) from None

    def _connect(self, credentials: Credentials) -> PrometheusConnect:
        """Return the client with the credentials of this moment."""
        if self._connected is None:
            from prometheus_api_client.prometheus_connect import PrometheusConnect
            from requests import Session
            from urllib3.util.retry import Retry

            session = Session()
            session.trust_env = False  # no .netrc, no proxies of the environment: only what is configured
            session.max_redirects = 0
            tls = self._spec.http.tls
            session.verify = False if tls.insecure_skip_verify else tls.ca_file or True
            session.cert = (tls.cert_file, tls.key_file) if tls.key_file else tls.cert_file or None
            self._connected = PrometheusConnect(
                self._url, session=session, retry=Retry(total=0), timeout=math.ceil(self._spec.timeout)
            )
        self._connected.headers = credentials.headers
        return self._connected


def _places(series: dict[str, Any], times: Floats, step: float) -> Bools:
    found = np.zeros(len(times), dtype=np.bool_)
    pairs = series.get("values") or series.get("histograms") or []
    columns = np.rint((np.array([float(pair[0]) for pair in pairs]) - times[0]) / step).astype(np.intp)
    found[columns[(columns >= 0) & (columns < len(times))]] = True
    return found


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds), tz=UTC)


def _refusal(words: str) -> SourceError:
    """Map the library's words, `HTTP Status Code 422 (b'...')`."""
    code = next((int(word) for word in words.split() if word.isdigit()), 0)
    reason = _REASONS.get(code) or (SourceReason.SERVER_ERROR if code >= 500 else SourceReason.CLIENT_ERROR)
    return SourceError(reason, words, status=code)


def _smaller_may_do(error: SourceError) -> bool:
    if error.reason is SourceReason.TIMEOUT:
        return True
    return error.status in (422, 503) and any(words in str(error) for words in _TOO_MUCH)
