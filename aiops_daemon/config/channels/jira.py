"""`jira_configs`: one ticket for each incident. Key names are Alertmanager's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field

from aiops_daemon.config.build_http import http_spec
from aiops_daemon.config.channels.fields import GuardedUrl, OneLine
from aiops_daemon.config.fields import DurationIn, Flag, Section, choice
from aiops_daemon.config.http import HttpConfig
from aiops_daemon.config.texts import Name, Text
from aiops_daemon.core.model.channels.jira import JiraSpec

_CLOUD = ".atlassian.net"


class JiraConfig(Section):
    """Keep one ticket in Jira for each incident: create, update, resolve, reopen."""

    send_resolved: Flag = True
    """Tell the end too."""

    api_url: GuardedUrl
    """URL of the API with its version: `https://company.atlassian.net/rest/api/2`; http only to this machine.
    Required."""

    api_type: Annotated[str, choice("auto", "cloud", "datacenter")] = "auto"
    """Which Jira it is: cloud, datacenter, or auto: cloud on atlassian.net. Cloud searches by another path."""

    project: OneLine
    """Key of the project. Required."""

    issue_type: OneLine
    """Type of the tickets, such as `Bug`. Required."""

    summary: Text | None = None
    """Template of the summary. Default: the file `jira.summary.txt.j2`."""

    description: Text | None = None
    """Template of the description. Default: the file `jira.txt.j2`."""

    labels: list[Name] = Field(default=[])
    """Labels besides that by which the daemon finds its ticket again."""

    priority: OneLine | None = None
    """Name of the priority. Default: Jira's own."""

    reopen_transition: OneLine | None = None
    """Name of the transition that opens a resolved ticket again. Default: a new ticket is made."""

    resolve_transition: OneLine | None = None
    """Name of the transition that resolves a ticket. Default: the ticket stays as it is."""

    wont_fix_resolution: OneLine | None = None
    """Name of a resolution with which tickets are left alone."""

    reopen_duration: Annotated[float, DurationIn("1m", "10y")] | None = None
    """Time after its resolution in which a ticket is opened again. Default: for ever."""

    fields: dict[OneLine, Any] = Field(default={})
    """Further fields of the ticket by their ids, such as `customfield_10001`."""

    timeout: Annotated[float, DurationIn("100ms", "15s")] = 15.0
    """Deadline of one attempt, which is up to four requests."""

    http_config: HttpConfig = HttpConfig()
    """Credentials, headers and TLS: `basic_auth` with a user and an API token (cloud), or `authorization`."""


def jira_spec(section: JiraConfig, folder: Path) -> JiraSpec:
    """Build the channel."""
    guessed = (urlsplit(section.api_url).hostname or "").endswith(_CLOUD)
    return JiraSpec(
        api_url=section.api_url,
        project=section.project,
        issue_type=section.issue_type,
        summary=section.summary or "",
        description=section.description or "",
        labels=tuple(section.labels),
        priority=section.priority or "",
        reopen_transition=section.reopen_transition or "",
        resolve_transition=section.resolve_transition or "",
        wont_fix_resolution=section.wont_fix_resolution or "",
        reopen_duration=section.reopen_duration,
        fields_json=json.dumps(section.fields),
        cloud=guessed if section.api_type == "auto" else section.api_type == "cloud",
        http=http_spec(section.http_config, folder),
        timeout=section.timeout,
        send_resolved=section.send_resolved,
    )
