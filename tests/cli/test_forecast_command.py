"""The noun `forecast`: CSV in, CSV out."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aiops_daemon.cli import forecast
from aiops_daemon.cli.csvfile import read_series
from aiops_daemon.errors import InputError

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def command(*words: str) -> argparse.Namespace:
    """Parse the words after `aiops-daemon`."""
    parser = argparse.ArgumentParser(prog="aiops-daemon")
    forecast.register(parser.add_subparsers(required=True))
    return parser.parse_args(["forecast", *words])


def hourly(size: int, seed: int = 0) -> NDArray[np.float64]:
    """Return a daily wave with noise and a slow rise."""
    t = np.arange(size)
    return 100 + 30 * np.sin(2 * np.pi * t / 24) + 0.02 * t + np.random.default_rng(seed).normal(0, 2, size)


def written(folder: Path, stamps: list[str], values: list[str]) -> str:
    """Write the input and return its path."""
    path = folder / "in.csv"
    rows = [f"{stamp},{value}" for stamp, value in zip(stamps, values, strict=True)]
    path.write_text("\n".join(["timestamp,value", *rows]) + "\n")
    return str(path)


def forecasted(folder: Path, stamps: list[str], values: list[str], *flags: str) -> list[list[str]]:
    """Run the command and return the rows of its answer, the header first."""
    out = folder / "out.csv"
    args = command("--input", written(folder, stamps, values), "--output", str(out), *flags)

    assert args.run(args) == 0
    return [line.split(",") for line in out.read_text().splitlines()]


def test_the_answer_follows_the_season_and_the_style_of_the_input(tmp_path: Path) -> None:
    """Twenty-four hours ahead of three weeks by the hour, stamps as they came."""
    values = hourly(504 + 24)
    stamps = [(BEGIN + timedelta(hours=index)).strftime("%Y-%m-%d %H:%M:%S") for index in range(504)]
    rows = forecasted(tmp_path, stamps, [f"{value:.4f}" for value in values[:504]], "--horizon", "24")
    numbers = np.array([[float(cell) for cell in row[1:]] for row in rows[1:]])

    assert rows[0] == ["timestamp", "expected", "lower", "upper"]
    assert rows[1][0] == "2026-01-22 00:00:00"
    assert rows[-1][0] == "2026-01-22 23:00:00"
    assert np.abs(numbers[:, 0] - values[504:]).mean() < 4.0
    assert (numbers[:, 1] <= numbers[:, 0]).all()
    assert (numbers[:, 0] <= numbers[:, 2]).all()


def test_epoch_stamps_gaps_and_disorder(tmp_path: Path) -> None:
    """Epoch in, epoch out; rows may be missing, empty, doubled or out of order."""
    values = [f"{value:.3f}" for value in hourly(300)]
    stamps = [str(1767225600 + 3600 * index) for index in range(300)]
    values[40] = values[41] = ""
    order = [*range(100), *range(110, 200), *range(299, 199, -1), 150]
    rows = forecasted(tmp_path, [stamps[i] for i in order], [values[i] for i in order], "--horizon", "3")

    assert [row[0] for row in rows[1:]] == [str(1767225600 + 3600 * index) for index in (300, 301, 302)]


def test_the_method_is_told_on_the_error_stream(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """People see what was chosen; the answer on standard output stays a CSV file."""
    path = written(tmp_path, [str(60 * index) for index in range(200)], [str(index % 7) for index in range(200)])
    args = command("--input", path, "--horizon", "14")

    assert args.run(args) == 0
    printed = capsys.readouterr()
    expected = [float(line.split(",")[1]) for line in printed.out.splitlines()[1:]]
    assert printed.err.startswith("season length: 7")
    np.testing.assert_allclose([(200 + index) % 7 for index in range(14)], expected, atol=1e-9)


def test_a_season_can_be_given_or_denied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--season-length 1 means none; another length is taken as it is."""
    stamps, values = [str(60 * index) for index in range(120)], [str(index % 8) for index in range(120)]
    forecasted(tmp_path, stamps, values, "--horizon", "4", "--season-length", "1")
    forecasted(tmp_path, stamps, values, "--horizon", "4", "--season-length", "8")
    told = capsys.readouterr().err.splitlines()

    assert told[0].startswith("season length: none")
    assert told[1].startswith("season length: 8")


def test_a_wider_interval_is_wider(tmp_path: Path) -> None:
    """--interval 0.95 holds more than the default of 0.8."""
    stamps, values = [str(3600 * index) for index in range(240)], [f"{value:.3f}" for value in hourly(240)]
    usual = forecasted(tmp_path, stamps, values, "--horizon", "12")
    wide = forecasted(tmp_path, stamps, values, "--horizon", "12", "--interval", "0.95")
    widths = [sum(float(row[3]) - float(row[2]) for row in rows[1:]) for rows in (usual, wide)]

    assert widths[0] < widths[1]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "fewer than two moments"),
        ([("0", "1")], "fewer than two moments"),
        ([("0", "1"), ("60", ""), ("120", "2"), ("180", "3")], "3 values are too few"),
        ([("0", "1"), ("1", "2"), ("2", "2"), ("9000000", "3")], "spans 9000001 steps"),
    ],
)
def test_too_little_or_senseless_input_is_told(tmp_path: Path, rows: list[tuple[str, str]], message: str) -> None:
    """What cannot be forecast is an InputError that says why."""
    path = written(tmp_path, [row[0] for row in rows], [row[1] for row in rows])
    args = command("--input", path, "--horizon", "3")

    with pytest.raises(InputError, match=message):
        args.run(args)


@pytest.mark.parametrize("flags", [("--horizon", "0"), ("--horizon", "two"), ("--horizon", "3", "--interval", "80")])
def test_wrong_flags_are_usage_errors(
    tmp_path: Path, flags: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, with the value named."""
    with pytest.raises(SystemExit) as stop:
        command("--input", "in.csv", *flags)

    assert stop.value.code == 2
    assert "is no" in capsys.readouterr().err


def test_the_answer_reads_back(tmp_path: Path) -> None:
    """What was written is a series again, once its column is renamed."""
    stamps, values = [f"2026-01-01T{index:02d}:00:00Z" for index in range(24)], [str(index) for index in range(24)]
    rows = forecasted(tmp_path, stamps, values, "--horizon", "2")
    back = tmp_path / "back.csv"
    back.write_text("timestamp,value\n" + "\n".join(f"{row[0]},{row[1]}" for row in rows[1:]))

    np.testing.assert_allclose([24.0, 25.0], read_series(str(back)).values, atol=0.5)
