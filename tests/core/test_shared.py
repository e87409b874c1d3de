"""Equal values become one object."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.model.shared import Shared


@given(st.lists(st.text(max_size=2)), st.integers(1, 5))
def test_what_comes_out_is_equal_to_what_went_in(values: list[str], most: int) -> None:
    """However little it remembers."""
    shared = Shared[str](most)

    assert values == [shared(value) for value in values]


def test_equal_values_are_one_object() -> None:
    """The first that was seen, until too many others were."""
    shared = Shared[tuple[str, ...]](2)
    first = shared(("a", "b"))

    assert first is shared(("a", "".join("b")))

    shared(("c",))

    assert first is not shared((*"ab",))
