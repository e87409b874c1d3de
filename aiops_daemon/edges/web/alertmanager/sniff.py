"""Whether a body is one JSON object, told before it is stored.

Enters: a request's body. Leaves: None, or why it is no JSON object. Never holds the loop for more than some
milliseconds, whatever the body holds, and never decodes values: what an object says is the processor's to judge.
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Generator
from dataclasses import dataclass

import msgspec

from aiops_daemon.core.model.inbox import QuarantineReason
from aiops_daemon.edges.web.alertmanager.scan import MAX_DEPTH, MalformedError, space, value

_SMALL_BYTES = 256 * 1024
_STRETCH_BYTES = 1024 * 1024
BOM = codecs.BOM_UTF8

_SHALLOW = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a body cannot be accepted."""

    reason: QuarantineReason
    detail: str


async def is_object(body: bytes) -> Unfit | None:
    """Return None when the body is one JSON object, else why not. One byte order mark is overlooked."""
    if len(body) <= _SMALL_BYTES and _plainly_object(body):
        return None
    try:
        for _ in _walk(body):
            await asyncio.sleep(0)
    except NotAnObjectError as error:
        return Unfit(QuarantineReason.NOT_AN_OBJECT, str(error))
    except (MalformedError, UnicodeDecodeError) as error:
        return Unfit(QuarantineReason.NOT_JSON, str(error))
    return None


class NotAnObjectError(ValueError):
    """The text is JSON, but no object."""


def _plainly_object(body: bytes) -> bool:
    """Say whether one quick pass is sure of it; False leaves the question open.

    So few brackets cannot nest too deep. msgspec does not look into strings that it skips, hence the UTF-8 check.
    """
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        return False
    try:
        body.decode()
        _SHALLOW.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _walk(body: bytes) -> Generator[None, None, None]:
    """Check the whole text; raises what is wrong with it."""
    yield from _check_utf8(body)
    start = yield from space(body, len(BOM) if body.startswith(BOM) else 0)
    end = yield from value(body, start)
    rest = yield from space(body, end)
    if rest != len(body):
        raise MalformedError(rest, "something follows the value")
    if body[start : start + 1] != b"{":
        raise NotAnObjectError("the body is JSON, but no object")


def _check_utf8(body: bytes) -> Generator[None, None, None]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(body)
    for at in range(0, len(body), _STRETCH_BYTES):
        decoder.decode(view[at : at + _STRETCH_BYTES])
        yield
    decoder.decode(b"", final=True)
