"""`aiops-daemon alertmanager snippet`: what it prints, that amtool takes it, and that paging stays as it was."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from aiops_daemon.cli.main import dispatch
from aiops_daemon.edges.alertmanager.document import read_document, write_document

GOLDEN = Path(__file__).parents[1] / "golden" / "snippets"
MODES = ("shadow", "live", "bypass")
BEFORE = """\
# People's own words are lost; their quotes are not.
global: {resolve_timeout: 5m, smtp_smarthost: "mail:25", smtp_from: a@example.org, smtp_require_tls: no}
route:
  receiver: chat
  group_by: [cluster, alertname]
  group_wait: 20s
  routes:
    - matchers: [severity="critical"]
      receiver: pager
      repeat_interval: 1h
      routes:
        - {match_re: {team: "shop|web"}, receiver: shop, group_by: ['...']}
    - {match: {alertname: Watchdog}, receiver: "null"}
receivers:
  - {name: chat, email_configs: [{to: chat@example.org, send_resolved: yes}]}
  - {name: pager, webhook_configs: [{url: "http://127.0.0.1:9/pager", max_alerts: 0}]}
  - {name: shop, webhook_configs: [{url: "http://127.0.0.1:9/shop"}]}
  - name: "null"
inhibit_rules:
  - {source_match: {severity: critical}, target_match: {severity: warning}, equal: [cluster, alertname]}
"""
CONTINUING = BEFORE.replace("receiver: pager\n      repeat", "receiver: pager\n      continue: true\n      repeat")
ALERTS = (
    ("alertname=Down", "severity=critical"),
    ("alertname=Down", "severity=critical", "team=shop"),
    ("alertname=Down", "severity=warning", "team=shop"),
    ("alertname=Watchdog", "severity=none"),
    ("alertname=Watchdog", "severity=critical"),
    ("alertname=AiopsDaemonDown", "severity=warning"),
    ("alertname=AiopsLoopStalled", "severity=critical", "team=web"),
    ("alertname=AiopsWebhookRefused", "severity=warning"),
    ("team=nobody",),
)


def snippet(*arguments: str) -> int:
    """Run the verb."""
    return dispatch(["alertmanager", "snippet", *arguments])


def check(amtool: Path, file: Path) -> None:
    """Let the real amtool read a configuration."""
    result = subprocess.run(
        [str(amtool), "check-config", str(file)], capture_output=True, text=True, check=False, timeout=30
    )
    assert result.returncode == 0, result.stdout + result.stderr


def receivers(amtool: Path, file: Path, alert: tuple[str, ...]) -> list[str]:
    """Ask the real amtool whom an alert reaches."""
    command = [str(amtool), "config", "routes", "test", f"--config.file={file}", *alert]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return result.stdout.strip().split(",")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("what", ["pattern", "plain", "continuing"])
def test_what_is_printed_is_what_was_agreed(
    mode: str, what: str, amtool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pattern and adjusted configurations are as reviewed (UPDATE_GOLDEN=1 renews them), and amtool takes them."""
    file = tmp_path / "alertmanager.yml"
    file.write_text(CONTINUING if what == "continuing" else BEFORE)
    given = [] if what == "pattern" else [str(file)]

    assert 0 == snippet(
        "--mode", mode, "--url=https://aiops.example.org/", "--token-file=/etc/alertmanager/aiops", *given
    )

    golden = GOLDEN / f"{what}-{mode}.yml"
    printed = capsys.readouterr().out
    if os.environ.get("UPDATE_GOLDEN") == "1":
        golden.write_text(printed)
    assert golden.read_text() == printed
    check(amtool, golden)


@pytest.mark.parametrize("before", [BEFORE, CONTINUING], ids=["plain", "continuing"])
@pytest.mark.parametrize("alert", ALERTS, ids=",".join)
def test_amtool_routes_as_before(
    before: str, alert: tuple[str, ...], amtool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each alert reaches the same receivers as before, and the daemon as the mode says."""
    old = tmp_path / "old.yml"
    old.write_text(before)
    reached = receivers(amtool, old, alert)
    name = alert[0].removeprefix("alertname=")
    about_us = name.startswith("Aiops")
    wanted = {
        "shadow": ["aiops", *reached],
        "bypass": reached if about_us or name == "Watchdog" else ["aiops", *reached],
        "live": [*reached, "aiops"] if about_us else ["aiops"],
    }

    for mode, whom in wanted.items():
        new = tmp_path / f"{mode}.yml"
        capsys.readouterr()
        assert 0 == snippet("--mode", mode, str(old))
        new.write_text(capsys.readouterr().out)

        assert whom == receivers(amtool, new, alert)


@pytest.mark.parametrize("mode", MODES)
def test_the_lint_finds_nothing_to_say_of_a_snippet(
    mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sound configuration stays sound, but for what a mode means.

    Bypass leaves the watchdog to others; under live the old tree hears of one alert only, so its other routes rest.
    """
    old, new = tmp_path / "old.yml", tmp_path / "new.yml"
    old.write_text(BEFORE.replace("cluster, alertname]}", "alertname]}"))
    assert 0 == snippet("--mode", mode, "--url=https://aiops", "--token-file=/x", str(old))
    new.write_text(capsys.readouterr().out)

    dispatch(["alertmanager", "lint", str(new)])

    said = [line.split(": ")[2] for line in capsys.readouterr().out.splitlines()]
    assert {"shadow": [], "bypass": ["watchdog-lost"], "live": ["route-unreachable"]}[mode] == said


def test_everything_else_of_the_file_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Apart from routes and the new receiver, both files mean the same to a YAML reader."""
    file = tmp_path / "old.yml"
    file.write_text(BEFORE)
    snippet(str(file))

    old, new = yaml.safe_load(BEFORE), yaml.safe_load(capsys.readouterr().out)
    assert old["receivers"] == new["receivers"][:-1]
    assert old["route"]["routes"] == new["route"]["routes"][1:-1]
    for key in ("receivers", "route"):
        del old[key], new[key]
    assert old == new


def test_words_keep_their_quotes() -> None:
    """Numbers, truth values, dates and text come back as they were written, whatever quotes they had."""
    text = "a: [yes, 'yes', \"yes\", 1, '1', 0x1f, 12:30, '12:30', 2026-11-21, ~, '', 5m, a: b]\nb: |\n  two\n  lines\n"

    assert yaml.safe_load(text) == yaml.safe_load(write_document(read_document(text.encode()).values))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            BEFORE.replace('receiver: "null"', "receiver: aiops").replace('name: "null"', "name: aiops"),
            "route.routes[1]: leads to 'aiops' already; remove it first, or see `alertmanager lint`",
        ),
        (BEFORE.replace("receiver: pager", "receiver: pagr"), "no receiver is called 'pagr'"),
        ("receivers: []\n", "route: there is none"),
        ("route: [\n", "no valid YAML"),
    ],
)
def test_what_cannot_be_adjusted_is_said(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A configuration that has the routes already, or that Alertmanager refuses, is left alone."""
    file = tmp_path / "old.yml"
    file.write_text(text)

    assert 1 == snippet(str(file))
    printed = capsys.readouterr()
    assert "" == printed.out
    assert said in printed.err


@pytest.mark.parametrize("url", ["aiops:9641", "ftp://aiops", "http://ann:hunter2@aiops"])
def test_an_address_that_is_none_is_refused(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Only http and https are sent to, and a password does not belong into an address."""
    assert 2 == snippet(f"--url={url}")
    assert "hunter2" not in capsys.readouterr().err


def test_doubts_are_said_beside_the_snippet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lost comments, a second telling after the reload, missing credentials, and who pages now are warned of."""
    file = tmp_path / "old.yml"
    file.write_text(BEFORE)

    snippet("--mode=live", str(file))
    assert ["alone pages", "comments", "no credentials"] == [
        next(words for words in ("alone pages", "comments", "no credentials") if words in line)
        for line in capsys.readouterr().err.splitlines()
    ]
    snippet("--token-file=/x")
    assert "" == capsys.readouterr().err
