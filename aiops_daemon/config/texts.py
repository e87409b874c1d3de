"""The kinds of text that configuration fields take: names, labels, addresses, time zones, PromQL.

Each passes the text on, or refuses it with a message and a remedy that do not repeat it.
"""

from __future__ import annotations

import re
import zoneinfo
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from aiops_daemon.config.faults import did_you_mean
from aiops_daemon.config.fields import refusal
from aiops_daemon.core.model.selector import parse_selector
from aiops_daemon.core.model.sli import WINDOW
from aiops_daemon.core.rules.slo.shape import clean

LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_QUOTED = r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`"""
_QUOTES = re.compile(_QUOTED)
_DNS_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TOKENS = re.compile(
    rf"(?P<quoted>{_QUOTED})|(?P<comment>#[^\n]*)|(?P<open>[(\[{{])|(?P<close>[)\]}}])|(?P<bad>[\"'`])"
)
_PAIRS = {")": "(", "]": "[", "}": "{"}


def _filled(value: str) -> str:
    if not value.strip():
        raise refusal("is empty", "write something, or remove the key")
    return value


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise refusal("is no name", "use up to 100 letters, digits, `_`, `-`, `.` and `:`, without spaces")
    return value


def _label_name(value: str) -> str:
    if not LABEL.fullmatch(value):
        raise refusal("is no label name", "use letters, digits and `_`, not beginning with a digit")
    return value


def _own_label_name(value: str) -> str:
    if _label_name(value).startswith(("__", "aiops_")):
        raise refusal("is a reserved label", "labels beginning with `__` or `aiops_` cannot be set")
    return value


def _header_name(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise refusal("is no HTTP header name", "use letters, digits and `-`")
    if value.lower() == "authorization":
        raise refusal("cannot be set here", "use basic_auth or authorization")
    return value


def _web_url(value: str) -> str:
    if _BLANK.search(value):
        raise refusal("is no URL", "remove blanks and control characters")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise refusal("is no URL", "write http://host:port") from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise refusal("is no http or https URL", "write http://host:port or https://host")
    if "@" in parts.netloc:
        raise refusal("holds a user name or password", "use basic_auth or authorization instead")
    if parts.query or parts.fragment:
        raise refusal("has a query or a fragment", "end it before `?` or `#`")
    return value.rstrip("/")


def _time_zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        near = did_you_mean(value, zoneinfo.available_timezones())
        raise refusal("is no time zone", near or "use a name such as UTC or Europe/Berlin") from None
    return value


def _expression(value: str) -> str:
    """Pass PromQL whose brackets and quotes close; everything else only Prometheus can judge."""
    expected: list[str] = []
    for token in _TOKENS.finditer(_filled(value)):
        if token["open"]:
            expected.append(token["open"])
        elif token["close"] and (not expected or expected.pop() != _PAIRS[token["close"]]):
            raise refusal("is no PromQL: a bracket closes that was not opened", "check its brackets")
        elif token["bad"]:
            raise refusal("is no PromQL: a quote is not closed", "check its quotes")
    if expected:
        raise refusal("is no PromQL: a bracket is not closed", "check its brackets")
    return value.strip()


def _selector(value: str) -> str:
    text = value.strip()
    try:
        parse_selector(text)
    except ValueError:
        raise refusal(
            "is no bare selector of a counter",
            'write only name{label="value"}; the range and increase() are added to it',
        ) from None
    return text


def _windowed(value: str) -> str:
    text = clean(_expression(value))
    if WINDOW not in text:
        raise refusal("has no window", "write the range as [{{.window}}]")
    if "{{" in _QUOTES.sub("", text).replace(WINDOW, ""):
        raise refusal("holds a mark that is not {{.window}}", "write the range as [{{.window}}]")
    return text


def _measured(value: str) -> str:
    """Pass a selector of a gauge, or PromQL over a window."""
    try:
        parse_selector(value.strip())
    except ValueError:
        return _windowed(value)
    return value.strip()


def _kubernetes_name(value: str) -> str:
    if not _DNS_LABEL.fullmatch(value):
        raise refusal("is no name of Kubernetes", "use up to 63 small letters, digits and `-`")
    return value


def _storage_url(value: str) -> str:
    if value.startswith("postgres"):
        return _postgresql_url(value)
    path = value.removeprefix("sqlite:///")
    if path == value or not path or path.endswith("/") or "?" in path or path.startswith(":"):
        raise refusal(
            "is no SQLite file and no PostgreSQL",
            "write sqlite:////data/aiops.db, sqlite:///file.db for a relative path, or postgresql://user@host/name",
        )
    return value


def _postgresql_url(value: str) -> str:
    """Accept one host, or several as libpq writes them: the first one that can be written is used."""
    form = "write postgresql://user@host:5432/name"
    if _BLANK.search(value) or not value.startswith("postgresql://"):
        raise refusal("is no URL of PostgreSQL", form)
    try:
        parts = urlsplit(value)
        hosts = [urlsplit(f"//{host}") for host in parts.netloc.rpartition("@")[2].split(",")]
        whole = all(host.hostname and host.port != 0 for host in hosts)
    except ValueError:
        raise refusal("is no URL of PostgreSQL", form) from None
    if parts.password is not None or "password" in parts.query:
        raise refusal("holds a password", "use storage.password_file or storage.password instead")
    if not whole or not parts.path.strip("/") or parts.fragment:
        raise refusal("is no URL of PostgreSQL", form)
    return value


Text = Annotated[str, AfterValidator(_filled)]
Name = Annotated[str, AfterValidator(_name)]
LabelName = Annotated[str, AfterValidator(_label_name)]
OwnLabelName = Annotated[str, AfterValidator(_own_label_name)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Expression = Annotated[str, AfterValidator(_expression)]
Selector = Annotated[str, AfterValidator(_selector)]
Windowed = Annotated[str, AfterValidator(_windowed)]
Measured = Annotated[str, AfterValidator(_measured)]
KubernetesName = Annotated[str, AfterValidator(_kubernetes_name)]
StorageUrl = Annotated[str, AfterValidator(_storage_url)]
FilePath = Annotated[str, AfterValidator(_filled)]
