"""`aiops-daemon score`: a file in, bands and scores out."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import pytest

from aiops_daemon.cli import score as command
from aiops_daemon.core.model.query import Season
from aiops_daemon.core.signals.bands.baseline import BandOptions, Bands
from aiops_daemon.errors import InputError

START = 1_772_409_600


def run(*words: str) -> int:
    """Run the command as the command line does."""
    parser = argparse.ArgumentParser()
    command.register(parser.add_subparsers())
    args = parser.parse_args(["score", *words])
    return int(args.run(args))


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    """Write a CSV file as input."""
    path.write_text("timestamp,value\n" + "".join(f"{stamp},{value}\n" for stamp, value in rows), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, str]]:
    """Read the rows of an answer."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def noisy(count: int) -> list[float]:
    """Values around 10 with a jump at the end."""
    values = 10.0 + np.random.default_rng(3).normal(size=count)
    values[-5:] += 40.0
    return [float(value) for value in values]


def test_columns_are_those_of_a_live_run_bit_for_bit(tmp_path: Path) -> None:
    """Every number that is written reads back as the very float that Bands gives among other rows."""
    values = noisy(400)
    source = write(tmp_path / "in.csv", [(str(START + 300 * i), repr(value)) for i, value in enumerate(values)])
    assert 0 == run("--input", str(source), "--output", str(tmp_path / "out.csv"))

    live = Bands(BandOptions(), 50)
    rows = np.arange(50)
    crowd = np.random.default_rng(4).normal(size=(400, 50))
    for index, row in enumerate(read(tmp_path / "out.csv")):
        crowd[index, 7] = values[index]
        step = live.step(rows, crowd[index], START + 300.0 * index)
        expected = (step.expected[7], step.lower[7], step.upper[7], step.score[7])
        assert expected == tuple(float(row[name]) for name in ("expected", "lower", "upper", "anomaly_score"))


def test_a_jump_scores_over_one_with_defaults(tmp_path: Path) -> None:
    """Defaults serve: noise stays under 1, a jump does not."""
    source = write(tmp_path / "in.csv", [(str(START + 300 * i), str(v)) for i, v in enumerate(noisy(400))])
    run("--input", str(source), "--output", str(tmp_path / "out.csv"))
    scores = [float(row["anomaly_score"]) for row in read(tmp_path / "out.csv")]

    assert max(scores[:395]) < 1.0 < scores[395]


@pytest.mark.parametrize(
    "stamps",
    [
        ["2026-03-02 00:00:00", "2026-03-02 00:05:00"],
        ["2026-03-02T00:00:00+01:00", "2026-03-02T00:05:00+01:00"],
        ["2026-03-02T00:00:00Z", "2026-03-02T00:05:00Z"],
        ["1772409600", "1772409900.5"],
    ],
)
def test_timestamps_come_out_as_they_went_in(tmp_path: Path, stamps: list[str]) -> None:
    """Whatever the style, it is kept."""
    source = write(tmp_path / "in.csv", [(stamp, "1.5") for stamp in stamps])
    run("--input", str(source), "--output", str(tmp_path / "out.csv"))
    rows = read(tmp_path / "out.csv")

    assert stamps == [row["timestamp"] for row in rows]
    assert ["timestamp", "value", "expected", "lower", "upper", "anomaly_score"] == list(rows[0])


@pytest.mark.parametrize("missing", ["", "NaN", "+Inf"])
def test_a_missing_value_scores_zero_and_teaches_nothing(tmp_path: Path, missing: str) -> None:
    """A gap leaves the band as it was; the rows after it are as if the gap row were not there."""
    rows = [(str(START + 300 * i), str(v)) for i, v in enumerate(noisy(200))]
    gap = [*rows[:100], (str(START + 300 * 99 + 60), missing), *rows[100:]]
    run("--input", str(write(tmp_path / "a.csv", rows)), "--output", str(tmp_path / "a.out"))
    run("--input", str(write(tmp_path / "b.csv", gap)), "--output", str(tmp_path / "b.out"))
    plain, holed = read(tmp_path / "a.out"), read(tmp_path / "b.out")

    assert "0.0" == holed[100]["anomaly_score"]
    assert plain[99]["expected"] == holed[100]["expected"]
    assert plain == [*holed[:100], *holed[101:]]


def test_a_missing_first_value_has_no_band(tmp_path: Path) -> None:
    """Before the first value nothing is expected, and the score is 0."""
    source = write(tmp_path / "in.csv", [(str(START), ""), (str(START + 60), "1")])
    run("--input", str(source), "--output", str(tmp_path / "out.csv"))
    first = read(tmp_path / "out.csv")[0]

    assert ("", "", "", "0.0") == (first["expected"], first["lower"], first["upper"], first["anomaly_score"])


@pytest.mark.parametrize(
    ("words", "falls", "rises"),
    [
        ([], True, True),
        (["--direction", "up"], False, True),
        (["--direction", "down"], True, False),
        (["--min-deviation.absolute", "50"], False, False),
        (["--min-deviation.relative", "5"], False, False),
        (["--season", "none", "--time-zone", "Europe/Berlin"], True, True),
        (["--season", "daily", "--season", "weekly"], True, True),
    ],
)
def test_flags_reach_the_band(tmp_path: Path, words: list[str], falls: bool, rises: bool) -> None:
    """Direction, gates, seasons and zone do what a query's keys do."""
    for sign, scored in ((-1.0, falls), (1.0, rises)):
        values = [*noisy(395)[:390], 10.0 + 30.0 * sign]
        source = write(tmp_path / "in.csv", [(str(START + 300 * i), str(v)) for i, v in enumerate(values)])
        run("--input", str(source), "--output", str(tmp_path / "out.csv"), *words)
        assert scored == (float(read(tmp_path / "out.csv")[-1]["anomaly_score"]) > 1.0)


@pytest.mark.parametrize(
    ("names", "seasons"),
    [
        (["auto"], None),
        (["none"], ()),
        (["daily", "weekly"], (Season.DAILY, Season.WEEKLY)),
        (["daily", "daily"], (Season.DAILY,)),
    ],
)
def test_season_flags_read_as_in_a_query(tmp_path: Path, names: list[str], seasons: tuple[Season, ...] | None) -> None:
    """The flag means what the key `season` means."""
    args = argparse.Namespace(season=names, direction="both", absolute=0.0, relative=0.0, time_zone="UTC")

    assert seasons == command.options_of(args).seasons


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timestamp,value\n1,2\nyesterday,3\n", ":3: 'yesterday' is no timestamp"),
        ("timestamp,value\n1,two\n", ":2: 'two' is no number"),
        ("time,value\n1,2\n", ":1: needs the columns timestamp and value"),
        ("timestamp,value\n1\n", ":2: has 1 cells"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    """Nothing is guessed, and no output is begun."""
    source = tmp_path / "in.csv"
    source.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        run("--input", str(source), "--output", str(tmp_path / "out.csv"))

    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    "words", [["--season", "yearly"], ["--time-zone", "Mars/Base"], ["--min-deviation.absolute", "-1"]]
)
def test_wrong_flags_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong use ends with 2 and a message."""
    with pytest.raises(SystemExit) as failure:
        run("--input", "in.csv", *words)

    assert 2 == failure.value.code
    assert words[0] in capsys.readouterr().err


def test_rows_out_of_order_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not sorted is scored, and the user hears that some rows were not learned."""
    times = [START, START + 60, START + 30, START + 120, START + 90]
    source = write(tmp_path / "in.csv", [(str(at), "1.0") for at in times])

    assert 0 == run("--input", str(source), "--output", str(tmp_path / "out.csv"))
    assert "warning: 2 rows are older than the row before" in capsys.readouterr().err
    assert 5 == len(read(tmp_path / "out.csv"))
