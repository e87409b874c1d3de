"""Where a request comes from: a page of ours, another site, or a name that only looks like this machine.

Enters: request headers, the address we listen on. Leaves: yes or no. Never trusts a header that a browser lets a
page set: Origin, Sec-Fetch-Site and Host are the browser's.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import hdrs, web

_OWN_SITES = frozenset({"same-origin", "none"})  # none: typed or bookmarked by the person


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine's own; no name is resolved."""
    name = host.strip("[]").partition("%")[0].rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def from_other_site(request: web.Request, external_url: str) -> bool:
    """Say whether a browser sends this on behalf of another site; other clients send neither header."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get(hdrs.ORIGIN)
    ours = {request.host.lower(), urlsplit(external_url).netloc.lower()} - {""}
    foreign = origin is not None and origin.lower().partition("://")[2] not in ours
    return site.lower() not in _OWN_SITES or foreign


def by_foreign_name(request: web.Request, external_url: str) -> bool:
    """Say whether a loopback listener is asked by a name that is not this machine's: DNS rebinding."""
    header = request.headers.get(hdrs.HOST)
    if header is None:
        return False
    try:
        host = urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return True
    return not is_loopback(host) and host != (urlsplit(external_url).hostname or "")
