"""`aiops-daemon config routes test`: which routes take an alert, and who would be told when."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiops_daemon.cli.main import dispatch

CONFIG = """\
prometheus: [{name: eu1, urls: ["http://prom:9090"]}]
global: {time_zone: Europe/Berlin}
time_intervals: [{name: mornings, time_intervals: [{times: [{start_time: "06:00", end_time: "12:00"}]}]}]
teams: [{name: shop, matchers: ['namespace=~"shop-.*"']}]
receivers: [{name: chat, log_configs: [{}]}, {name: pager, log_configs: [{}]}]
escalations:
  - name: shop
    steps: [{notify: [receiver/pager]}, {notify: [receiver/chat], after: 15m}]
route:
  receiver: chat
  routes:
    - {matchers: ['team="shop"', 'severity="critical"'], escalation: shop, mode: live, continue: true}
    - {matchers: ['severity="warning"'], active_time_intervals: [mornings]}
    - {matchers: ['copy="yes"'], receiver: pager}
"""


@pytest.fixture
def routed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Test an alert; return exit code, standard output and standard error."""

    def run(*arguments: str, text: str = CONFIG) -> tuple[int, str, str]:
        file = tmp_path / "config.yaml"
        file.write_text(text)
        flags = [f"--config.file={file}", "--at=2026-11-30T13:00:00Z"]
        code = dispatch(["config", "routes", "test", *flags, *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_people_see_the_route_and_who_is_told(routed) -> None:
    """With what was made of the labels: a word of one's own, and the team that owns the namespace."""
    code, out, _ = routed("severity=page", "namespace=shop-web")

    assert 0 == code
    assert [
        "read as severity=critical team=shop priority=P2",
        "",
        'route.routes[0]: team="shop", severity="critical"',
        "  live: escalation shop",
        "",
        "AFTER    AT                        MODE  TOLD                  ADDRESS  WHY",
        ("at once  Mon 2026-11-30 14:00 CET  live  receiver/pager/log/0  log      step 1 of shop "
        '(route.routes[0]: team="shop", severity="critical"): receiver pager'),
        ("15m      Mon 2026-11-30 14:15 CET  live  receiver/chat/log/0   log      step 2 of shop "
        '(route.routes[0]: team="shop", severity="critical"): receiver chat'),
    ] == out.splitlines()  # fmt: skip


def test_programs_get_json(routed) -> None:
    """Routes with their calendars, and what is told when; here the route waits for the morning."""
    _, out, _ = routed("-o", "json", "severity=warning", "service=db")
    found = json.loads(out)

    assert {"severity": "warning", "team": "default", "service": "db", "priority": "P3"} == found["read_as"]
    assert [
        {
            "route": "route.routes[1]", "why": 'route.routes[1]: severity="warning"', "mode": "shadow",
            "receiver": "chat", "escalation": None, "active_time_intervals": ["mornings"], "mute_time_intervals": [],
        }
    ] == found["routes"]  # fmt: skip
    assert [("2026-11-30T13:00:00Z", None), ("2026-12-01T06:00:00Z", "receiver/chat/log/0")] == [
        (one["at"], one["destination"]) for one in found["told"]
    ]


def test_continue_goes_on(routed) -> None:
    """Two routes, two policies; they can be verified, as with amtool."""
    labels = ("severity=critical", "team=shop", "copy=yes")

    assert 0 == routed("--verify.receivers=shop,pager", *labels)[0]
    assert 0 == routed("--verify.receivers=shop,pager,shop", *labels)[0]  # amtool names a receiver once a route
    code, _, err = routed("--verify.receivers=chat", *labels)
    assert (1, "expected chat, but it goes to shop, pager\n") == (code, err)


def test_a_priority_may_be_given(routed) -> None:
    """As a label; otherwise it is that of an incident of this alert alone."""
    text = CONFIG.replace('copy="yes"', 'priority="P1"')

    assert "route.routes[2]" in routed("severity=info", "priority=P1", text=text)[1]
    assert "route.routes[2]" not in routed("severity=info", text=text)[1]


def test_what_is_never_sent_is_said(routed) -> None:
    """Severity none opens no incident; the kill switch sends nothing."""
    nothing = routed("severity=none")[1]
    muted = routed("severity=info", text=CONFIG.replace("global: {", "global: {mode: muted, "))[1]

    assert "severity none is recorded only: no incident, nobody is told\n\nnobody is told\n" in nothing
    assert "global.mode is muted: nothing is sent, whatever routes say" in muted


def test_without_a_route_nobody_is_told(routed) -> None:
    """Exit 1: whoever tests routes wants somebody to be told."""
    code, out, err = routed("severity=info", text=CONFIG.partition("route:")[0])

    assert (1, True) == (code, out.endswith("nobody is told\n"))
    assert "the configuration has no route" in err


def test_a_faulty_configuration_exits_1_and_a_faulty_label_2(routed) -> None:
    """With the faults, or what to write."""
    assert 1 == routed("severity=info", text=CONFIG.replace("receiver: chat", "receiver: chta", 1))[0]
    code, _, err = routed("severity")
    assert (2, True) == (code, "'severity' is no label: write name=value" in err)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tomorrow", "no RFC 3339 time"),
        ("9999-12-31T23:59:59Z", "not within the years 1970 to 2099"),
        ("1969-12-31T23:59:59Z", "not within the years 1970 to 2099"),
    ],
)
def test_a_moment_must_be_one(capsys: pytest.CaptureFixture[str], text: str, words: str) -> None:
    """RFC 3339, so that it means the same everywhere, and within what calendars know."""
    with pytest.raises(SystemExit):
        dispatch(["config", "routes", "test", "--config.file=x", f"--at={text}"])

    assert words in capsys.readouterr().err
