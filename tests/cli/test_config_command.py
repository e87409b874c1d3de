"""`aiops-daemon config`: what it prints and how it exits."""

import argparse
import json
from pathlib import Path

import pytest

from aiops_daemon.cli.config import register
from aiops_daemon.cli.loading import load_all
from aiops_daemon.config.load import Overrides
from aiops_daemon.errors import ConfigError

GOOD = 'prometheus: [{name: eu1, urls: ["http://prom:9090"], basic_auth: {username: a, password: hunter2}}]\n'


def _run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    chosen = parser.parse_args(arguments)
    return int(chosen.run(chosen))


@pytest.fixture
def config(tmp_path: Path):
    """Write a configuration and return the flag that names it."""

    def write(text: str) -> str:
        (tmp_path / "config.yaml").write_text(text)
        return f"--config.file={tmp_path / 'config.yaml'}"

    return write


@pytest.mark.parametrize("command", [("config", "check"), ("check-config",)])
def test_a_good_file_exits_0(command: tuple[str, ...], config, capsys: pytest.CaptureFixture[str]) -> None:
    """A valid file is said to be valid, with what it holds."""
    assert 0 == _run(*command, config(GOOD))
    assert "valid (1 Prometheus, 0 Alertmanagers, 0 queries, 0 SLOs)" in capsys.readouterr().out


@pytest.mark.parametrize("command", [("config", "check"), ("check-config",)])
def test_a_bad_file_exits_1_with_every_fault(
    command: tuple[str, ...], config, capsys: pytest.CaptureFixture[str]
) -> None:
    """Faults go to standard error, one a line, with their number."""
    assert 1 == _run(*command, config(GOOD + "history: {range: 1}\nquerys: []\n"))

    told = capsys.readouterr().err.splitlines()
    assert (3, "2 faults") == (len(told), told[-1])


def test_an_unreadable_file_exits_3(tmp_path: Path) -> None:
    """What cannot be read cannot be judged."""
    assert 3 == _run("config", "check", f"--config.file={tmp_path / 'none.yaml'}")


def test_no_file_at_all_is_wrong_use() -> None:
    """Without a file and without an address there is nothing to check."""
    assert 2 == _run("config", "check")


def test_json_for_programs(config, capsys: pytest.CaptureFixture[str]) -> None:
    """`-o json` gives every part of every fault and warning."""
    flag = config(GOOD + "history: {rang: 1d}\n")

    assert 1 == _run("config", "check", "-o", "json", flag)

    expected = {
        "file": flag.removeprefix("--config.file="),
        "line": 2,
        "column": 11,
        "path": "history.rang",
        "message": "unknown key",
        "remedy": "did you mean 'range'?",
    }
    assert {"valid": False, "faults": [expected], "warnings": []} == json.loads(capsys.readouterr().out)


def test_files_need_not_be_there_for_a_check_of_syntax(config) -> None:
    """`--syntax-only` serves where secrets are not mounted."""
    flag = config(GOOD.replace("password: hunter2", "password_file: no-such-file"))

    assert (1, 0) == (_run("config", "check", flag), _run("config", "check", "--syntax-only", flag))


def test_show_hides_secrets_and_writes_defaults(config, capsys: pytest.CaptureFixture[str]) -> None:
    """The running configuration has its defaults and no secret."""
    assert 0 == _run("config", "show", config(GOOD))

    shown = capsys.readouterr().out
    assert "password: <secret>" in shown
    assert "max_series: 20000" in shown
    assert "hunter2" not in shown


def test_show_of_a_bad_file_tells_its_faults(config, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be loaded is not shown: the faults are told, as by `check`."""
    assert 1 == _run("config", "show", config("x: 1\n"))
    assert 3 == _run("config", "show", f"--config.file={tmp_path / 'none.yaml'}")

    told = capsys.readouterr()
    assert "" == told.out
    assert "unknown key" in told.err


def test_schema_is_json_or_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    """The schema is JSON for editors, Markdown for the documentation."""
    assert 0 == _run("config", "schema")
    assert "object" == json.loads(capsys.readouterr().out)["type"]

    assert 0 == _run("config", "schema", "-o", "markdown")
    assert capsys.readouterr().out.startswith("# Configuration\n")


def test_a_window_that_has_ended_is_told(config, capsys: pytest.CaptureFixture[str]) -> None:
    """`config check` knows the time: a maintenance window of the past is doubtful, not wrong."""
    window = (
        'maintenance: [{name: a, matchers: [x=1], starts_at: "2020-01-01T00:00:00Z", ends_at: "2020-01-02T00:00:00Z"}]'
    )

    assert 0 == _run("config", "check", config(f"{GOOD}\n{window}\n"))
    assert "maintenance[0].ends_at: the window has ended; remove it" in capsys.readouterr().err


def test_templates_are_tried(config, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt name in one is told with file and line, as any other fault; not where files do not count."""
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "sms.txt.j2").write_text("{{ name }}\n{{ titel }}")
    file = config(GOOD + "templates: {directory: words}\n")

    assert 1 == _run("config", "check", file)
    assert [f"{tmp_path}/words/sms.txt.j2:2:1: 'titel' is undefined", "1 fault"] == capsys.readouterr().err.splitlines()
    assert 0 == _run("config", "check", "--syntax-only", file)


def test_a_run_does_not_start_with_faulty_templates(tmp_path: Path) -> None:
    """Nor does a reload take them over."""
    (tmp_path / "sms.txt.j2").write_text("{% if %}")
    file = tmp_path / "config.yaml"
    file.write_text(GOOD + "templates: {directory: .}\n")

    with pytest.raises(ConfigError, match=r"sms\.txt\.j2:1:1: Expected an expression"):
        load_all(file, environ={}, overrides=Overrides())


def test_show_keeps_the_address_of_the_heartbeat(config, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever has it can keep the dead man's switch quiet."""
    code = _run("config", "show", config(f"{GOOD}\nheartbeat: {{url: 'https://hc.example.org/canary-0123'}}\n"))
    shown = capsys.readouterr()

    assert 0 == code
    assert "heartbeat" in shown.out
    assert "canary-0123" not in shown.out + shown.err
