"""One channel of an Alertmanager's receiver as one of ours.

Enters: the kind, its keys as plain values, the `global` section, and the keys that ours know. Leaves: the channel, or
nothing, and every key that was not carried over, with the reason. Never repeats a value, which may be secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiops_daemon.core.alertmanager.lint.model import WEBHOOK_PATH
from aiops_daemon.core.alertmanager.reading import flag, mapping, text
from aiops_daemon.core.model.receiver import OWN_MAIL_HEADERS

Keys = frozenset[tuple[str, ...]]
"""Paths of keys below a receiver of ours: ("slack_configs", "[]", "channel")."""

_SAME = {"msteamsv2_configs": "msteams_configs"}
_FROM_GLOBAL: dict[str, dict[str, str]] = {
    "slack_configs": {
        "api_url": "slack_api_url",
        "api_url_file": "slack_api_url_file",
        "app_token": "slack_app_token",
        "app_token_file": "slack_app_token_file",
    },
    "email_configs": {
        "from": "smtp_from",
        "smarthost": "smtp_smarthost",
        "hello": "smtp_hello",
        "auth_username": "smtp_auth_username",
        "auth_password": "smtp_auth_password",
        "auth_password_file": "smtp_auth_password_file",
        "auth_identity": "smtp_auth_identity",
        "auth_secret": "smtp_auth_secret",
        "require_tls": "smtp_require_tls",
        "tls_config": "smtp_tls_config",
        "force_implicit_tls": "smtp_force_implicit_tls",
    },
    "pagerduty_configs": {"url": "pagerduty_url"},
    "jira_configs": {"api_url": "jira_api_url"},
}
"""What an entry takes from `global` when it does not say itself (config/config.go there)."""

_GLOBAL_REASONS = {"resolve_timeout": "Alertmanager goes on ending alerts"}

_NEEDS = {
    "pagerduty_configs": ("routing_key", "routing_key_file"),
    "slack_configs": ("api_url", "api_url_file", "bot_token", "bot_token_file"),
    "msteams_configs": ("webhook_url", "webhook_url_file"),
    "webhook_configs": ("url", "url_file"),
    "email_configs": ("to",),
}
"""Of each kind the keys of which one says where it leads; without any it would lead nowhere, or to people."""

_FLAGS = frozenset(("send_resolved", "require_tls", "force_implicit_tls", "insecure_skip_verify"))
_RESOLVED = {"slack_configs": False, "email_configs": False}
"""Kinds whose `send_resolved` is false there unless it is given (config/notifiers.go there)."""

_ITS_OWN = "messages are this daemon's own"
_REASONS = {
    "service_key": "belongs to PagerDuty's Events API v1; make an integration of v2",
    "max_alerts": "the daemon bounds its messages itself",
    "auth_identity": "only user name and password are used",
    "auth_secret": "only user name and password are used",
    **dict.fromkeys(
        (
            *("title", "title_link", "text", "html", "summary", "description", "message", "subject", "fallback"),
            *("pretext", "footer", "fields", "actions", "color", "callback_id", "images", "links", "short_fields"),
            *("username", "icon_emoji", "icon_url", "image_url", "thumb_url", "link_names", "mrkdwn_in", "payload"),
        ),
        _ITS_OWN,
    ),
}
_BODY = "the body is this daemon's own, not Alertmanager's: what listens there must know it"
_RETIRED = "connectors of Office 365 are retired: webhook_url must be that of a workflow"
_POST_MESSAGE = "/api/chat.postMessage"
_LOGIN = re.compile(r"(?P<scheme>https?://)(?P<user>[^/?#:@{]*)(?::(?P<password>[^/?#@{]*))?@(?P<rest>[^@]+)")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Left:
    """Something that was not carried over, or not as it was, and why."""

    place: str
    why: str


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of ours under its key; `values` None: there is none."""

    key: str
    values: dict[str, Any] | None
    left: tuple[Left, ...] = ()


def unused_globals(defaults: Mapping[str, Any], kinds: Iterable[str], known: Keys) -> tuple[Left, ...]:
    """Return the keys of `global` that no channel of ours takes anything from, or not one of the `kinds` in use."""
    used = {there for key, names in _FROM_GLOBAL.items() if (key,) in known for there in names.values()}
    used.add("http_config")
    left = [
        Left(f"global.{name}", _GLOBAL_REASONS.get(name, "no channel here takes it"))
        for name in defaults
        if name not in used
    ]
    ours = dict.fromkeys(_SAME.get(kind, kind) for kind in kinds if kind != "email_configs")
    without = [one for one in ours if (one,) in known and (one, "[]", "http_config") not in known]
    if defaults.get("http_config") and without:
        left.append(Left("global.http_config", f"{', '.join(without)} connect without it"))
    return tuple(left)


def channel(kind: str, written: Mapping[str, Any], defaults: Mapping[str, Any], known: Keys, place: str) -> Channel:
    """Translate one channel."""
    key = _SAME.get(kind, kind)
    if (key,) not in known:
        return Channel(key, None, (Left(place, "this version has no such channel"),))
    if key == "webhook_configs" and WEBHOOK_PATH in str(written.get("url", "")):
        return Channel(key, None, (Left(place, "leads to this daemon"),))
    left: list[Left] = []
    given = _with_defaults(key, written, defaults, known)
    if key == "slack_configs":
        given = _slack(given, place, left)
    if key == "webhook_configs":
        given = _webhook(given, place)
    made = _kept(given, (key, "[]"), known, place, left)
    if (key, "[]", "send_resolved") in known and key in _RESOLVED:
        made.setdefault("send_resolved", _RESOLVED[key])
    needs = _NEEDS.get(key, ())
    if needs and not any(name in made for name in needs):
        return Channel(key, None, (*left, Left(place, f"leads nowhere without {' or '.join(needs)}")))
    left += [
        Left(place, why) for name, why in (("webhook_configs", _BODY), ("msteams_configs", _RETIRED)) if name == kind
    ]
    return Channel(key, made, tuple(left))


def _with_defaults(key: str, written: Mapping[str, Any], defaults: Mapping[str, Any], known: Keys) -> dict[str, Any]:
    """Fill in what the entry takes from `global`: of a secret and its file only when it has neither."""
    given = dict(written)
    for name, there in _FROM_GLOBAL.get(key, {}).items():
        others = {name, f"{name}_file", name.removesuffix("_file")}
        if name.startswith("app_token"):
            others |= {"api_url", "api_url_file"}
        if defaults.get(there) and not others & set(written):
            given[name] = defaults[there]
    if "http_config" not in given and defaults.get("http_config") and (key, "[]", "http_config") in known:
        given["http_config"] = defaults["http_config"]
    return given


def _slack(given: dict[str, Any], place: str, left: list[Left]) -> dict[str, Any]:
    """Tell a bot's token from an incoming webhook, which has a channel of its own."""
    made = {name: value for name, value in given.items() if name not in ("app_token", "app_token_file", "app_url")}
    for name in ("app_token", "app_token_file"):
        if name in given:
            made[name.replace("app", "bot")] = given[name]
    connection = mapping(given.get("http_config"), place)
    credentials = mapping(connection.get("authorization"), place)
    if str(given.get("api_url", "")).endswith(_POST_MESSAGE):
        made |= {f"bot_token{name.removeprefix('credentials')}": value for name, value in credentials.items()
                 if name in ("credentials", "credentials_file")}  # fmt: skip
    if "bot_token" in made or "bot_token_file" in made:
        rest = {name: value for name, value in connection.items() if name != "authorization"}
        kept = {name: value for name, value in made.items() if name not in ("api_url", "api_url_file", "http_config")}
        return kept | {"http_config": rest}
    if "channel" in made:
        left.append(Left(f"{place}.channel", "an incoming webhook has a channel of its own"))
        del made["channel"]
    return made


def _webhook(given: dict[str, Any], place: str) -> dict[str, Any]:
    """Move user name and password out of the URL, where nothing else says who we are."""
    connection = mapping(given.get("http_config"), place)
    found = _LOGIN.fullmatch(str(given.get("url", "")))
    if not found or connection.keys() & {"basic_auth", "authorization"}:
        return given
    login = {"username": _unescaped(found["user"]), "password": _unescaped(found["password"] or "")}
    return given | {"url": found["scheme"] + found["rest"], "http_config": {**connection, "basic_auth": login}}


def _unescaped(text: str) -> str:
    """Read what a URL writes as %40."""
    return _PERCENT.sub(lambda found: bytes([int(found[1], 16)]), text.encode()).decode(errors="replace")


def _kept(given: Mapping[str, Any], path: tuple[str, ...], known: Keys, place: str, left: list[Left]) -> dict[str, Any]:
    """Keep the keys that ours know, at any depth, as far as they hold no template."""
    made: dict[str, Any] = {}
    for name, value in mapping(given, place).items():
        at, below = f"{place}.{name}", (*path, name)
        if value is None or value in ("", [], {}):
            continue
        if below not in known:
            left.append(Left(at, _REASONS.get(name, "this daemon's channel has no such key")))
        elif isinstance(value, Mapping):
            inner = _mapping(value, below, known, at, left)
            if inner:
                made[name] = inner
        elif "{{" in str(value):
            left.append(Left(at, f"holds a template; {_ITS_OWN}"))
        else:
            made[name] = _value(name, value, at)
    return made


def _mapping(
    value: Mapping[str, Any], path: tuple[str, ...], known: Keys, place: str, left: list[Left]
) -> dict[str, Any]:
    """Keep a mapping: its keys are ours where they have names, and the user's where they have not."""
    if any(one[: len(path)] == path and len(one) > len(path) and one[len(path)] != "*" for one in known):
        return _kept(value, path, known, place, left)
    made = {}
    for name, inner in value.items():
        if path[-1] == "headers" and str(name).lower() in OWN_MAIL_HEADERS and path[0] == "email_configs":
            left.append(Left(f"{place}.{name}", _ITS_OWN))
        elif isinstance(inner, Mapping | list):
            left.append(Left(f"{place}.{name}", "is no text"))
        elif "{{" in str(inner):
            left.append(Left(f"{place}.{name}", f"holds a template; {_ITS_OWN}"))
        else:
            made[str(name)] = text(inner, place)
    return made


def _value(name: str, value: Any, place: str) -> Any:
    if name in _FLAGS:
        return flag(value, place)
    if isinstance(value, list | tuple):
        return [text(one, place) for one in value]
    return text(value, place)
