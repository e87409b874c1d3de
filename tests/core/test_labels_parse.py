"""Label objects as a source may write them."""

import pytest

from aiops_daemon.core.model import labels


def test_half_characters_do_not_come_in():
    """A lone surrogate, which no later encoder could write, becomes a question mark; pairs are one character."""
    assert (("a", "?x"), ("b", "😀")) == labels.parse(rb'{"a":"\ud800x","b":"\ud83d\ude00"}')


def test_what_is_no_object_is_refused():
    """A list is no label set."""
    with pytest.raises(ValueError, match="object"):
        labels.parse(b"[]")
