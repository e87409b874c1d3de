"""Credentials, headers and TLS of outgoing requests, made anew for each request so that rotated files are seen.

Enters: an HttpSpec and the configured addresses. Leaves: request headers, a TLS context, addresses free of
user-info, and a redactor. Never lets a secret into a message: whatever was sent is cut out of what is told.
"""

from __future__ import annotations

import base64
import json
import re
import ssl
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, quote_plus, unquote, urlsplit, urlunsplit

from aiops_daemon.core.model.source import HttpSpec, Secret, TlsSpec
from aiops_daemon.errors import AiopsError, SourceError, SourceReason

_SHORTEST_PIECE = 6  # characters of a path or query that are taken for a secret
_SEPARATORS = re.compile("[&=]")
_SHORTEST_SECRET = 4  # characters; shorter header values would tear holes into every message
_LEFT_IN_URLS = "!$&'()*+,/:;=?@"  # what a client leaves as it is when it writes an address anew (RFC 3986, 2.2)


def secret_pieces(url: str) -> tuple[str, ...]:
    """Return a secret URL and the parts of its path and query that may be secrets themselves, the longest first."""
    parts = urlsplit(url)
    pieces = {url, parts.path, parts.query, *parts.path.split("/"), *_SEPARATORS.split(parts.query)}
    return tuple(sorted((one for one in pieces if len(one) >= _SHORTEST_PIECE), key=len, reverse=True))


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers of one request and the values that must not appear in any message."""

    headers: dict[str, str]
    secrets: tuple[str, ...]

    def redact(self, text: str) -> str:
        """Replace every secret in `text`, however it is quoted; the longest first, for one may begin another."""
        forms = {form for secret in self.secrets for form in _forms(secret)}
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, "<secret>")
        return text


def _forms(secret: str) -> set[str]:
    """Return a secret as it stands, and as it stands in an address, in JSON, in HTML and on one line."""
    forms = set()
    for text in (secret, unquote(secret)):
        forms |= {text, escape(text), " ".join(text.split())}
        forms |= {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        for safe in ("", "/", _LEFT_IN_URLS):
            forms |= {quote(text, safe, errors="replace"), quote_plus(text, safe, errors="replace")}
    return {secret} | {form for form in forms if len(form) >= _SHORTEST_SECRET}


def present(spec: HttpSpec, user_info: tuple[str, str] | None = None) -> Credentials:
    """Read the secrets now and build the headers; `user_info` of the address serves where nothing else is set.

    Raises SourceError(AUTH_ERROR) when a secret cannot be read.
    """
    read = {name: _read(secret, f"header {name}") for name, secret in spec.secret_headers}
    headers = dict(spec.headers) | read
    secrets = list(headers.values())
    if spec.bearer is not None:
        token = _read(spec.bearer, "bearer token")
        headers["Authorization"] = f"{spec.bearer_type} {token}"
        secrets.append(token)
    elif spec.username or user_info:
        user, password = user_info or ("", "")
        if spec.username:
            user, password = spec.username, _read(spec.password, "password") if spec.password else ""
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {encoded}"
        secrets += [encoded, password]
    return Credentials(headers, tuple(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET))


def _read(secret: Secret, what: str) -> str:
    try:
        value = secret().strip()
    except (OSError, ValueError, AiopsError) as error:
        raise SourceError(SourceReason.AUTH_ERROR, f"the {what} cannot be read: {type(error).__name__}") from None
    if not value.isprintable():
        raise SourceError(SourceReason.AUTH_ERROR, f"the {what} holds characters that no header may carry")
    return value


def split_url(url: str) -> tuple[str, tuple[str, str] | None]:
    """Part an address into one without user-info, query and trailing slash, and the user-info."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    if parts.username is None:
        return bare, None
    return bare, (unquote(parts.username), unquote(parts.password or ""))


def tls_context(spec: TlsSpec) -> ssl.SSLContext:
    """Build the client's TLS context; raises SourceError(CONNECTION) when a file cannot be used."""
    try:
        context = ssl.create_default_context(cafile=spec.ca_file or None)
        if spec.cert_file:
            context.load_cert_chain(spec.cert_file, spec.key_file or None)
    except (OSError, ssl.SSLError) as error:
        raise SourceError(SourceReason.CONNECTION, f"TLS files cannot be used: {error}") from None
    if spec.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
