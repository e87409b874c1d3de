"""Whatever a selector holds, reading and writing it changes nothing, and nothing leaves its quotes."""

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.model.selector import LabelMatch, Selector, parse_selector

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text("{}\"\\`%$\n'#,=~ .a", max_size=30)
names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,10}", fullmatch=True) | texts.filter(bool)
matches = st.builds(LabelMatch, names, st.sampled_from(["=", "!=", "=~", "!~"]), texts)


@given(names, st.lists(matches, max_size=4))
def test_a_selector_reads_back(metric: str, found: list[LabelMatch]) -> None:
    """Also with names and values that would like to be PromQL."""
    selector = Selector(metric, tuple(found))

    assert selector == parse_selector(str(selector))


@given(texts)
def test_any_text_is_a_selector_or_refused(text: str) -> None:
    """What is accepted is accepted again as it is written."""
    try:
        selector = parse_selector(text)
    except ValueError:
        return
    assert selector == parse_selector(str(selector))
