"""What must hold between keys of receivers' channels, beyond alternatives.

Enters the tree as written; leaves faults. Never reads a secret's file, never repeats a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiops_daemon.config.faults import Fault, Path
from aiops_daemon.config.tree import Tree

_EMAIL = ("receivers", "[]", "email_configs", "[]")
_HERE = ("localhost:", "127.0.0.1:", "[::1]:")
_TLS_PORT = ":465"


def check_receivers(tree: Tree) -> Iterator[Fault]:
    """Find what is wrong between keys of channels."""
    for path, section in tree.find(_EMAIL):
        if isinstance(section, dict):
            yield from _login(tree, path, section)


def _login(tree: Tree, path: Path, section: dict[str, Any]) -> Iterator[Fault]:
    secrets = [key for key in ("auth_password", "auth_password_file") if key in section]
    if "auth_username" in section and not secrets:
        yield tree.key_fault((*path, "auth_username"), "has no password", "add auth_password or auth_password_file")
    if "auth_username" not in section and secrets:
        yield tree.key_fault((*path, secrets[0]), "belongs to no user", "add auth_username")
    host = str(section.get("smarthost", ""))
    encrypted = section.get("require_tls") is not False or section.get("force_implicit_tls", host.endswith(_TLS_PORT))
    if secrets and not encrypted and not host.startswith(_HERE):
        message = "the password would go over an unencrypted connection, so nothing would be sent"
        yield tree.fault((*path, "require_tls"), message, "remove it, or the password")
