"""Who calls: the token of a request, looked up among the configured ones.

Enters: an Authorization header. Leaves: the TokenSpec that it proves, or none. Tokens are compared as SHA-256 digests
in constant time, all of them each time. Their files are read again after a second, so that a rotated one needs no
reload. Never keeps, logs or repeats a token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
from collections.abc import Callable

from aiops_daemon.core.model.settings import TokenSpec
from aiops_daemon.errors import AiopsError
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

_FRESH_SECONDS = 1.0
BEARER = "bearer"
BASIC = "basic"


class Tokens:
    """The configured tokens, and what they hold now."""

    def __init__(self, specs: Callable[[], tuple[TokenSpec, ...]], now: Callable[[], float]) -> None:
        self._specs = specs
        self._now = now
        self._read: tuple[TokenSpec, ...] = ()
        self._read_at = float("-inf")
        self._digests: list[tuple[bytes, TokenSpec]] = []
        self._unreadable: set[str] = set()

    @property
    def configured(self) -> bool:
        """Say whether there are any."""
        return bool(self._specs())

    def find(self, presented: str) -> TokenSpec | None:
        """Return the token that this text is, None when it is none of them."""
        digest = _digest(presented)
        found = None
        for known, spec in self._current():
            if hmac.compare_digest(known, digest) and found is None:
                found = spec
        return found

    def _current(self) -> list[tuple[bytes, TokenSpec]]:
        specs, now = self._specs(), self._now()
        if specs is not self._read or not 0 <= now - self._read_at < _FRESH_SECONDS:
            texts = [(self._text(spec), spec) for spec in specs]
            self._digests = [(_digest(text), spec) for text, spec in texts if text]
            self._read, self._read_at = specs, now
        return self._digests

    def _text(self, spec: TokenSpec) -> str:
        """Read one token; one that cannot be read matches nothing, and that is logged once."""
        try:
            text = spec.token()
        except (AiopsError, OSError, ValueError) as error:
            if spec.name not in self._unreadable:
                log.warning("cannot read a token", extra=fields(token=spec.name, err=type(error).__name__))
            self._unreadable.add(spec.name)
            return ""
        self._unreadable.discard(spec.name)
        return text


def credentials(header: str) -> tuple[str, str]:
    """Return scheme and token of an Authorization header: Bearer's, or the password of Basic; "" for neither."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() == BEARER:
        return BEARER, rest.strip()
    if scheme.lower() != BASIC:
        return "", ""
    try:
        pair = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return BASIC, ""
    return BASIC, pair.partition(":")[2]


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
