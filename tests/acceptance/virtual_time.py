"""How time passes in acceptance tests: at once, whenever nothing is left to do.

Before each leap the loop turns a few times for nothing, so that whoever waits for another gets its turn; store and
templates work in threads that are waited for, sockets are asked each turn. Forty-two turns, looptime's own number,
were most of the time that the long ones took.
"""

from __future__ import annotations

import pytest

VIRTUAL_TIME = pytest.mark.looptime(noop_cycles=8)
