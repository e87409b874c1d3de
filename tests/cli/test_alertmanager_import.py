"""`aiops-daemon alertmanager import`: sections on standard output, the rest with reasons on standard error."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from aiops_daemon.cli.amimport import receiver_keys
from aiops_daemon.cli.main import dispatch
from aiops_daemon.config.load import Overrides, inspect_text

GOOD = """\
global: {resolve_timeout: 5m}
route:
  receiver: chat
  group_by: [alertname]
  routes:
    - {matchers: [severity="critical"], receiver: pager, active_time_intervals: [office hours]}
    - {match: {alertname: Watchdog}, receiver: "null"}
time_intervals:
  - name: office hours
    time_intervals:
      - {weekdays: ["monday:friday"], times: [{start_time: "08:00", end_time: "18:00"}], location: Europe/Berlin}
receivers:
  - {name: chat, opsgenie_configs: [{api_key: hunter2}]}
  - {name: pager}
  - name: "null"
"""


@pytest.fixture
def imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Import a text; return exit code, standard output, and the lines of standard error."""

    def run(text: str) -> tuple[int, str, list[str]]:
        file = tmp_path / "alertmanager.yml"
        file.write_text(text)
        code = dispatch(["alertmanager", "import", str(file)])
        told = capsys.readouterr()
        return code, told.out, told.err.splitlines()

    return run


def test_sections_that_load(imported) -> None:
    """What is printed is a configuration of ours, and says that nothing is sent yet."""
    code, out, _ = imported(GOOD)
    found = inspect_text(out, overrides=Overrides(("http://localhost:9090",)))

    assert (0, ()) == (code, found.faults)
    assert found.loaded is not None
    assert ["chat", "pager", "null"] == [one.name for one in found.loaded.settings.receivers]
    assert out.startswith("# Made from an Alertmanager's configuration")


def test_everything_that_was_not_carried_over_is_told(imported) -> None:
    """One line each, with its place; values, which may be secrets, are not repeated."""
    _, out, lines = imported(GOOD)

    assert [
        "not carried over: global.resolve_timeout: Alertmanager goes on ending alerts",
        "not carried over: receivers[0].opsgenie_configs[0]: this version has no such channel",
        "not carried over: receivers[0]: has no channel left: nobody is told of what goes to chat",
        (
            "not carried over: route: group_by: alerts are grouped into incidents, told once an incident "
            "(sections grouping and escalations)"
        ),
        "not carried over: time_intervals.office hours: is called office-hours here",
    ] == lines
    assert "hunter2" not in out + str(lines)


CHANNELS = """\
global:
  smtp_smarthost: "mail:25"
  smtp_from: a@example.org
  smtp_require_tls: false
  slack_api_url: https://hooks.slack.com/services/T/B/X
  http_config: {follow_redirects: false}
route: {receiver: all}
receivers:
  - name: all
    email_configs: [{to: "ops@example.org, b@example.org", send_resolved: yes, headers: {Subject: "{{ x }}", X-A: a}}]
    slack_configs: [{channel: "#ops", title: "{{ x }}"}, {app_token_file: /token, channel: "#dev"}]
    pagerduty_configs: [{routing_key: 0123456789abcdef0123456789abcdef, severity: warning, details: {team: shop}}]
    webhook_configs:
      - {url: "http://127.0.0.1:9/x", max_alerts: 5, http_config: {basic_auth: {username: u, password: p}}}
    msteamsv2_configs: [{webhook_url: "https://example.org/workflow"}]
    opsgenie_configs: [{api_key: hunter2}]
"""


def test_channels_become_channels_that_load(imported) -> None:
    """Each as it was: where it leads, with its credentials, and whether the end is told."""
    code, out, lines = imported(CHANNELS)
    found = inspect_text(out, overrides=Overrides(("http://localhost:9090",)))

    assert (0, ()) == (code, found.faults)
    assert found.loaded is not None
    (receiver,) = found.loaded.settings.receivers
    assert {
        ("email", True): 1, ("slack", False): 2, ("pagerduty", True): 1, ("webhook", True): 1, ("msteams", True): 1,
    } == Counter((one.integration, one.send_resolved) for one in receiver.channels)  # fmt: skip
    assert all(one.destination for one in receiver.channels)
    assert {
        "email_configs[0].headers.Subject", "slack_configs[0].title", "slack_configs[0].channel",
        "webhook_configs[0].max_alerts", "webhook_configs[0]", "opsgenie_configs[0]",
    } == {line.split(": ")[1].removeprefix("receivers[0].") for line in lines if "receivers[0]" in line}  # fmt: skip
    without = "slack_configs, pagerduty_configs, msteams_configs connect without it"
    assert f"not carried over: global.http_config: {without}" in lines


def test_what_alertmanager_refuses_exits_1(imported) -> None:
    """With the place."""
    code, out, lines = imported(GOOD.replace("receiver: pager", "receiver: pagre"))

    assert (1, "") == (code, out)
    assert ["route.routes[0].receiver: no receiver is called 'pagre'"] == [line.split(": ", 1)[1] for line in lines]


def test_a_file_that_is_not_there_exits_3(tmp_path: Path) -> None:
    """It could not be found out."""
    assert 3 == dispatch(["alertmanager", "import", str(tmp_path / "none.yml")])


def test_the_keys_of_our_receivers_are_known() -> None:
    """From the models, so that a channel that is added is imported at once."""
    assert {("log_configs",), ("log_configs", "[]", "level")} <= receiver_keys()
