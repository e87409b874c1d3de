"""Log lines: one a record whatever is in it, readable by programs, and nobody's text can forge one."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.logs import JsonFormatter, LogfmtFormatter, configure, fields

TEXT = st.text(st.characters())  # with lone surrogates, as file names may have them


def record(message: str = "query failed", **values: object) -> logging.LogRecord:
    """Make a record as `log.warning(message, extra=fields(...))` would, on a known second."""
    made = logging.LogRecord("aiops_daemon.flows.poll", logging.WARNING, "", 0, message, (), None)
    made.created = 1_700_000_040.25
    made.__dict__.update(fields(**values))
    return made


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("checkout", "checkout"),
        ("two words", '"two words"'),
        ("", '""'),
        ('say "no"', r'"say \"no\""'),
        ("a=b", '"a=b"'),
        ("line\nlevel=error", r'"line\nlevel=error"'),
        ("\x1b[31mred", r'"\u001b[31mred"'),
        ("next\u2028line", r'"next\u2028line"'),
        ("Zürich", "Zürich"),
        (1 / 3, "0.333333"),
        (12, "12"),
        (None, "None"),
    ],
)
def test_logfmt_quotes_what_could_be_misread(value: object, written: str) -> None:
    """Blanks, quotes, equals signs and control characters are escaped; plain words stay plain."""
    line = LogfmtFormatter().format(record(query=value))

    assert (
        'ts=2023-11-14T22:14:00.250Z level=warning component=flows.poll msg="query failed" query=' + written
    ) == line


@settings(max_examples=50, deadline=None)
@given(text=TEXT, more=TEXT)
def test_a_record_is_one_line_in_both_forms(text: str, more: str) -> None:
    """No label value and no error text of a server makes a second line, or one that cannot be written."""
    made = record(text, err=more)
    lines = [formatter.format(made) for formatter in (LogfmtFormatter(), JsonFormatter())]

    assert [1, 1] == [len(line.splitlines()) for line in lines]
    assert lines == [line.encode().decode() for line in lines]


@settings(max_examples=50, deadline=None)
@given(value=st.text() | st.integers() | st.booleans() | st.none())
def test_json_gives_fields_back(value: object) -> None:
    """A program that reads the line has the value that was logged."""
    read = json.loads(JsonFormatter().format(record(value=value)))

    assert value == read["value"]
    assert ("warning", "flows.poll", "query failed") == (read["level"], read["component"], read["msg"])


@pytest.mark.parametrize("formatter", [LogfmtFormatter(), JsonFormatter()])
def test_a_traceback_is_a_field(formatter: logging.Formatter) -> None:
    """The error is in the line, and the line is one."""
    made = record()
    made.exc_info = (ValueError, ValueError("broken"), None)
    line = formatter.format(made)

    assert "ValueError: broken" in line
    assert 1 == len(line.splitlines())


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """Give the root logger back as it was."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.mark.parametrize(("style", "start"), [("logfmt", "ts="), ("json", "{")])
def test_configure_sends_records_to_one_stream(root: logging.Logger, style: str, start: str) -> None:
    """The level holds, and a second call replaces the first: a reload doubles no line."""
    stream = io.StringIO()
    for _ in range(2):
        configure(level="info", style=style, stream=stream)
    root.debug("unseen")
    root.info("seen")
    lines = stream.getvalue().splitlines()

    assert 1 == len(lines)
    assert lines[0].startswith(start)


def test_a_field_may_be_called_as_the_logger_s_own(caplog: pytest.LogCaptureFixture) -> None:
    """`name`, `args` and `message` are fields like any other; the logging module would refuse them as extras."""
    logging.getLogger("aiops_daemon.tests").warning("told", extra=fields(name="a", args="b", message="c"))

    assert "name=a args=b message=c" in LogfmtFormatter().format(caplog.records[0])
