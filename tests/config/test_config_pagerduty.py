"""`pagerduty_configs` as the channel that is built from it."""

from dataclasses import asdict
from pathlib import Path

import pytest

from aiops_daemon.config.load import Loaded, Overrides, load
from aiops_daemon.config.show import show
from aiops_daemon.core.model.channels.pagerduty import PagerDutySpec

KEY = "canarycanarycanarycanary12345678"
HEAD = """\
prometheus: [{name: eu1, urls: ["http://prom:9090"]}]
receivers:
  - name: pd
    pagerduty_configs:
"""


def loaded(folder: Path, *lines: str) -> Loaded:
    """Load a file whose only receiver has one channel with these keys."""
    text = "".join(f"        {line}\n" for line in lines)
    (folder / "config.yaml").write_text(f"{HEAD}      - routing_key: {KEY}\n{text}")
    return load(folder / "config.yaml", environ={}, overrides=Overrides())


def channel(folder: Path, *lines: str) -> PagerDutySpec:
    """Return that channel."""
    spec = loaded(folder, *lines).settings.receivers[0].channels[0]
    assert isinstance(spec, PagerDutySpec)
    return spec


def test_a_key_is_enough(tmp_path: Path) -> None:
    """What is not said is PagerDuty's in the United States, the severities as they are, and no way back."""
    spec = channel(tmp_path)

    assert KEY == spec.routing_key()
    assert ("https://events.pagerduty.com", "https://api.pagerduty.com") == (spec.url, spec.api_url)
    assert ["critical", "warning", "info", "critical"] == [
        spec.severity(word) for word in ("critical", "warning", "info", "unheard-of")
    ]
    assert (True, True, False) == (spec.pages, spec.send_resolved, spec.confirmable)


def test_a_region_moves_both_apis(tmp_path: Path) -> None:
    """An account in Europe is spoken to there."""
    spec = channel(tmp_path, "region: eu")

    assert ("https://events.eu.pagerduty.com", "https://api.eu.pagerduty.com") == (spec.url, spec.api_url)
    assert "events.eu.pagerduty.com" == spec.destination


@pytest.mark.parametrize("url", ["https://relay.example.org/pd", "https://relay.example.org/pd/v2/enqueue/"])
def test_a_url_may_be_alertmanagers(url: str, tmp_path: Path) -> None:
    """The path that Alertmanager's pagerduty_url ends in may stand or be left out."""
    assert "https://relay.example.org/pd" == channel(tmp_path, f"url: {url}").url


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080"])
def test_this_machine_may_be_spoken_to_in_the_clear(host: str, tmp_path: Path) -> None:
    """A relay beside the daemon needs no TLS."""
    assert f"http://{host}" == channel(tmp_path, f'url: "http://{host}"').url


def test_one_word_is_the_severity_of_all(tmp_path: Path) -> None:
    """A plain word, as in Alertmanager, stands for all three."""
    spec = channel(tmp_path, "severity: error")

    assert ["error"] * 3 == [spec.severity(word) for word in ("critical", "warning", "info")]


def test_the_way_back_is_read_at_use(tmp_path: Path) -> None:
    """The token and the webhooks' secrets, from the file or from files of their own, are read when they are needed."""
    (tmp_path / "old").write_text("first\n")
    lines = ("api_token: reader", "from: ann@example.org", "webhook_secrets: [second, {secret_file: old}]")
    spec = channel(tmp_path, *lines)
    (tmp_path / "old").write_text("rotated\n")

    assert spec.api_token is not None
    assert ("reader", "ann@example.org", True) == (spec.api_token(), spec.sender, spec.confirmable)
    assert ["second", "rotated"] == [secret() for secret in spec.webhook_secrets]


def test_no_secret_is_shown(tmp_path: Path) -> None:
    """Neither the settings nor `config show` hold a secret."""
    lines = ("api_token: canary-token", "from: a@b.example", "webhook_secrets: [canary-webhook]")
    found = loaded(tmp_path, *lines)

    spoken = f"{found!r} {found.settings!r} {asdict(found.settings)} {show(found)}"
    assert "canary" not in spoken
    assert 3 == show(found).count("<secret>")


@pytest.mark.parametrize(
    ("lines", "warning"),
    [
        (("from: ann@example.org",), "from: has no effect without a token of the REST API; give api_token_file"),
        (("api_token: x",), "api_token: can read, but not write notes: that needs an author; give from"),
    ],
)
def test_half_a_way_back_is_doubtful(lines: tuple[str, ...], warning: str, tmp_path: Path) -> None:
    """A token without an author, and an author without a token, are told."""
    warnings = loaded(tmp_path, *lines).warnings

    assert [True] == [one.endswith(f"receivers[0].pagerduty_configs[0].{warning}") for one in warnings]
