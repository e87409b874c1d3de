"""An Alertmanager's configuration in our words: what is carried over, and that everything else is told."""

from __future__ import annotations

from typing import Any

import pytest

from aiops_daemon.core.alertmanager.channels import Keys
from aiops_daemon.core.alertmanager.translate import Translation, translate

KNOWN: Keys = frozenset(
    {
        (kind, *below)
        for kind, names in {
            "slack_configs": ("api_url", "api_url_file", "bot_token", "bot_token_file", "channel", "send_resolved"),
            "email_configs": ("to", "from", "smarthost", "auth_password", "auth_password_file", "require_tls",
                              "send_resolved", "tls_config", "headers"),
            "pagerduty_configs": ("routing_key", "routing_key_file", "url", "severity", "details"),
            "msteams_configs": ("webhook_url", "send_resolved"),
            "webhook_configs": ("url", "http_config"),
        }.items()
        for below in ((), *(("[]", name) for name in names))
    }
    | {("email_configs", "[]", "tls_config", "ca_file"), ("webhook_configs", "[]", "http_config", "basic_auth")}
)  # fmt: skip
ROOT: dict[str, Any] = {"route": {"receiver": "r"}, "receivers": [{"name": "r"}]}


def receiver(globals_: dict[str, Any] | None = None, **kinds: list[dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """Translate one receiver; return it and what was left, as lines."""
    config = ROOT | {"global": globals_ or {}, "receivers": [{"name": "r", **kinds}]}
    found = translate(config, KNOWN)
    return found.values["receivers"][0], lines(found)


def lines(found: Translation) -> list[str]:
    """Return what was left as lines."""
    return [f"{one.place}: {one.why}" for one in found.left]


def test_routes_keep_matchers_receivers_and_calendars() -> None:
    """Older matchers become matchers; names lose their blanks; what is inherited stays unsaid."""
    config = {
        "route": {
            "receiver": "chat",
            "routes": [
                {"match": {"team": "shop"}, "match_re": {"severity": "a|b"}, "continue": "yes", "receiver": "on call"},
                {"matchers": ['x!="y"', '"foo.bar"="z"'], "mute_time_intervals": ["office hours", "office hours"],
                 "routes": [{"matchers": ["a=b"], "active_time_intervals": ["office hours"]}]},
            ],
        },
        "time_intervals": [{"name": "office hours", "time_intervals": [{"months": [1, "2:3"], "years": []}]}],
        "receivers": [{"name": "chat"}, {"name": "on call"}, {"name": "on/call"}],
    }  # fmt: skip
    found = translate(config, KNOWN)

    assert {
        "receiver": "chat",
        "routes": [
            {"matchers": ['team="shop"', 'severity=~"a|b"'], "receiver": "on-call", "continue": True},
            {
                "matchers": ['x!="y"', '"foo.bar"="z"'],
                "mute_time_intervals": ["office-hours"],
                "routes": [{"matchers": ['a="b"'], "active_time_intervals": ["office-hours"]}],
            },
        ],
    } == found.values["route"]
    assert [{"name": "office-hours", "time_intervals": [{"months": ["1", "2:3"]}]}] == found.values["time_intervals"]
    assert ["chat", "on-call", "on-call-2"] == [one["name"] for one in found.values["receivers"]]
    assert [
        "receivers.on call: is called on-call here",
        "receivers.on/call: is called on-call-2 here",
        "time_intervals.office hours: is called office-hours here",
    ] == lines(found)


def test_everything_else_is_told() -> None:
    """Grouping, templates, inhibitions, globals that nothing takes, sections of tomorrow, and routes that were dead."""
    config = ROOT | {
        "global": {"resolve_timeout": "5m", "opsgenie_api_url": "https://x"},
        "templates": ["a.tmpl"],
        "inhibit_rules": [{"equal": ["cluster"]}],
        "novelty": {"x": "y"},
        "route": {
            "receiver": "r", "group_by": ["..."], "group_wait": "10s",
            "routes": [{"matchers": ["a=b"], "repeat_interval": "1h"}, {"receiver": "r"}, {"matchers": ["c=d"]}],
        },
    }  # fmt: skip
    found = translate(config, KNOWN)

    assert [{"matchers": ['a="b"']}, {"receiver": "r"}] == found.values["route"]["routes"]
    assert {
        "templates", "inhibit_rules", "novelty", "global.resolve_timeout", "global.opsgenie_api_url",
        "route", "route.routes[0]", "route.routes[2]",
    } == {line.split(":")[0] for line in lines(found)}  # fmt: skip


def test_a_calendar_that_never_holds_still_never_holds() -> None:
    """Ours must name a time: it names one that is over."""
    found = translate(ROOT | {"time_intervals": [{"name": "never", "time_intervals": []}]}, KNOWN)

    assert [{"name": "never", "time_intervals": [{"years": ["1970"]}]}] == found.values["time_intervals"]


def test_e_mail_takes_what_global_says() -> None:
    """What stands in the entry wins; of a password and its file one is taken."""
    made, left = receiver(
        {"smtp_from": "a@example.org", "smtp_smarthost": "mail:25", "smtp_require_tls": "no",
         "smtp_auth_password": "secret", "smtp_auth_identity": "x"},
        email_configs=[{"to": "ops@example.org", "from": "b@example.org", "auth_password_file": "/p", "html": "{{ x }}",
                        "headers": {"X-A": "b", "X-B": "{{ y }}", "subject": "us"},
                        "tls_config": {"ca_file": "/ca", "min_version": "x"}}],
    )  # fmt: skip

    assert [
        {
            "to": "ops@example.org", "from": "b@example.org", "auth_password_file": "/p", "headers": {"X-A": "b"},
            "tls_config": {"ca_file": "/ca"}, "smarthost": "mail:25", "require_tls": False, "send_resolved": False,
        }
    ] == made["email_configs"]  # fmt: skip
    assert [
        "receivers[0].email_configs[0].html: messages are this daemon's own",
        "receivers[0].email_configs[0].headers.X-B: holds a template; messages are this daemon's own",
        "receivers[0].email_configs[0].headers.subject: messages are this daemon's own",
        "receivers[0].email_configs[0].tls_config.min_version: this daemon's channel has no such key",
        "receivers[0].email_configs[0].auth_identity: only user name and password are used",
    ] == left


def test_slack_by_an_incoming_webhook() -> None:
    """It has a channel of its own; the end is told only where it was."""
    made, left = receiver(
        {"slack_api_url_file": "/url"},
        slack_configs=[{"channel": "#ops"}, {"api_url": "https://x", "send_resolved": "yes"}],
    )

    assert [{"api_url_file": "/url", "send_resolved": False}, {"api_url": "https://x", "send_resolved": True}] == made[
        "slack_configs"
    ]
    assert ["receivers[0].slack_configs[0].channel: an incoming webhook has a channel of its own"] == left


@pytest.mark.parametrize(
    "written",
    [
        {"app_token_file": "/token"},
        {
            "api_url": "https://slack.com/api/chat.postMessage",
            "http_config": {"authorization": {"credentials_file": "/token"}},
        },
    ],
)
def test_slack_by_a_bot(written: dict[str, Any]) -> None:
    """A token makes it a bot, which keeps the channel."""
    made, left = receiver({}, slack_configs=[written | {"channel": "#ops"}])

    assert [{"bot_token_file": "/token", "channel": "#ops", "send_resolved": False}] == made["slack_configs"]
    assert [] == left


def test_slack_by_the_bot_of_global() -> None:
    """Only where the entry says nothing else; a proxy that it was reached by is told to be lost."""
    made, left = receiver(
        {"slack_app_token": "t"},
        slack_configs=[
            {"channel": "#ops", "http_config": {"authorization": {"type": "Bearer"}, "proxy_url": "http://p"}},
            {"api_url": "https://x"},
        ],
    )

    assert [
        {"bot_token": "t", "channel": "#ops", "send_resolved": False},
        {"api_url": "https://x", "send_resolved": False},
    ] == made["slack_configs"]
    assert ["receivers[0].slack_configs[0].http_config: this daemon's channel has no such key"] == left


def test_a_login_in_the_address_of_a_webhook() -> None:
    """It becomes basic_auth, where the configuration's check wants it; what else is said of who we are wins there."""
    made, _ = receiver(
        {},
        webhook_configs=[
            {"url": "https://a%40b:p%3Aq@x:1/y?z"},
            {"url": "https://u@x", "http_config": {"basic_auth": {"username": "v"}}},
        ],
    )

    assert [
        {"url": "https://x:1/y?z", "http_config": {"basic_auth": {"username": "a@b", "password": "p:q"}}},
        {"url": "https://u@x", "http_config": {"basic_auth": {"username": "v"}}},
    ] == made["webhook_configs"]


def test_a_receiver_without_any_channel_left_is_told() -> None:
    """For here it is one that tells nobody on purpose; one that was empty there was meant to be."""
    config = ROOT | {"receivers": [{"name": "r"}, {"name": "a b", "sns_configs": [{"topic_arn": "arn"}]}]}

    assert [
        "receivers[1].sns_configs[0]: this version has no such channel",
        "receivers[1]: has no channel left: nobody is told of what goes to a-b",
        "receivers.a b: is called a-b here",
    ] == lines(translate(config, KNOWN))


def test_pagerduty_wants_a_key_of_events_v2() -> None:
    """One of v1 leads nowhere here; templates in details are left, plain words kept."""
    made, left = receiver(
        {"pagerduty_url": "https://events.eu.pagerduty.com/v2/enqueue"},
        pagerduty_configs=[
            {"routing_key": "k", "severity": "{{ x }}", "details": {"a": "b", "c": "{{ y }}", "d": {}}},
            {"service_key": "old"},
        ],
    )

    assert [{"routing_key": "k", "details": {"a": "b"}, "url": "https://events.eu.pagerduty.com/v2/enqueue"}] == made[
        "pagerduty_configs"
    ]
    assert [
        "receivers[0].pagerduty_configs[0].severity",
        "receivers[0].pagerduty_configs[0].details.c",
        "receivers[0].pagerduty_configs[0].details.d",
        "receivers[0].pagerduty_configs[1].service_key",
        "receivers[0].pagerduty_configs[1]",
    ] == [line.split(": ")[0] for line in left]


def test_other_channels() -> None:
    """Both kinds of Teams become one; a webhook's body is ours; our own webhook and unknown kinds are left."""
    made, left = receiver(
        {"http_config": {"basic_auth": {"username": "u"}, "proxy_url": "http://p"}},
        msteamsv2_configs=[{"webhook_url": "https://a"}],
        msteams_configs=[{"webhook_url": "https://b"}],
        webhook_configs=[{"url": "http://aiops:9641/webhooks/alertmanager/eu1"}, {"url": "http://x"}],
        opsgenie_configs=[{"api_key": "secret"}],
    )

    assert {
        "name": "r",
        "msteams_configs": [{"webhook_url": "https://a"}, {"webhook_url": "https://b"}],
        "webhook_configs": [{"url": "http://x", "http_config": {"basic_auth": {"username": "u"}}}],
    } == made
    assert [
        ("global.http_config", "msteams_configs connect without it"),
        ("msteams_configs[0]", "connectors of Office 365 are retired"),
        ("webhook_configs[0]", "leads to this daemon"),
        ("webhook_configs[1].http_config.proxy_url", "this daemon's channel has no such key"),
        ("webhook_configs[1]", "the body is this daemon's own, not Alertmanager's"),
        ("opsgenie_configs[0]", "this version has no such channel"),
    ] == [tuple(line.removeprefix("receivers[0].").split(": ")[:2]) for line in left]
    assert "secret" not in str((made, left))


def test_what_alertmanager_refuses_is_refused() -> None:
    """With the place."""
    with pytest.raises(ValueError, match=r"route\.routes\[0\]\.receiver: no receiver is called 'x'"):
        translate(ROOT | {"route": {"receiver": "r", "routes": [{"receiver": "x"}]}}, KNOWN)


def test_the_zone_of_another_machine_is_not_known() -> None:
    """It is told what to write."""
    local = {"name": "n", "time_intervals": [{"location": "Local"}]}
    with pytest.raises(ValueError, match=r"location: 'Local' is the zone of Alertmanager's machine: write its name"):
        translate(ROOT | {"time_intervals": [local]}, KNOWN)
