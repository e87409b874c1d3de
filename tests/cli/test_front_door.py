"""The command line's front door: exit codes and words when it is used wrongly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aiops_daemon import __version__
from aiops_daemon.cli.main import dispatch


def _refused(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        dispatch(arguments)
    return int(ended.value.code or 0)


def test_the_version_is_a_flag_too(capsys: pytest.CaptureFixture[str]) -> None:
    """People type `--version` first."""
    assert 0 == _refused("--version")
    assert f"aiops-daemon {__version__}\n" == capsys.readouterr().out


def test_nothing_to_watch_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    """`run` alone says what to give and exits 2."""
    assert 2 == dispatch(["run"])
    assert "nothing to watch: give --prometheus.url" in capsys.readouterr().err


def test_a_listen_address_that_is_none_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The flag is named, and what to write."""
    storage = f"--storage.url=sqlite:///{tmp_path / 'aiops.db'}"
    assert 2 == dispatch(["run", "--prometheus.url=http://127.0.0.1:1", storage, "--web.listen-address=here"])
    assert "--web.listen-address must be host:port" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("run",), ("config", "check"), ("rules", "generate", "-o", "-")])
def test_a_configuration_that_cannot_be_read_exits_3(command: tuple[str, ...], tmp_path: Path) -> None:
    """Nothing is known of a file that is not there; every command says so with the same code."""
    assert 3 == dispatch([*command, f"--config.file={tmp_path / 'none.yaml'}"])


def test_a_bad_configuration_exits_1(tmp_path: Path) -> None:
    """The file was read and is wrong."""
    (tmp_path / "bad.yaml").write_text("nonsense: 1\n")
    assert 1 == dispatch(["run", f"--config.file={tmp_path / 'bad.yaml'}"])


def test_a_dry_run_without_an_answer_prints_no_bill(capsys: pytest.CaptureFixture[str]) -> None:
    """Zeros would read as "costs nothing"; the failure and its remedy are told instead, with code 3."""
    assert 3 == dispatch(["run", "--dry-run", "--prometheus.url=http://127.0.0.1:1"])
    told = capsys.readouterr().out
    assert "cannot connect: connection refused; check that it runs" in told
    assert "head series" not in told


def test_an_unknown_flag_shows_the_flags_of_that_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The usage shown is that of the command, which has the flag that was meant."""
    assert 2 == _refused("run", "--prometheus.uri=http://localhost:9090")
    told = capsys.readouterr().err
    assert "usage: aiops-daemon run" in told
    assert "--prometheus.url" in told


def test_help_says_defaults_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """The address is told; `None` and `[]` are words of programs."""
    assert 0 == _refused("run", "--help")
    told = capsys.readouterr().out
    assert "127.0.0.1:9641" in told
    assert "None" not in told
    assert "[])" not in told


@pytest.mark.parametrize("noun", ["incidents", "notifications", "version"])
def test_what_is_typed_at_night_does_not_wait_for_libraries_of_others(noun: str) -> None:
    """Who lists incidents loads neither the store nor numerics: those took two seconds."""
    script = (
        "import sys; from aiops_daemon.cli.main import build_parser; build_parser(sys.argv[1]);"
        " print(*sorted({'sqlalchemy', 'numpy', 'scipy', 'alembic', 'jinja2'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", script, noun], capture_output=True, text=True, check=True, timeout=60)

    assert "" == done.stdout.strip()
