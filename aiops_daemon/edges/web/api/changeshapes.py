"""The JSON shape of a request that tells of a change.

Enters: the body of a request. Leaves: a Change. Never takes an address that no browser opens.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from aiops_daemon.core.model import labels as label_sets
from aiops_daemon.core.model.change import Change
from aiops_daemon.core.model.message import Link
from aiops_daemon.edges.web.api.bodies import Moment, Name
from aiops_daemon.edges.web.api.parameters import parse_moment
from aiops_daemon.edges.web.problem import ProblemError

MOST_LABELS = 64
MOST_LINKS = 20

_Address = Annotated[str, msgspec.Meta(max_length=2_048, pattern=r"^https?://[^\x00-\x20]+$")]
_Value = Annotated[str, msgspec.Meta(max_length=1_024, pattern=r"^[^\x00]*$")]


class LinkBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address that tells more."""

    url: _Address
    name: Name = "link"


class ChangeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change: what was changed, of what (labels, as alerts have them), and when: now, where that is not said."""

    summary: Annotated[str, msgspec.Meta(min_length=1, max_length=1_024, pattern=r"^[^\x00]*\S[^\x00]*$")]
    labels: Annotated[dict[Name, _Value], msgspec.Meta(max_length=MOST_LABELS)] = {}
    at: Moment | None = None
    links: Annotated[list[LinkBody], msgspec.Meta(max_length=MOST_LINKS)] = []


def change_of(body: ChangeBody, now: float) -> Change:
    """Make the change; raises a 422 ProblemError for a time that is none."""
    at = now if body.at is None else parse_moment(body.at)
    if at is None:
        raise ProblemError(422, "The body of changes does not fit.", ["at: must be an RFC 3339 time"])
    links = tuple(Link(one.name, one.url) for one in body.links)
    return Change(body.summary, at, label_sets.make(body.labels), links)
