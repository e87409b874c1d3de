"""Templates and static files of all pages.

Enters: nothing but the package's own files. Leaves: templates that escape whatever they are given, and files whose
address changes with their content.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment

from aiops_daemon.edges.markup import markup

STATIC = {"style.css": "text/css", "refresh.js": "text/javascript"}
_PACKAGE = "aiops_daemon.edges.web.ui"


@dataclass(frozen=True)
class Templates:
    """The environment that every page is written with, and the files that pages load."""

    environment: Environment
    static: dict[str, bytes]

    def render(self, name: str, **values: object) -> str:
        """Write a page; a template is compiled when it is first written, so not on the event loop."""
        return self.environment.get_template(name).render(**values)


def load_templates() -> Templates:
    """Read static files and make the environment."""
    folder = files(_PACKAGE) / "static"
    static = {name: (folder / name).read_bytes() for name in STATIC}
    environment = markup(_PACKAGE)
    environment.globals["fingerprint"] = hashlib.sha256(b"".join(static.values())).hexdigest()[:12]
    return Templates(environment, static)


def html(text: str, status: int = 200) -> web.Response:
    """Answer with a page; half characters, which UTF-8 cannot carry, are replaced."""
    body = text.encode("utf-8", "replace")
    return web.Response(status=status, body=body, content_type="text/html", charset="utf-8")


def web_link(address: str) -> str:
    """Return an address that a page may link to, "" for what is neither http nor https: alert text is data."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return ""
    return address.strip() if parts.scheme in ("http", "https") and parts.netloc else ""
