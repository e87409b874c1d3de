"""Alertmanager's fingerprint of an alert: FNV-1a, 64 bits, over its sorted labels.

Enters: a label set. Leaves: 16 hexadecimal digits, the same that webhooks and the API tell. The source is
prometheus/common, model/signature.go: name, 0xff, value, 0xff of each label in order of name.
"""

from __future__ import annotations

from aiops_daemon.core.model.labels import Labels

_OFFSET, _PRIME, _MASK = 14695981039346656037, 1099511628211, (1 << 64) - 1


def fingerprint(labels: Labels) -> str:
    """Return the fingerprint of a label set."""
    digest = _OFFSET
    for name, value in sorted(labels):
        for byte in b"%b\xff%b\xff" % (name.encode(), value.encode()):
            digest = ((digest ^ byte) * _PRIME) & _MASK
    return f"{digest:016x}"
