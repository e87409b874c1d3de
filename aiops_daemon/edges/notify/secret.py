"""Secrets of channels, read at the moment of use.

Enters: a secret, and what people call it. Leaves: its text, or a Failed that names it and nothing of its content.
"""

from __future__ import annotations

from aiops_daemon.core.model.notification import Failed, FailureReason
from aiops_daemon.core.model.source import Secret
from aiops_daemon.errors import AiopsError


def read_secret(secret: Secret, what: str) -> str | Failed:
    """Read a secret now. One that cannot be read may be in the middle of its rotation: trying again may help."""
    try:
        text = secret().strip()
    except (OSError, ValueError, AiopsError) as error:
        return Failed(FailureReason.AUTH_ERROR, f"the {what} cannot be read: {type(error).__name__}", retry=True)
    if not text or not text.isascii() or not text.isprintable():
        return Failed(FailureReason.AUTH_ERROR, f"the {what} is empty, or holds what no header may carry", retry=True)
    return text
