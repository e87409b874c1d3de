"""YAML words: what they mean, and which ones are refused because readers disagree."""

import math

import pytest
import yaml

from aiops_daemon.config.parse import parse
from aiops_daemon.config.scalars import plain, surprise

REFUSED = (
    *("y", "Y", "n", "N", "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"),
    *("12:30", "1:30:00", "190:20:30.15", "-1:30", "010", "-07", "00", "0o17", "0x1F", "0b11", "007.5", "08"),
    *("1_000", "1_0.5", "2026-01-01", "2026-1-1", "2026-01-01T00:00:00Z", "2026-01-01 00:00:00", "1" * 31),
)
MEANT = {
    "true": True,
    "False": False,
    "0": 0,
    "-12": -12,
    "+3": 3,
    "0.5": 0.5,
    ".5": 0.5,
    "1.": 1.0,
    "1e3": 1000.0,
    "-1.5E-2": -0.015,
    ".inf": math.inf,
    "-.inf": -math.inf,
    "~": None,
    "null": None,
    "30s": "30s",
    "yesterday": "yesterday",
    "nope": "nope",
    "a:b": "a:b",
    "10.0.0.1:9090": "10.0.0.1:9090",
    "1.2.3": "1.2.3",
    "0.0.0": "0.0.0",
    "http://a:9090": "http://a:9090",
}


@pytest.mark.parametrize("word", REFUSED)
def test_a_word_that_readers_disagree_about_is_refused_unless_quoted(word: str) -> None:
    """Unquoted it is a fault at its place, quoted it is text."""
    _, faults = parse(f"a: {word}\n".encode(), "f", {})
    tree, none = parse(f"a: '{word}'\n".encode(), "f", {})

    assert [(1, 4)] == [(fault.line, fault.column) for fault in faults]
    assert ({"a": word}, []) == (tree.root, none)


@pytest.mark.parametrize("word", MEANT)
def test_a_word_means_what_yaml_1_2_says(word: str) -> None:
    """Plain words are read by the core schema."""
    assert surprise(word) is None
    assert MEANT[word] == plain(word)
    assert type(MEANT[word]) is type(plain(word))


@pytest.mark.parametrize("word", [*REFUSED, *MEANT])
def test_what_pyyaml_reads_as_another_type_is_refused(word: str) -> None:
    """Whatever YAML 1.1 takes for a truth value, a number or a date is either the same to us or refused."""
    theirs = yaml.safe_load(word)

    assert surprise(word) or isinstance(theirs, str) or theirs == plain(word)
