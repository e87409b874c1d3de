"""The sections `teams` and `web`: who owns which alerts, and who may see and do what."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from aiops_daemon.config.fields import CountIn, DurationIn, SecretText, Section, choice, refusal, unique
from aiops_daemon.config.matching import MatcherText
from aiops_daemon.config.people import Preference
from aiops_daemon.config.texts import FilePath, Name
from aiops_daemon.core.model.scope import Role

LEAST_TOKEN = 16


class PageBudget(Section):
    """How many pages a team can bear; beyond it the daemon says which rules cause them."""

    per: Annotated[float, DurationIn("1h", "90d")]
    """Length of a shift. Required."""

    max: Annotated[int, CountIn(0, 10_000)]
    """Pages in a shift. Required."""


class Team(Section):
    """People who own alerts and the incidents that come of them."""

    name: Name
    """Name of the team; an alert whose label `team` is this belongs to it. Required, unique."""

    members: Annotated[list[Name], AfterValidator(unique)] = Field(default=[])
    """Names of its people."""

    matchers: list[MatcherText] = Field(default=[])
    """Matchers of its alerts, all of which must hold; the first team whose matchers hold owns an alert that names no
    team itself. Default: only alerts that name the team."""

    page_budget: PageBudget | None = None
    """How many pages the team can bear. Default: none is set."""

    preferences: list[Preference] = Field(default=[])
    """By which channels for which severities its members are told who prefer nothing themselves."""


def _strong(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value().strip()) < LEAST_TOKEN:
        raise refusal(f"is shorter than {LEAST_TOKEN} characters", "make one with `openssl rand -hex 32`")
    return value


class Token(Section):
    """Somebody who may call, person or program."""

    name: Name
    """Name, told as the author of every change. Required, unique."""

    role: Annotated[str, choice(*(str(role) for role in Role))] = str(Role.VIEWER)
    """ingest (only sends alerts), viewer, responder (acknowledges, resolves), operator (tests channels), or admin."""

    teams: Annotated[list[Name], AfterValidator(unique)] = Field(default=[])
    """Teams whose incidents are visible. Default: all."""

    token: Annotated[SecretText, AfterValidator(_strong)] | None = None
    """Bearer token, and the password of pages; 16 characters at least. Exactly one of this and `token_file`."""

    token_file: FilePath | None = None
    """File that holds the token; read again on use, so a rotated file needs no reload."""


class Web(Section):
    """Who may use webhooks, API and pages. Beyond loopback the daemon does not listen without tokens."""

    tokens: list[Token] = Field(default=[])
    """Everybody who may call. Default: on loopback everybody."""
