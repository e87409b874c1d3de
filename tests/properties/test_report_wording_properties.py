"""Properties of the words of reports."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.reports.wording import objective, reached


@given(st.floats(0.0, 1.0), st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999]))
def test_words_never_promise_more_than_was_reached(ratio, promised) -> None:
    """The number that is written is at most the ratio, and says met exactly when it is."""
    written = Decimal(reached(ratio, promised).removesuffix(" %"))

    assert written <= Decimal(repr(ratio)) * 100
    assert (written >= Decimal(objective(promised).removesuffix(" %"))) == (
        Decimal(repr(ratio)) >= Decimal(repr(promised))
    )
    assert (written == 100) == (ratio == 1.0)
