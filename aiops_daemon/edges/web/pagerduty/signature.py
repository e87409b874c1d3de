"""Whether a webhook comes from PagerDuty.

Enters: the raw body, the header `X-PagerDuty-Signature` (`v1=` and hex HMAC-SHA256, several while a secret is rotated),
the secrets. Leaves: yes or no; any signature by any secret will do. Compares in constant time, and all each time.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

HEADER = "X-PagerDuty-Signature"
_SCHEME = "v1="
_MOST = 8  # signatures looked at; PagerDuty sends one, two while a secret is rotated


def is_signed(body: bytes, header: str, secrets: Iterable[str]) -> bool:
    """Say whether a secret made one of the signatures. An empty secret makes none; space around is no part."""
    parts = (part.strip() for part in header.split(",")[:_MOST])
    given = [part.removeprefix(_SCHEME).encode("utf-8", "replace") for part in parts if part.startswith(_SCHEME)]
    good = False
    for secret in map(str.strip, secrets):
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode() if secret else b""
        for one in given:
            good |= bool(secret) and hmac.compare_digest(expected, one)
    return good
