"""The kinds of text that channels take: mail addresses, mail servers, telephone numbers, header values, secret URLs.

Each passes the text on, or refuses it with a message and a remedy that do not repeat it.
"""

from __future__ import annotations

import re
from email.headerregistry import Address
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from aiops_daemon.config.fields import SecretText, refusal
from aiops_daemon.config.texts import HeaderName, WebUrl
from aiops_daemon.core.model.receiver import OWN_MAIL_HEADERS

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
_HOST_NAME = re.compile(r"[A-Za-z0-9._:\[\]-]{1,253}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SENDER = re.compile(r"\+?[A-Za-z0-9 ]{1,34}")


def _addresses(value: str) -> str:
    for part in split_addresses(value):
        _address(part)
    return value


def _address(value: str) -> str:
    remedy = "write ops@example.org"
    if not value.isascii() or not value.isprintable():
        raise refusal("is no mail address", f"{remedy}, in ASCII")
    try:
        address = Address(addr_spec=value.strip())
    except (ValueError, IndexError):
        raise refusal("is no mail address", remedy) from None
    if not address.username or not address.domain:
        raise refusal("is no mail address", remedy)
    return value.strip()


def split_addresses(text: str) -> tuple[str, ...]:
    """Part `a@b, c@d` into addresses."""
    return tuple(part.strip() for part in text.split(","))


def _smarthost(value: str) -> str:
    match = _HOST.fullmatch(value)
    if match is None or not 0 < int(match[2]) < 65536:
        raise refusal("is no mail server", "write mail.example.org:587")
    return value


def _host_name(value: str) -> str:
    if not _HOST_NAME.fullmatch(value):
        raise refusal("is no host name", "write aiops.example.org")
    return value


def _number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise refusal("is no telephone number", 'write it as "+4930123456", with the country and without blanks')
    return value


def _sender(value: str) -> str:
    if not _SENDER.fullmatch(value):
        raise refusal("is no sender", 'write "+4930123456", or the id of a messaging service')
    return value


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise refusal("has line breaks or control characters", "write it in one line")
    return value


def _mail_header(value: str) -> str:
    if value.lower() in OWN_MAIL_HEADERS:
        raise refusal("is written by the daemon", "use from, to, or the template email.subject.txt.j2")
    return value


def _secret_url(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if _names_somebody(text):
        raise refusal("holds a user name or password", "take them out; basic_auth is their place, where there is one")
    if not web_address(text):
        raise refusal("is no http or https URL", "write the whole address, as https://host/path")
    return value


def _guarded(value: str) -> str:
    """Pass https, and http that does not leave this machine."""
    if not value.lower().startswith("https:") and not _loopback(urlsplit(value).hostname or ""):
        raise refusal("sends secrets in the clear", "use https; http only to this machine (127.0.0.1)")
    return value


def _guarded_secret(value: SecretStr) -> SecretStr:
    _guarded(_secret_url(value).get_secret_value())
    return value


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _names_somebody(text: str) -> bool:
    try:
        return "@" in urlsplit(text).netloc
    except ValueError:
        return False


def web_address(text: str) -> bool:
    """Say whether this is a http or https URL without user-info."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and "@" not in parts.netloc
            and text.isprintable()
            and " " not in text
        )
    except ValueError:
        return False


MailAddress = Annotated[str, AfterValidator(_address)]
MailAddresses = Annotated[str, AfterValidator(_addresses)]
Smarthost = Annotated[str, AfterValidator(_smarthost)]
HostName = Annotated[str, AfterValidator(_host_name)]
PhoneNumber = Annotated[str, AfterValidator(_number)]
PhoneSender = Annotated[str, AfterValidator(_sender)]
OneLine = Annotated[str, AfterValidator(_one_line)]
MailHeader = Annotated[HeaderName, AfterValidator(_mail_header)]
SecretUrl = Annotated[SecretText, AfterValidator(_secret_url)]
GuardedSecretUrl = Annotated[SecretText, AfterValidator(_guarded_secret)]  # of a service on the internet
GuardedUrl = Annotated[WebUrl, AfterValidator(_guarded)]  # of a service that is shown a secret each time
