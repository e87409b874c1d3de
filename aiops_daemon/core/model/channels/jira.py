"""A channel that keeps one ticket in Jira for each incident."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiops_daemon.core.model.source import HttpSpec


@dataclass(frozen=True, slots=True)
class JiraSpec:
    """Which project tickets are made in, how, and by which transitions they end and come back.

    `summary` and `description` are templates; empty means those of files. `reopen_duration` is seconds; None: for ever.
    """

    api_url: str
    project: str
    issue_type: str
    summary: str = ""
    description: str = ""
    labels: tuple[str, ...] = ()
    priority: str = ""
    reopen_transition: str = ""
    resolve_transition: str = ""
    wont_fix_resolution: str = ""
    reopen_duration: float | None = None
    fields_json: str = field(default="{}", repr=False)  # further fields, as text: a specification can be hashed
    cloud: bool = False  # Jira Cloud searches by another path than Data Center
    http: HttpSpec = HttpSpec()
    timeout: float = 15.0
    send_resolved: bool = True

    integration = "jira"
    pages = False

    @property
    def destination(self) -> str:
        """Return the project and where it is."""
        return f"{self.project} at {self.api_url}"
