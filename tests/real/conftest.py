"""What several tests of the real process stand on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from paging_world import PagingWorld


@pytest.fixture
def world() -> Iterator[PagingWorld]:
    """PagerDuty, a phone and a fallback."""
    outside = PagingWorld()
    outside.start()
    try:
        yield outside
    finally:
        outside.stop()
