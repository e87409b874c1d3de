"""`aiops-daemon alertmanager lint`: each trap has a bad file, whose first lines are what is said, and a good one."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from aiops_daemon.cli.main import dispatch
from aiops_daemon.core.alertmanager.lint.checks import RULES
from aiops_daemon.core.alertmanager.lint.model import OWN_HEALTH
from aiops_daemon.core.alertmanager.lint.probed import ELSEWHERE, REDIRECTS, SILENT
from aiops_daemon.core.alertmanager.snippet import OWN_HEALTH as OWN_HEALTH_PATTERN
from aiops_daemon.core.model.matcher import parse
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.rules.health import health_alerts

CASES = Path(__file__).parents[1] / "alertmanager_cases"
BAD = sorted(CASES.glob("*-bad.yml"))
GOOD = sorted(CASES.glob("*-good.yml"))
REFUSED = {"not-valid", "receiver-undefined"}  # by Alertmanager itself
LATER = {"webhook-timeout"}  # a key that newer versions have


def lint(*arguments: str) -> int:
    """Run the verb."""
    return dispatch(["alertmanager", "lint", *arguments])


def head(file: Path) -> tuple[list[str], list[str]]:
    """Read the flags of a case and the lines that it promises."""
    comments = [line[2:] for line in file.read_text().splitlines() if line.startswith("# ")]
    flags = [line.removeprefix("with ") for line in comments if line.startswith("with ")]
    root = str(CASES.parents[1])
    return [flag.replace("=", f"={root}/", 1) for flag in flags], [line for line in comments if line[0].isdigit()]


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_trap_is_told_with_line_rule_words_and_remedy(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file with a trap yields exactly the lines of its first comments, and its own rule is among them."""
    flags, promised = head(file)

    code = lint(*flags, str(file))

    said = [line.removeprefix(f"{file}:") for line in capsys.readouterr().out.splitlines()]
    assert promised == said
    assert any(f": {file.stem.removesuffix('-bad')}: " in line for line in said)
    assert code == any(": error: " in line for line in said)


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_a_careful_configuration_is_clean(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file beside it, which does the same with care, yields nothing, not even a warning."""
    flags, promised = head(file)

    assert 0 == lint("--strict", *flags, str(file))
    assert ([], "") == (promised, capsys.readouterr().out)


def test_every_rule_has_a_bad_and_a_good_file() -> None:
    """The cases are those of the rules, no more and no less; names are used once."""
    names = [rule.name for rule in RULES]

    assert sorted(names) == sorted(file.stem.removesuffix("-bad") for file in BAD)
    assert sorted(names) == sorted(file.stem.removesuffix("-good") for file in GOOD)


@pytest.mark.parametrize("file", [*BAD, *GOOD], ids=lambda file: file.stem)
def test_alertmanager_itself_sees_no_trap(file: Path, amtool: Path) -> None:
    """amtool is content with every case, but for those that it refuses as well as we do."""
    name, _, kind = file.stem.rpartition("-")
    result = subprocess.run([str(amtool), "check-config", str(file)], capture_output=True, check=False, timeout=30)

    refused = name in LATER or (name in REFUSED and kind == "bad")
    assert refused == (result.returncode != 0)


def test_warnings_fail_only_when_strict() -> None:
    """A warning exits 0, with --strict 1."""
    file = str(CASES / "plain-http-bad.yml")

    assert (0, 1) == (lint(file), lint("--strict", file))


def test_findings_are_told_to_programs_too(capsys: pytest.CaptureFixture[str]) -> None:
    """`-o json` has place, rule, severity and all the words."""
    lint("-o", "json", str(CASES / "max-alerts-bad.yml"))

    (found,) = json.loads(capsys.readouterr().out)
    assert ("max-alerts", "error", "receivers[2].webhook_configs[0].max_alerts", 22, 9) == tuple(
        found[key] for key in ("rule", "severity", "path", "line", "column")
    )
    assert all(found[key].strip() for key in ("sentence", "what", "why", "remedy"))


def test_tokens_of_the_daemon_make_credentials_needed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On loopback a webhook without a token is fine, until the daemon's configuration has tokens."""
    daemon = tmp_path / "aiops.yaml"
    daemon.write_text(
        'prometheus: [{name: a, urls: ["http://p"]}]\nweb: {tokens: [{name: a, token: 0123456789abcdefg}]}\n'
    )
    file = str(CASES / "plain-http-good.yml")

    assert (0, 1) == (lint(file), lint(f"--config.file={daemon}", file))
    assert ": no-credentials: " in capsys.readouterr().out


def test_the_daemon_is_found_by_its_address_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A receiver of any name is ours when it sends to the given address."""
    file = tmp_path / "am.yml"
    file.write_text(
        "route: {receiver: x}\nreceivers: [{name: x, webhook_configs: [{url: http://127.0.0.1:1/other}]}]\n"
    )

    lint(str(file))
    assert "not-connected" in capsys.readouterr().out
    lint("--url=http://127.0.0.1:1", str(file))
    assert "webhook-url" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"route: [", "1:9: no valid YAML; check indentation, colons and quotes here"),
        (b"- a\n", "1:1: must be a mapping, with `route` and `receivers`"),
        (b"", "1:1: must be a mapping, with `route` and `receivers`"),
        (b"a: \xff", "1:1: not UTF-8; save the file as UTF-8"),
    ],
)
def test_what_is_no_configuration_is_said(
    text: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is no YAML mapping exits 1 with the place."""
    file = tmp_path / "am.yml"
    file.write_bytes(text)

    assert 1 == lint(str(file))
    assert f"{file}:{said}\n" == capsys.readouterr().err


def test_a_file_that_is_not_there_is_not_known_to_be_bad(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be read exits 3."""
    assert 3 == lint(str(tmp_path / "none.yml"))
    assert "none.yml: cannot be read: no such file" in capsys.readouterr().err


def test_no_finding_repeats_a_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """URLs and credentials of receivers are never printed."""
    file = tmp_path / "am.yml"
    hook = (
        "{url: http://aiops/hunter2/webhooks/alertmanager/hunter, max_alerts: 1, http_config: {bearer_token: hunter2}}"
    )
    file.write_text(f"route: {{receiver: x}}\nreceivers: [{{name: x, webhook_configs: [{hook}]}}]\n")
    lint("-o", "json", str(file))
    lint(str(file))

    assert "hunter2" not in "".join(capsys.readouterr())


class _Answer(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(int(self.path.split("/")[1]))
        self.send_header("Location", "http://127.0.0.1:1/never")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def answering() -> Iterator[str]:
    """Run a server that answers as its path says."""
    server = HTTPServer(("127.0.0.1", 0), _Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/302/webhooks/alertmanager", REDIRECTS.name),
        ("/307/webhooks/alertmanager", REDIRECTS.name),
        ("/404/webhooks/alertmanager", ELSEWHERE.name),
        ("/405/webhooks/alertmanager", ""),
        ("/401/webhooks/alertmanager", ""),
        ("", SILENT.name),
    ],
)
def test_a_live_webhook_is_asked_only_when_told(
    path: str, rule: str, answering: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --probe a redirect, a 404 and silence are found; without it nothing is asked."""
    url = f"{answering}{path}" if path else "http://127.0.0.1:1/webhooks/alertmanager"
    file = tmp_path / "am.yml"
    file.write_text(
        (CASES / "plain-http-good.yml").read_text().replace("http://localhost:9641/webhooks/alertmanager/eu1", url)
    )

    assert 0 == lint(str(file))
    assert "" == capsys.readouterr().out
    lint("--probe", str(file))
    assert ([rule] if rule else []) == [line.split(": ")[2] for line in capsys.readouterr().out.splitlines()]


def test_own_health_alerts_are_those_that_are_generated() -> None:
    """The alerts looked for exist with that severity, and the pattern of the snippet takes all of them."""
    generated = {(alert.name, alert.severity) for alert in health_alerts(Settings())}
    pattern = parse(f'alertname=~"{OWN_HEALTH_PATTERN}"')

    assert {(dict(labels)["alertname"], dict(labels)["severity"]) for labels in OWN_HEALTH} <= generated
    assert all(pattern.matches(dict(labels)) for labels in OWN_HEALTH)


def test_what_keeps_this_daemon_from_hearing_is_told_without_it() -> None:
    """In mode live an alert that its webhooks are refused would be sent to a webhook that refuses it."""
    pattern = parse(f'alertname=~"{OWN_HEALTH_PATTERN}"')
    deaf = {"AiopsWebhookRefused", "AiopsStoreFailing", "AiopsInboxBacklog", "AiopsWatchdogMissing"}

    assert deaf <= {alert.name for alert in health_alerts(Settings()) if pattern.matches({"alertname": alert.name})}
