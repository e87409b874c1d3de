"""Short messages of any text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.response.smstext import ELLIPSIS, LONGEST, fits, is_gsm, short_text

TEXTS = st.one_of(
    st.text(max_size=900),
    st.text(alphabet="ab {}€–\U0001f525я", max_size=900),
    st.integers(400, 700).map(lambda length: "a" * length),
)


@given(TEXTS, st.sampled_from(["", "https://aiops.example.org/i/INC-1", "x" * 500]))
def test_whatever_comes_out_fits(text: str, keep: str) -> None:
    """Any text is cut to what can be sent, and cutting again changes nothing."""
    short = short_text(f"{text} {keep}".strip(), keep)

    assert fits(short)
    assert len(short) <= LONGEST
    assert short == short_text(short)


@given(st.text(alphabet="abc €{", max_size=2_000))
def test_a_cut_keeps_the_beginning_and_says_that_it_is_one(text: str) -> None:
    """What fits is left alone; of the rest a beginning stays."""
    short = short_text(text)

    assert short == text if fits(text) else short.endswith(ELLIPSIS)
    assert text.startswith(short.removesuffix(ELLIPSIS)) or text.strip().startswith(short.removesuffix(ELLIPSIS))


@given(st.text(alphabet="я\U0001f525", min_size=300, max_size=600))
def test_no_letter_is_halved(text: str) -> None:
    """A surrogate pair stays together."""
    short = short_text(text)

    assert not is_gsm(short)
    assert short == short.encode("utf-16-le").decode("utf-16-le")
