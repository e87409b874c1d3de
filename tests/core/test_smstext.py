"""Short messages: what fits, what is cut, and what stays whole."""

from __future__ import annotations

import pytest

from aiops_daemon.core.response.smstext import fits, is_gsm, short_text, units

URL = "https://aiops.example.org/incidents/INC-42"


@pytest.mark.parametrize(
    ("text", "gsm", "length"),
    [
        ("Checkout fails", True, 14),
        ("Überlast: 5 €", True, 14),  # the euro sign takes two septets
        ("{a}", True, 5),
        ("Прод", False, 4),
        ("\U0001f525", False, 2),  # a surrogate pair
    ],
)
def test_units_are_those_of_the_alphabet(text: str, gsm: bool, length: int) -> None:
    """Septets in the GSM alphabet, UTF-16 units beyond it."""
    assert (gsm, length) == (is_gsm(text), units(text))


def test_480_letters_of_gsm_fit() -> None:
    """The 481st does not."""
    assert fits("a" * 480)
    assert not fits("a" * 481)


def test_other_alphabets_have_less_room() -> None:
    """Four parts of 67 units."""
    assert fits("я" * 268)
    assert not fits("я" * 269)


def test_a_dash_does_not_cost_half_of_the_room() -> None:
    """Signs that GSM lacks are written with those that it has."""
    assert 'a - "b"... ' + "x" * 400 == short_text("a – “b”… " + "x" * 400)


def test_the_address_survives_the_cut() -> None:
    """Words before it give way."""
    cut = short_text("x" * 900 + f" {URL}", URL)

    assert cut.endswith(f"... {URL}")
    assert 480 == len(cut)


def test_an_address_that_is_longer_than_a_message_is_cut_too() -> None:
    """Nothing is left out for it."""
    long = f"{URL}/{'y' * 600}"

    assert fits(short_text(f"Checkout fails {long}", long))
    assert short_text(f"Checkout fails {long}", long).startswith("Checkout fails https://")
