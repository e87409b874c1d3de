"""What goes wrong with outgoing requests, mapped to a closed set; and bodies read up to a cap.

Enters: foreign exceptions, answers that are not 2xx. Leaves: SourceError alone, with no secret in its words. Never
follows a redirect: credentials would travel.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp

from aiops_daemon.edges.http import Credentials, split_url
from aiops_daemon.errors import SourceError, SourceReason

_TOLD = 300  # characters of what went wrong; servers can be talkative


@contextmanager
def faults_mapped(url: str, credentials: Credentials, timeout: float) -> Iterator[None]:
    """Turn every failure of one exchange with `url` into SourceError."""
    status = 0
    try:
        yield
    except TimeoutError:
        reason, words = SourceReason.TIMEOUT, f"no answer in time (limit {timeout:g} s)"
    except aiohttp.ClientPayloadError:
        reason, words = SourceReason.MALFORMED, "the answer broke off"
    except aiohttp.ClientConnectorCertificateError:
        reason, words = SourceReason.CONNECTION, "the server's certificate was refused"
    except aiohttp.ClientConnectorError as error:
        reason, words = SourceReason.CONNECTION, f"cannot connect: {_cause(error.os_error)}"
    except (aiohttp.ClientError, OSError) as error:
        reason, words = SourceReason.CONNECTION, f"{type(error).__name__}: {error}"
    except SourceError as error:
        reason, words, status = error.reason, str(error), error.status
    else:
        return
    # Cut after redacting: half a secret is one too.
    raise SourceError(reason, f"{url}: {credentials.redact(words)[:_TOLD]}", status=status) from None


async def capped(response: aiohttp.ClientResponse, cap: int) -> AsyncIterator[bytes]:
    """Yield the body and stop at the cap, which counts inflated bytes; raises SourceError(TOO_LARGE)."""
    too_large = SourceError(SourceReason.TOO_LARGE, f"the answer is larger than {cap} bytes")
    if (response.content_length or 0) > cap:
        raise too_large
    seen = 0
    async for chunk in response.content.iter_any():
        seen += len(chunk)
        if seen > cap:
            raise too_large
        yield chunk


def _cause(error: OSError) -> str:
    """Say why there is no connection, in the system's words: the loop's repeat the address."""
    if isinstance(error, ssl.SSLError | socket.gaierror) or not error.errno:  # their numbers are not the system's
        return error.strerror or str(error)
    return os.strerror(error.errno).lower()


async def refusal(response: aiohttp.ClientResponse) -> SourceError:
    """Turn an answer that is not 2xx into the error that it means."""
    if response.status // 100 == 3:
        where, _ = split_url(response.headers.get("Location", "elsewhere"))
        return SourceError(SourceReason.REDIRECTED, f"redirects to {where}; redirects are not followed")
    head = await response.content.read(64 * 1024)
    kind, told = own_words(head)
    return SourceError(reason_of(response.status, kind), f"HTTP {response.status}: {told}", status=response.status)


def own_words(body: bytes) -> tuple[str, str]:
    """Return the `errorType` and `error` of an API answer; of anything else all of it on one line."""
    try:
        answer = json.loads(body)
        return str(answer["errorType"]), str(answer["error"])
    except (ValueError, KeyError, TypeError):
        return "", " ".join(body.decode(errors="replace").split()) or "no explanation"


def reason_of(status: int, kind: str) -> SourceReason:
    """Map an HTTP status and the API's `errorType` (Prometheus' HTTP API) to a reason."""
    if kind == "timeout":
        return SourceReason.TIMEOUT
    if status in (401, 403):
        return SourceReason.AUTH_ERROR
    if status == 429:
        return SourceReason.RATE_LIMITED
    if status // 100 == 5:
        return SourceReason.SERVER_ERROR
    if status == 422 or (status == 400 and kind):
        return SourceReason.QUERY_ERROR
    return SourceReason.CLIENT_ERROR
