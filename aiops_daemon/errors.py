"""The tree of everything this daemon raises on purpose.

AiopsError
 ├─ ConfigError          the configuration is wrong; carries every fault found
 ├─ SourceError          a metric source did not give a usable answer; carries a reason of a closed set
 ├─ RuleFileError        generated rules were refused (promtool) or could not be written
 ├─ StateFileError       learned state could not be read or written
 ├─ StoreError           rows could not be written or read; carries a reason of a closed set
 ├─ ForestError          an isolation forest could not be grown
 ├─ SocketError          Slack's Socket Mode cannot be used, or its connection is lost
 ├─ ListenError          the address of the listener cannot be had
 ├─ UnreachableError     a running daemon could not be asked: no answer, or one that is not its own
 ├─ RefusedError         a running daemon would not do what was asked; its words say why
 ├─ UsageError           a command was used wrongly: an argument is missing, or is not what it must be
 └─ InputError           a file given on the command line is not what the command needs

Each edge maps foreign exceptions to these in one place, so flows never name a client library.
"""

from __future__ import annotations

from enum import StrEnum


class AiopsError(Exception):
    """Base of all deliberate errors."""


class ConfigError(AiopsError):
    """The configuration is wrong; `faults` are finished lines, in the order of the file.

    Not `readable`: nothing is known of the configuration, for its file could not be read.
    """

    def __init__(self, faults: tuple[str, ...], *, readable: bool = True) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults
        self.readable = readable


class SourceReason(StrEnum):
    """Why a metric source gave no usable answer; the values of the metric label `reason`."""

    AUTH_ERROR = "auth_error"  # 401, 403
    CLIENT_ERROR = "client_error"  # other 4xx, except 422
    QUERY_ERROR = "query_error"  # 400 bad_data or 422: Prometheus refused the expression
    RATE_LIMITED = "rate_limited"  # 429
    SERVER_ERROR = "server_error"  # 5xx
    REDIRECTED = "redirected"  # 3xx: never followed, credentials would travel
    CONNECTION = "connection"  # refused, reset, TLS, DNS
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"  # body over the cap
    MALFORMED = "malformed"  # truncated, not JSON, not the promised shape


_REMEDIES = {
    SourceReason.AUTH_ERROR: "give basic_auth, authorization or headers in the configuration file",
    SourceReason.CLIENT_ERROR: "check the address and its path: is a Prometheus there?",
    SourceReason.QUERY_ERROR: "correct the expression",
    SourceReason.RATE_LIMITED: "raise interval, or lower max_concurrency",
    SourceReason.SERVER_ERROR: "see the log of that server",
    SourceReason.REDIRECTED: "give the address behind the redirect; a sign-in page wants other credentials",
    SourceReason.CONNECTION: "check that it runs, and host, port and scheme of the address",
    SourceReason.TIMEOUT: "is it overloaded? else raise timeout",
    SourceReason.TOO_LARGE: "aggregate in the expression, or raise max_body_size",
    SourceReason.MALFORMED: "check the address: is a Prometheus there?",
}


def remedy(reason: SourceReason) -> str:
    """Say what a person can do about a source that does not answer usefully; names are keys of the configuration."""
    return _REMEDIES[reason]


class SourceError(AiopsError):
    """A metric source did not answer usefully; `reason` is one of a closed set, `status` that of HTTP, or 0."""

    def __init__(self, reason: SourceReason, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status


class RuleFileError(AiopsError):
    """A generated rule file was refused or could not be written."""


class StateFileError(AiopsError):
    """Learned state could not be read or written."""


class StateTakenError(StateFileError):
    """The state folder is in use by another daemon; the words name it and what to do."""


class StoreReason(StrEnum):
    """Why the store failed; the values of the metric label `reason`."""

    FULL = "full"  # no space left
    LOCKED = "locked"  # another process holds it
    READ_ONLY = "read_only"
    CORRUPT = "corrupt"
    UNREACHABLE = "unreachable"  # the database does not answer, or the folder is gone
    FENCED = "fenced"  # another replica took over
    CLOSED = "closed"  # the daemon is stopping
    VERSION = "version"  # written by a newer version
    FAILED = "failed"  # anything else; the words say what


class StoreError(AiopsError):
    """Rows could not be written or read; `reason` is one of a closed set. Nothing of the call was kept."""

    def __init__(self, reason: StoreReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ForestError(AiopsError):
    """An isolation forest could not be grown."""


class SocketError(AiopsError):
    """Slack's Socket Mode cannot be used, or its connection is lost; the words say what to do."""


class ListenError(AiopsError):
    """The address of the listener cannot be had."""


class UnreachableError(AiopsError):
    """A running daemon could not be asked; the words say what to check."""


class RefusedError(AiopsError):
    """A running daemon would not do what was asked; its words say why."""


class UsageError(AiopsError):
    """A command was used wrongly; its words name the argument and what to write instead."""


class InputError(AiopsError):
    """A file given to a command is not what the command needs."""
