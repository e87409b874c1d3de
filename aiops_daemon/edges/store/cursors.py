"""Where a page ended, as an opaque word, so that the next one starts right after it whatever was written meanwhile.

Enters: the name of an order and the key of the last row. Leaves: text for a URL, and that key again. A word that we did
not write for this order raises InputError.
"""

from __future__ import annotations

import base64
import binascii
import json
import math

from aiops_daemon.edges.store.storable import storable
from aiops_daemon.errors import InputError

_MAX_CHARACTERS = 1024

Key = tuple[str | int | float, str | int | float]
"""What the order looks at first, and what breaks ties."""


def write(order: str, key: Key) -> str:
    """Write the key of a page's last row."""
    text = json.dumps([order, *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str, order: str, kinds: tuple[type, type]) -> Key:
    """Read a key back; raises InputError."""
    try:
        padded = cursor[:_MAX_CHARACTERS] + "=" * (-len(cursor) % 4)
        found, first, second = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise _bad() from error
    if found != order:
        raise InputError(f"cursor: it belongs to a list in the order {found!r}, this one is {order!r}; start anew")
    return _checked(first, kinds[0]), _checked(second, kinds[1])


def _checked(value: object, kind: type) -> str | int | float:
    if kind is float and type(value) is float and math.isfinite(value):
        return value
    if kind is int and type(value) is int and abs(value) < 1 << 62:
        return value
    if kind is str and isinstance(value, str):
        return storable(value)
    raise _bad()


def _bad() -> InputError:
    return InputError("cursor: not one that this list gave; leave it out to start from the first page")
