"""Headers whose values are secrets of their own."""

import pytest

from aiops_daemon.core.model.source import HttpSpec
from aiops_daemon.edges.http import Credentials, present, secret_pieces
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


@pytest.mark.parametrize(
    "told",
    [
        """a "b"/<c> é""",
        "a%20%22b%22/%3Cc%3E%20%C3%A9",  # as a client writes it into a path
        "a+%22b%22/%3Cc%3E+%C3%A9",  # and into a query
        "a%20%22b%22%2F%3Cc%3E%20%C3%A9",  # as a value of a form
        r"a \"b\"/<c> é",  # JSON
        r"a \"b\"/<c> \u00e9",
        "a &quot;b&quot;/&lt;c&gt; é",  # a page of a proxy
    ],
)
def test_a_secret_is_cut_out_however_it_is_quoted(told: str) -> None:
    """Servers repeat a request in a notation of their own."""
    assert "sent <secret>!" == Credentials({}, ("""a "b"/<c> é""",)).redact(f"sent {told}!")


@pytest.mark.parametrize("told", ["token=se%20cr%C3%A9t", "token=se+cr%C3%A9t", "token=se crét"])
def test_a_secret_address_is_cut_out_as_it_was_sent_and_as_it_was_read(told: str) -> None:
    """Clients quote what the file holds unquoted, servers unquote what was sent."""
    known = Credentials({}, secret_pieces("https://hooks.example.org/in?token=se crét"))

    assert "POST /in?<secret> refused" == known.redact(f"POST /in?{told} refused")


def test_of_two_secrets_of_which_one_begins_the_other_nothing_is_left() -> None:
    """Whichever stands first."""
    known = Credentials({}, ("tenant", "tenant-4711-key"))

    assert "<secret> and <secret>" == known.redact("tenant-4711-key and tenant")
