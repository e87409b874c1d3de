"""CSV files of the offline commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aiops_daemon.cli.csvfile import read_series, write_like, write_rows
from aiops_daemon.errors import InputError


def written(folder: Path, text: str) -> str:
    """Write a file and return its path."""
    path = folder / "in.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_iso_and_epoch_rows_read_alike(tmp_path: Path) -> None:
    """ISO 8601 with and without offset, with a space, and epoch seconds give the same moments."""
    rows = "2026-01-01 00:00:00,1\n2026-01-01T00:05:00Z,\n2026-01-01T01:10:00+01:00,-2.5\n1767226500,nan\n"
    series = read_series(written(tmp_path, "timestamp,value\n" + rows))

    assert [1767225600.0, 1767225900.0, 1767226200.0, 1767226500.0] == series.times.tolist()
    assert ["2026-01-01 00:00:00", "2026-01-01T00:05:00Z"] == series.stamps[:2]
    np.testing.assert_array_equal([1.0, np.nan, -2.5, np.nan], series.values)


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    """Other columns, another order, a byte order mark and blank lines do no harm."""
    series = read_series(written(tmp_path, "\ufeffhost,Value,Timestamp\na,3,60\n\nb,4,120\n"))

    assert [60.0, 120.0] == series.times.tolist()
    assert [3.0, 4.0] == series.values.tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"in\.csv:1: needs the columns timestamp and value; found nothing"),
        ("time,value\n", r"in\.csv:1: needs the columns .* found time, value"),
        ("timestamp,value\n60,1\nsoon,2\n", r"in\.csv:3: 'soon' is no timestamp"),
        ("timestamp,value\ninf,2\n", r"in\.csv:2: 'inf' is no timestamp"),
        ("timestamp,value\n60,much\n", r"in\.csv:2: 'much' is no number"),
        ("timestamp,value\n60\n", r"in\.csv:2: has 1 cells, 2 are needed"),
    ],
)
def test_a_fault_names_its_line(tmp_path: Path, text: str, message: str) -> None:
    """What cannot be read says where it is."""
    with pytest.raises(InputError, match=message):
        read_series(written(tmp_path, text))


def test_a_missing_file_and_wrong_bytes_are_input_errors(tmp_path: Path) -> None:
    """Files that cannot be opened or are no text are told plainly."""
    (tmp_path / "wrong.csv").write_bytes(b"timestamp,value\n\xff\xfe,1\n")

    with pytest.raises(InputError, match="No such file"):
        read_series(str(tmp_path / "none.csv"))
    with pytest.raises(InputError, match="not a CSV file"):
        read_series(str(tmp_path / "wrong.csv"))


def test_rows_are_written_so_that_they_read_back_equal(tmp_path: Path) -> None:
    """Floats keep every bit; NaN is an empty cell."""
    path = str(tmp_path / "out.csv")
    write_rows(path, ["timestamp", "value"], [("60", 0.1 + 0.2), ("120", float("nan"))])

    assert "timestamp,value\n60,0.30000000000000004\n120,\n" == (tmp_path / "out.csv").read_text()
    np.testing.assert_array_equal([0.1 + 0.2, np.nan], read_series(path).values)


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("1767225600", "1767312000"),
        ("1767225600.250", "1767312000.000"),
        ("2026-01-01", "2026-01-02"),
        ("2026-01-01 00:00:00", "2026-01-02 00:00:00"),
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"),
        ("2026-01-01T01:00:00+01:00", "2026-01-02T01:00:00+01:00"),
        ("2026-01-01T00:00:00.123456", "2026-01-02T00:00:00.000000"),
    ],
)
def test_new_stamps_follow_the_style_that_came_in(stamp: str, expected: str) -> None:
    """The written style, its offset and its digits are kept."""
    assert expected == write_like(stamp, 1767312000.0)
