"""Receivers as operators configure them: a token in a file, and the snippet that the daemon prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alert_stack import CONFIG, Sender, Stack
from daemon_process import DaemonProcess, eventually
from real_servers import Servers, binary

pytestmark = pytest.mark.real

RIGHT, WRONG, VIEWER = (f"{word}-token-of-this-test" for word in ("right", "wrong", "another"))
TOKENS = f"""\
web:
  tokens:
    - {{name: alertmanager, role: ingest, token: {RIGHT}}}
    - {{name: ann, role: viewer, token: {VIEWER}}}
"""
DOWN = {"alertname": "Down", "severity": "critical", "job": "db"}
OLD = """\
route:
  receiver: pager
  group_by: [job]
  group_wait: 1s
  group_interval: 1s
receivers: [{name: pager}]
"""


def test_a_token_in_a_file(servers: Servers, tmp_path: Path) -> None:
    """A wrong one is answered 401 and nothing of it is stored; the right one in the same file opens the door."""
    file = tmp_path / "token"
    file.write_text(f"{WRONG}\n")
    http = f"{{authorization: {{credentials_file: {file}}}}}"
    with Stack.running(servers, http=http, more=TOKENS) as stack:
        daemon, alertmanager = stack.daemon, stack.alertmanager
        daemon.token = VIEWER
        alertmanager.fire(DOWN)
        eventually(lambda: alertmanager.notified("failed") >= 1, "Alertmanager is refused")
        refused = daemon.alerts()
        file.write_text(f"{RIGHT}\n")
        eventually(lambda: daemon.metric("aiops_webhooks_total", code="200"), "the right one is taken")
        eventually(lambda: daemon.alerts(state="firing"), "the alert is open")
        said = daemon.said()

    assert [] == [each for each in refused if each["origin"] == "webhook"]
    assert [] == [token for token in (RIGHT, WRONG, VIEWER) if token in said]


def test_the_printed_snippet_works(servers: Servers, tmp_path: Path) -> None:
    """`alertmanager snippet --mode shadow` put into an existing file: amtool takes it, and alerts arrive."""
    daemon = DaemonProcess(tmp_path / "daemon")
    old = tmp_path / "alertmanager.yml"
    old.write_text(OLD)
    argv = [sys.executable, "-m", "aiops_daemon", "alertmanager", "snippet", "--mode=shadow", f"--url={daemon.url}"]
    done = subprocess.run([*argv, str(old)], capture_output=True, text=True, check=True)
    new = tmp_path / "new.yml"
    new.write_text(done.stdout)
    subprocess.run([str(binary("amtool")), "check-config", str(new)], check=True, capture_output=True)
    alertmanager = Sender(servers, done.stdout.replace("group_wait: 10s", "group_wait: 1s"))
    prometheus = servers.prometheus()
    daemon.configure(CONFIG.format(prometheus=prometheus.url, alertmanager=alertmanager.server.url, more=""))
    daemon.start()
    try:
        alertmanager.fire(DOWN)
        alert = eventually(lambda: daemon.alert(rule="Down"), "it arrives")
    finally:
        daemon.end()

    assert ("aiops", "firing") == (alert["receiver"], alert["state"])
