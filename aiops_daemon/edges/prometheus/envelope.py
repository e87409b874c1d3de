"""The frame of an API answer: status, warnings, partial marks; and where its elements lie.

Enters: the body of an answer of Prometheus, Thanos, Mimir or VictoriaMetrics. Leaves: the checked frame and
cuts that part the `result` array between elements without parsing it. The cuts rest on two facts of JSON: a
quote inside a string is escaped, and a label value is a string. A layout that does not fit is found, never
guessed: the caller then decodes the body whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from aiops_daemon.errors import SourceError, SourceReason

_RESULT = b'"result":['
_NEXT = b',{"metric":'
# A sample's closing quote, then the ends of its array or arrays, of the element and of `result`. Inside a
# string the quote would be escaped, and the byte before it a backslash.
_LAST = re.compile(rb'[0-9A-Za-z]"\]{1,2}\}\]')
_HEAD = 4096
_PROMQL = ("PromQL warning:", "PromQL info:")


class _Answer(msgspec.Struct):
    status: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")
    errorType: str = ""  # noqa: N815 - the API's own name
    error: str = ""
    warnings: list[str] | None = None
    infos: list[str] | None = None
    isPartial: bool = False  # noqa: N815 - VictoriaMetrics' own name


class _Result(msgspec.Struct):
    resultType: str  # noqa: N815 - the API's own name
    result: msgspec.Raw


_answers = msgspec.json.Decoder(_Answer)
_results = msgspec.json.Decoder(_Result)


@dataclass(frozen=True, slots=True)
class Frame:
    """What an answer says beside its elements."""

    kind: str  # vector, matrix, scalar, string
    warnings: tuple[str, ...]
    partial: bool
    result: bytes  # the raw `result`; `[]` where elements are cut elsewhere


def data_of(body: bytes | bytearray) -> tuple[msgspec.Raw, tuple[str, ...], bool]:
    """Check an answer's frame and return its raw data, warnings and partial mark; raises SourceError."""
    try:
        answer = _answers.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(body) from None
    if answer.status != "success":
        reason = SourceReason.TIMEOUT if answer.errorType == "timeout" else SourceReason.QUERY_ERROR
        if not answer.errorType:
            raise malformed(body)
        raise SourceError(reason, f"{answer.errorType}: {answer.error}")
    warnings = tuple(answer.warnings or ())
    # Warnings of the language itself aside, a warning tells of a store that did not answer (Thanos, remote read).
    partial = answer.isPartial or any(not warning.startswith(_PROMQL) for warning in warnings)
    return answer.data, warnings + tuple(answer.infos or ()), partial


def frame_of(body: bytes | bytearray) -> Frame:
    """Read the frame of a query's answer; raises SourceError."""
    data, warnings, partial = data_of(body)
    try:
        result = _results.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(body) from None
    return Frame(result.resultType, warnings, partial, bytes(result.result))


def malformed(body: bytes | bytearray) -> SourceError:
    """Describe a body that is not an answer of the API."""
    kind = "a page of HTML" if body[:200].lstrip().startswith(b"<") else f"{len(body)} bytes"
    return SourceError(SourceReason.MALFORMED, f"not a whole answer of the query API: {kind}")


@dataclass(frozen=True, slots=True)
class Span:
    """Where the elements of `result` begin and end in the body (half open, brackets left out)."""

    start: int
    end: int


def locate(body: bytearray) -> Span | None:
    """Find the elements of the compact layout that all known servers write; None where it does not fit."""
    opening = body.find(_RESULT, 0, _HEAD)
    if opening < 0:
        return None
    start = opening + len(_RESULT)
    if body[start : start + 1] == b"]":
        return Span(start, start)
    if not body.startswith(_NEXT[1:], start):
        return None
    closing = _LAST.search(body, max(start, body.rfind(_NEXT)))
    return Span(start, closing.end() - 1) if closing else None


def cuts(body: bytearray, span: Span, size: int) -> Iterator[bytes]:
    """Yield JSON arrays of whole elements, each about `size` bytes of the body."""
    start = span.start
    while start < span.end:
        following = body.find(_NEXT, start + size, span.end)
        end = following if following >= 0 else span.end
        yield b"[" + body[start:end] + b"]"
        start = end + 1


def frame_around(body: bytearray, span: Span) -> Frame:
    """Read the frame of an answer whose elements were located, without walking over them."""
    return frame_of(body[: span.start] + body[span.end :])
