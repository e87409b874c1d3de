"""Whether a request is Slack's: its signature over the raw body, and its age.

Enters: headers, the body as it came, the signing secrets, the moment. Leaves: "" or why not. Compares in constant time.
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping

TIMESTAMP = "X-Slack-Request-Timestamp"
SIGNATURE = "X-Slack-Signature"
WINDOW_SECONDS = 300.0
_LONGEST_STAMP = 12  # digits


def refusal(headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: float) -> str:
    """Return why a request is not taken: `v0=` and hex HMAC-SHA256 of `v0:timestamp:body` by one of the secrets."""
    stamp, given = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
    if not stamp or not given:
        return "it is not signed"
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _LONGEST_STAMP):
        return "its timestamp is no number"
    if abs(now - int(stamp)) > WINDOW_SECONDS:
        return "it is too old, or the clocks differ by more than 5 minutes"
    signed = f"v0:{stamp}:".encode() + body
    made = [f"v0={hmac.new(one.encode(), signed, hashlib.sha256).hexdigest()}" for one in secrets]
    presented = given.encode("utf-8", "replace")
    holds = [hmac.compare_digest(one.encode(), presented) for one in made]  # all of them, whichever holds
    return "" if True in holds else "its signature does not hold"
