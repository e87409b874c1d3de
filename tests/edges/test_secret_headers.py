"""Headers whose values are secrets of their own."""

import pytest

from aiops_daemon.core.model.source import HttpSpec
from aiops_daemon.edges.http import present
from aiops_daemon.errors import SourceError


class Rotating:
    """A secret that is another one on every use."""

    def __init__(self) -> None:
        self.used = 0

    def __call__(self) -> str:
        self.used += 1
        return f"token-{self.used}"


def test_a_secret_header_is_read_for_every_request_and_redacted() -> None:
    """A rotated value is sent at once, and cut out of what is told."""
    spec = HttpSpec(headers=(("X-Scope-OrgID", "shop"),), secret_headers=(("X-Token", Rotating()),))

    first, second = present(spec), present(spec)

    assert {"X-Scope-OrgID": "shop", "X-Token": "token-1"} == first.headers
    assert {"X-Scope-OrgID": "shop", "X-Token": "token-2"} == second.headers
    assert "sent <secret>" == first.redact("sent token-1")


def test_a_secret_header_that_cannot_be_read_is_a_source_error() -> None:
    """A missing file is told with the header's name."""

    def gone() -> str:
        raise FileNotFoundError

    with pytest.raises(SourceError, match="header X-Token cannot be read"):
        present(HttpSpec(secret_headers=(("X-Token", gone),)))
