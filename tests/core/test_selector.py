"""Selectors are read apart and built again, so that a value can never leave its quotes."""

import pytest

from aiops_daemon.core.model.selector import LabelMatch, Selector, parse_selector


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("up", " up "),
        ('up{job="a"}', "up { job = 'a' , }"),
        ('x:y{a=~"b|c",d!="e",f!~"g"}', 'x:y{a=~"b|c",d!="e",f!~`g`}'),
        ('{__name__=~"a.*"}', '{__name__=~"a.*"}'),
        ('x{a="}b{"}', 'x{a="}b{"}'),
        (r'x{a="\"\\\n\x00ü"}', 'x{a="\\"\\\\\\n\\x00\\u00fc"}'),
        ('x{a="b"}', 'x{ # said twice\n a="b"}'),
        ('{"my.metric",a="b"}', '{"my.metric", a="b"}'),
        ('x{"my.label"="b"}', 'x{"my.label"="b"}'),
    ],
)
def test_what_is_read_is_written_alike(expected: str, text: str) -> None:
    """Blanks, comments and kinds of quotes do not matter; what Prometheus 3 alone knows keeps its form."""
    assert expected == str(parse_selector(text))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("is no bare selector", ""),
        ("selects every series", "{}x"),
        ("selects every series", "{}"),
        ("more than a bare selector from character 3", "up[5m]"),
        ("more than a bare selector from character 4", "sum(up)"),
        ("more than a bare selector from character 11", 'up{a="b"} or vector(1)'),
        ("lacks a quoted value at character 6", "up{a=b}"),
        ("lacks a quoted value at character 6", 'up{a="b}'),
        ("at character 10", 'up{a="b" c="d"}'),
        ("at character 5", "up{a}"),
        ("at character 9", 'up{"x.y"}'),
        ("lacks a quoted value at character 6", r'up{a="\q"}'),
    ],
)
def test_what_is_more_or_less_than_a_selector_is_refused(words: str, text: str) -> None:
    """The place is told."""
    with pytest.raises(ValueError, match=r"no bare|more than|lacks|every") as caught:
        parse_selector(text)

    assert words in str(caught.value)


def test_a_selector_can_be_narrowed_and_renamed() -> None:
    """Each gives a new one."""
    selector = parse_selector('x_bucket{le="0.5",a="b"}')

    assert 'x_count{a="b"}' == str(selector.without("le").named("x_count"))
    assert 'y{c=~"d"}' == str(Selector("y").having(LabelMatch("c", "=~", "d")))
