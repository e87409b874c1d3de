"""Memory of large bodies goes back to the system as soon as they are let go.

Enters: nothing. Leaves: two settings of this process's allocator. The C library (glibc) learns from the first large
block that is freed: from then on such blocks come from the heap, and twice their size stays resident once free, up to
64 MiB. Fixed settings end that learning. Does nothing where the C library is another one.
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of mallopt(3)
_MAPPED_FROM = 9 * 1024 * 1024  # bytes: above arrays over a million series, which come and go with each poll
_FREE_MOST = 2 * _MAPPED_FROM  # bytes free at the heap's end before they are given back: glibc's own ratio


def give_back_large_blocks() -> bool:
    """Set the thresholds; says whether the allocator took them."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _MAPPED_FROM) and mallopt(_TRIM_THRESHOLD, _FREE_MOST))
