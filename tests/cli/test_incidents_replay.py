"""`incidents replay` and `what-if` as people call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from grouping_world import faults, two_faults

from aiops_daemon.cli.main import dispatch
from aiops_daemon.cli.parsing import Exit
from aiops_daemon.core.incidents.grouping.rehearsal import PastAlert

CONFIG = "grouping: {threshold: 0.99}\n"


def _record(folder: Path, alerts: list[PastAlert], truth: list[str] | None = None) -> str:
    lines = []
    for number, one in enumerate(alerts):
        fields: dict[str, object] = {"ts": one.at, "labels": dict(one.labels)}
        if truth is not None:
            fields["truth"] = truth[number]
        lines.append(json.dumps(fields))
    path = folder / "alerts.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_replay_writes_one_id_a_line_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And says how many incidents there are."""
    record = _record(tmp_path, two_faults())
    code = dispatch(["incidents", "replay", "--input", record, "--output", str(tmp_path / "ids")])

    assert Exit.GOOD == code
    assert ["1", "2"] * 5 == [json.loads(line) for line in (tmp_path / "ids").read_text().splitlines()]
    assert "replayed: 10 alerts in 2 incidents (compression 80.00%)\n" == capsys.readouterr().out


def test_one_is_said_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A record may be short."""
    record = _record(tmp_path, two_faults()[:1])
    dispatch(["incidents", "replay", "--input", record, "--output", str(tmp_path / "ids")])

    assert "replayed: 1 alert in 1 incident (compression 0.00%)\n" == capsys.readouterr().out


def test_replay_tells_the_agreement_with_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON too; ids and figures do not mix when the ids go to standard output."""
    alerts = two_faults()
    record = _record(tmp_path, alerts, ["x", "y"] * 5)
    code = dispatch(["incidents", "replay", "--input", record, "--output", "-", "-o", "json"])
    shown = capsys.readouterr()

    assert Exit.GOOD == code
    assert 10 == len(shown.out.splitlines())
    assert {"alerts": 10, "incidents": 2, "compression": 0.8, "precision": 1.0, "recall": 1.0, "f1": 1.0} == json.loads(
        shown.err
    )


def test_replay_reads_the_grouping_of_a_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that names no Prometheus will do: nothing is asked of one."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    record = _record(tmp_path, two_faults())
    arguments = ["incidents", "replay", "--input", record, "--output", str(tmp_path / "ids")]
    dispatch([*arguments, "--config.file", str(tmp_path / "config.yaml"), "-o", "json"])

    assert 2 < json.loads(capsys.readouterr().out)["incidents"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "is not JSON"),
        ("[]", "is no JSON object"),
        ('{"ts": 1}', "`labels` is no object of strings"),
        ('{"ts": 1, "labels": {"a": 1}}', "`labels` is no object of strings"),
        ('{"labels": {"a": "b"}}', "`ts` is no number of epoch seconds"),
        ('{"ts": "1", "labels": {}}', "`ts` is no number of epoch seconds"),
        ('{"ts": true, "labels": {}}', "`ts` is no number of epoch seconds"),
        ('{"ts": NaN, "labels": {}}', "`ts` is no number of epoch seconds"),
        ('{"ts": 1, "labels": {}, "truth": 1}', "1 of 2 lines have no `truth`; all or none"),
    ],
)
def test_a_wrong_line_is_told_with_its_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, fault: str
) -> None:
    """And nothing is written."""
    record = tmp_path / "alerts.jsonl"
    record.write_text('{"ts": 1, "labels": {"alertname": "A"}}\n' + line + "\n")
    code = dispatch(["incidents", "replay", "--input", str(record), "--output", str(tmp_path / "ids")])
    told = capsys.readouterr().err

    assert Exit.UNKNOWN == code
    assert fault in told
    assert f"{record}" in told
    assert ":2: " in told or "truth" in told
    assert not (tmp_path / "ids").exists()


def test_what_if_stands_next_to_the_present_grouping(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From a record: the defaults are the present, the file is what is tried."""
    alerts, truth = faults(5)
    (tmp_path / "config.yaml").write_text(CONFIG)
    record = _record(tmp_path, alerts, truth)
    arguments = ["incidents", "what-if", "--config.file", str(tmp_path / "config.yaml"), "--input", record]
    code = dispatch([*arguments, "-o", "json"])
    shown = json.loads(capsys.readouterr().out)

    assert Exit.GOOD == code
    assert "truth" == shown["against"]
    assert shown["present"]["incidents"] < shown["tried"]["incidents"]
    assert shown["present"]["recall"] > shown["tried"]["recall"]


def test_what_if_without_a_store_says_where_it_looked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No store is made by looking."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    url = f"sqlite:///{tmp_path}/none/aiops.db"
    code = dispatch(["incidents", "what-if", "--config", str(tmp_path / "config.yaml"), "--storage.url", url])

    assert Exit.UNKNOWN == code
    assert "there is no such file" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
