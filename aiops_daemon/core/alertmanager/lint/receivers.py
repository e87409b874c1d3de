"""Traps in the receiver that sends to this daemon."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiops_daemon.core.alertmanager.lint.model import WEBHOOK_PATH, Met, Rule, Subject, Weight, webhooks
from aiops_daemon.core.alertmanager.reading import flag, mapping, text

_PATH = re.compile(rf"(?:/[^?#]*)?{WEBHOOK_PATH}(?:/([A-Za-z0-9_][A-Za-z0-9_.:-]*))?")
_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?:[^/?#@]*@)?(?P<host>\[[^\]]*\]|[^/?#:]*)(?::[0-9]*)?(?P<path>[^?#]*)", re.IGNORECASE
)
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]|", re.IGNORECASE)
_CREDENTIALS = ("authorization", "basic_auth", "bearer_token", "bearer_token_file", "oauth2")

NOT_CONNECTED = Rule(
    "not-connected",
    Weight.WARNING,
    "No receiver sends to this daemon.",
    "It will know nothing of these alerts.",
    "print one with `aiops-daemon alertmanager snippet --mode shadow`",
)
MAX_ALERTS = Rule(
    "max-alerts",
    Weight.ERROR,
    "The webhook leaves alerts out of large groups (`max_alerts`).",
    "Resolved alerts come first and firing ones are cut, so that in a storm what fires is not told.",
    "write `max_alerts: 0`",
)
SEND_RESOLVED = Rule(
    "send-resolved",
    Weight.ERROR,
    "The webhook never says that an alert has ended (`send_resolved: false`).",
    "Incidents stay open until the API of the Alertmanager shows that nothing fires.",
    "write `send_resolved: true`",
)
FOLLOWS_REDIRECTS = Rule(
    "follows-redirects",
    Weight.WARNING,
    "The webhook follows redirects.",
    "A 302 on the way (a sign-in page, a proxy) is followed as a GET without a body, and its 200 counts as delivered: "
    "alerts vanish.",
    "write `http_config: {follow_redirects: false}`",
)
WEBHOOK_URL = Rule(
    "webhook-url",
    Weight.ERROR,
    "The webhook's URL is not one of this daemon.",
    "It is answered with 404, which Alertmanager does not retry.",
    f"end it in `{WEBHOOK_PATH}`, or in `{WEBHOOK_PATH}/<name of the entry in alertmanagers>`",
)
UNKNOWN_SOURCE = Rule(
    "unknown-source",
    Weight.WARNING,
    "The webhook's URL names an Alertmanager that the daemon does not know.",
    "What webhooks cannot tell is repaired from its API only for Alertmanagers that are configured.",
    "add it to `alertmanagers`, or name one that is there",
)
NO_CREDENTIALS = Rule(
    "no-credentials",
    Weight.ERROR,
    "The webhook sends no token.",
    "The daemon wants one (beyond loopback always) and answers 401.",
    "write `http_config: {authorization: {credentials_file: ...}}` with a token of role ingest",
)
PLAIN_HTTP = Rule(
    "plain-http",
    Weight.WARNING,
    "The webhook crosses the network without TLS.",
    "Alerts and the token can be read on the way.",
    "use https, unless the network itself is trusted",
)
CUT_BESIDE = Rule(
    "max-alerts-elsewhere",
    Weight.WARNING,
    "Another webhook cuts groups (`max_alerts`) and is told of ends.",
    "Resolved alerts come first and firing ones are cut; an end may come for what was never told.",
    "write `max_alerts: 0`, or `send_resolved: false`",
)


def not_connected(subject: Subject) -> Met:
    """Find that nothing of ours is there."""
    if not subject.is_connected():
        yield "receivers", "no receiver sends to this daemon"


def max_alerts(subject: Subject) -> Met:
    """Find a cut in our webhooks."""
    for place, hook in subject.our_webhooks():
        cut = _count(hook)
        if cut:
            yield f"{place}.max_alerts", f"groups of more than {cut} alerts are cut, firing ones first"


def max_alerts_elsewhere(subject: Subject) -> Met:
    """Find a cut in other webhooks that are told of ends."""
    for index, (name, receiver) in enumerate(subject.tree.receivers.items()):
        for place, hook in () if subject.is_ours(name) else webhooks(receiver, f"receivers[{index}]"):
            if _count(hook) and _on(hook, "send_resolved"):
                yield f"{place}.max_alerts", f"{name!r} cuts groups at {_count(hook)} alerts, firing ones first"


def send_resolved(subject: Subject) -> Met:
    """Find that ends are not told."""
    for place, hook in subject.our_webhooks():
        if not _on(hook, "send_resolved"):
            yield f"{place}.send_resolved", "the daemon never hears that an alert has ended"


def follows_redirects(subject: Subject) -> Met:
    """Find that redirects are followed, which is Alertmanager's default."""
    for place, hook in subject.our_webhooks():
        if not _on(_http_config(subject, hook), "follow_redirects"):
            continue
        yield place, "a 302 on the way would be followed as a GET without a body, and count as delivered"


def webhook_url(subject: Subject) -> Met:
    """Find a path that this daemon does not have. An URL in a file cannot be seen."""
    for place, hook in subject.our_webhooks():
        if hook.get("url") and not _PATH.fullmatch(_part(hook, "path")):
            yield f"{place}.url", f"the path does not end in {WEBHOOK_PATH} or {WEBHOOK_PATH}/<name>"


def unknown_source(subject: Subject) -> Met:
    """Find a name in the path that is no configured Alertmanager; without any configured, nothing is known."""
    for place, hook in subject.our_webhooks():
        found = _PATH.fullmatch(_part(hook, "path"))
        if found and found[1] and subject.ours.sources and found[1] not in subject.ours.sources:
            yield f"{place}.url", f"no entry of `alertmanagers` is called {found[1]!r}"


def no_credentials(subject: Subject) -> Met:
    """Find webhooks without a token where one is wanted."""
    for place, hook in subject.our_webhooks():
        wanted = subject.ours.tokens or (subject.ours.tokens is None and _leaves(hook))
        if wanted and not any(_http_config(subject, hook).get(key) for key in _CREDENTIALS):
            yield place, "nothing in its http_config says who is calling; the daemon will answer 401"


def plain_http(subject: Subject) -> Met:
    """Find webhooks that leave the machine without TLS."""
    for place, hook in subject.our_webhooks():
        if _leaves(hook) and _part(hook, "scheme").lower() == "http":
            yield f"{place}.url", "alerts and token leave this machine unencrypted"


def _count(hook: Mapping[str, Any]) -> int:
    written = text(hook.get("max_alerts"), "max_alerts")
    return int(written) if written.isdigit() else 0


def _on(section: Mapping[str, Any], key: str) -> bool:
    """Read a switch that is on unless said otherwise; what is no truth value is Alertmanager's to refuse."""
    if section.get(key) is None:
        return True
    try:
        return flag(section[key], key)
    except ValueError:
        return True


def _http_config(subject: Subject, hook: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the webhook's own http_config, or the global one, which it replaces as a whole."""
    general = mapping(subject.config.get("global"), "global").get("http_config")
    return mapping(hook.get("http_config") or general, "http_config")


def _part(hook: Mapping[str, Any], name: str) -> str:
    """Return a part of the webhook's URL; empty where there is none, as with a URL in a file."""
    found = _URL.match(str(hook.get("url") or ""))
    return found[name] if found else ""


def _leaves(hook: Mapping[str, Any]) -> bool:
    """Say whether the URL is known and leads off this machine."""
    return not _LOOPBACK.fullmatch(_part(hook, "host"))


CHECKS = (
    (NOT_CONNECTED, not_connected),
    (MAX_ALERTS, max_alerts),
    (SEND_RESOLVED, send_resolved),
    (FOLLOWS_REDIRECTS, follows_redirects),
    (WEBHOOK_URL, webhook_url),
    (UNKNOWN_SOURCE, unknown_source),
    (NO_CREDENTIALS, no_credentials),
    (PLAIN_HTTP, plain_http),
    (CUT_BESIDE, max_alerts_elsewhere),
)
