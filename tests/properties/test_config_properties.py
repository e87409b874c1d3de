"""The loader on arbitrary input."""

from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops_daemon.config.load import Overrides, load
from aiops_daemon.config.outline import keys
from aiops_daemon.config.parse import parse
from aiops_daemon.config.show import _Dumper
from aiops_daemon.core.model.durations import parse_duration, prometheus_duration
from aiops_daemon.errors import ConfigError

MODEST = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

WORDS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(sorted({step for key in keys() for step in key.path})),
    st.sampled_from(["${X}", "12:30", "no", "010", "&a", "*a", "<<", "!!str", "'", '"', *"{[\n", "- ", ": ", "  "]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)


def _load(file: Path, raw: bytes) -> None:
    file.write_bytes(raw)
    faults: tuple[str, ...] = (str(file),)
    try:
        load(file, environ={"X": "1"}, overrides=Overrides())
    except ConfigError as error:
        faults = error.faults

    assert faults
    assert all(line.startswith(str(file)) for line in faults)


@MODEST
@given(st.lists(WORDS, max_size=30).map("".join))
def test_arbitrary_text_raises_nothing_but_config_errors(tmp_path: Path, text: str) -> None:
    """Any text is either a configuration or a list of faults that name the file."""
    _load(tmp_path / "config.yaml", text.encode("utf-8", "surrogatepass"))


@MODEST
@given(st.binary(max_size=60))
def test_arbitrary_bytes_raise_nothing_but_config_errors(tmp_path: Path, raw: bytes) -> None:
    """Any bytes are either a configuration or a list of faults."""
    _load(tmp_path / "config.yaml", raw)


@MODEST
@given(st.sampled_from([key for key in keys() if "*" not in key.path]), VALUES)
def test_any_value_at_any_key_raises_nothing_but_config_errors(tmp_path: Path, key: object, value: object) -> None:
    """A value of any shape at any key of the file is accepted or told as a fault, never a crash."""
    for step in reversed(key.path):
        value = [value] if step == "[]" else {step: value}
    _load(tmp_path / "config.yaml", yaml.dump(value, Dumper=_Dumper, allow_unicode=True).encode())


@MODEST
@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=4))
def test_what_we_write_we_read_alike(document: dict[str, object]) -> None:
    """Text that our dumper writes comes back as the same text, whatever YAML makes of it unquoted."""
    text = yaml.dump({"a": [str(key) for key in document]}, Dumper=_Dumper, allow_unicode=True)
    tree, faults = parse(text.encode("utf-8", "surrogatepass"), "f", {})

    unusable = any("\0" in key or "${" in key for key in document)
    assert faults or unusable or [str(key) for key in document] == tree.root["a"]


@MODEST
@given(st.integers(min_value=0, max_value=10**11))
def test_durations_are_read_back_to_the_millisecond(milliseconds: int) -> None:
    """Writing and reading a duration changes nothing."""
    seconds = milliseconds / 1000

    assert seconds == parse_duration(prometheus_duration(seconds))
