"""What sections of receivers become."""

from __future__ import annotations

from pathlib import Path

from aiops_daemon.config.load import Overrides, load
from aiops_daemon.core.model.channels.email import EmailSpec
from aiops_daemon.core.model.channels.jira import JiraSpec
from aiops_daemon.core.model.channels.phone import SmsSpec, VoiceSpec
from aiops_daemon.core.model.channels.webhook import WebhookSpec
from aiops_daemon.core.model.receiver import ReceiverSpec

HEAD = 'prometheus: [{name: eu1, urls: ["http://prom:9090"]}]\n'


def receiver(tmp_path: Path, text: str) -> ReceiverSpec:
    """Load one receiver."""
    file = tmp_path / "config.yaml"
    file.write_text(f"{HEAD}receivers:\n  - name: ops\n{text}")
    (found,) = load(file, environ={}, overrides=Overrides()).settings.receivers
    return found


def email(tmp_path: Path, more: str) -> EmailSpec:
    """Load one entry of email_configs."""
    (spec,) = receiver(tmp_path, f"    email_configs: [{{from: a@example.org, {more}}}]\n").channels
    assert isinstance(spec, EmailSpec)
    return spec


def test_port_465_begins_with_tls(tmp_path: Path) -> None:
    """Any other with STARTTLS, unless told otherwise."""
    assert email(tmp_path, 'smarthost: "mail:465"').implicit_tls
    assert not email(tmp_path, 'smarthost: "mail:587"').implicit_tls
    assert email(tmp_path, 'smarthost: "mail:2465", force_implicit_tls: true').implicit_tls
    assert not email(tmp_path, 'smarthost: "mail:465", force_implicit_tls: false').implicit_tls


def test_addresses_are_parted(tmp_path: Path) -> None:
    """By commas; without any the channel is for people."""
    assert (
        "b@example.org, c@example.org"
        == email(tmp_path, 'smarthost: "[::1]:25", to: "b@example.org,c@example.org"').destination
    )
    assert "" == email(tmp_path, 'smarthost: "mail:25"').destination
    assert ("::1", 25) == (email(tmp_path, 'smarthost: "[::1]:25"').host, email(tmp_path, 'smarthost: "[::1]:25"').port)


def test_a_webhook_shows_its_host_alone(tmp_path: Path) -> None:
    """Path and query are often secrets."""
    (spec,) = receiver(
        tmp_path, '    webhook_configs: [{url: "https://hook.example.org:8443/T0/secret?sig=x"}]'
    ).channels

    assert isinstance(spec, WebhookSpec)
    assert "https://hook.example.org:8443" == spec.destination
    assert "T0" not in repr(spec)
    assert "https://hook.example.org:8443/T0/secret?sig=x" == spec.url()


def test_phones_without_a_number_are_for_people(tmp_path: Path) -> None:
    """They wake them, too."""
    text = "".join(
        f'    {kind}_configs: [{{account_sid: AC1, auth_token: t, from: "+4930111"}}]\n' for kind in ("sms", "voice")
    )
    sms, voice = receiver(tmp_path, text).channels

    assert isinstance(sms, SmsSpec)
    assert isinstance(voice, VoiceSpec)
    assert [("sms", "", True), ("voice", "", True)] == [
        (one.integration, one.destination, one.pages) for one in (sms, voice)
    ]


def test_jira_in_the_cloud_is_recognised(tmp_path: Path) -> None:
    """By its host, or as told."""
    found = receiver(
        tmp_path,
        """\
    jira_configs:
      - {api_url: "https://a.atlassian.net/rest/api/3/", project: OPS, issue_type: Bug, fields: {custom: {a: [1]}}}
      - {api_url: "https://jira.example.org/rest/api/2", project: OPS, issue_type: Bug, api_type: cloud}
      - {api_url: "https://jira.example.org/rest/api/2", project: OPS, issue_type: Bug, reopen_duration: 2h}
""",
    ).channels
    specs = [spec for spec in found if isinstance(spec, JiraSpec)]

    assert [True, True, False] == [spec.cloud for spec in specs]
    assert '{"custom": {"a": [1]}}' == specs[0].fields_json
    assert 7200.0 == specs[2].reopen_duration
    assert "OPS at https://jira.example.org/rest/api/2" == specs[2].destination


def test_every_channel_can_be_hashed(tmp_path: Path) -> None:
    """Delivery keeps one notifier for each specification."""
    text = """\
    email_configs: [{from: a@example.org, smarthost: "mail:25", headers: {X-A: b}, tls_config: {server_name: a}}]
    webhook_configs: [{url: "https://a.example.org", http_config: {headers: {X-A: b}, basic_auth: {username: a}}}]
    sms_configs: [{account_sid: AC1, auth_token: t, from: "+4930111"}]
    voice_configs: [{account_sid: AC1, auth_token: t, from: "+4930111"}]
    jira_configs: [{api_url: "https://a.example.org", project: A, issue_type: B, labels: [a], fields: {a: {b: [1]}}}]
    log_configs: [{level: info}]
"""
    channels = receiver(tmp_path, text).channels

    assert 6 == len(set(channels))
    assert set(channels) == set(receiver(tmp_path, text).channels)
