"""Who works at the shop, who is on call when, and who is told of what: in shadow mode, so that nothing is sent.

Enters: the moment at which the replay begins. Leaves: what of the settings decides who is told. Addresses end in
.example (RFC 2606), and the demo has no channel that could reach them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aiops_daemon.core.model.channels.email import EmailSpec
from aiops_daemon.core.model.channels.log import LogSpec
from aiops_daemon.core.model.channels.phone import SmsSpec
from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.matcher import parse
from aiops_daemon.core.model.oncall import PersonSpec, RotationSpec, ScheduleSpec
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.route import Mode, RouteSpec

PEOPLE = tuple(
    PersonSpec(name, (("sms", f"+1555010{number}"), ("email", f"{name}@shop.example")))
    for number, name in enumerate(("ann", "bo", "cy"), 1)
)
_WAYS = ReceiverSpec(
    "people",
    (
        SmsSpec("https://sms.shop.example", "demo", lambda: "", "+15550100"),
        EmailSpec("aiops@shop.example", "mail.shop.example", 587),
    ),
)
_DESK = ReceiverSpec("desk", (LogSpec(),))
_NOBODY = ReceiverSpec("nobody")  # what is not critical waits until somebody looks
_CRITICAL = RouteSpec("route.routes[0]", (parse('severity="critical"'),), escalation="shop", mode=Mode.SHADOW)
_POLICY = EscalationSpec(
    "shop",
    (StepSpec(("schedule/shop",)), StepSpec(("schedule/shop-backup",), after=900.0)),
    fallback="receiver/desk",
)


def who_is_told(begin: float) -> dict[str, Any]:
    """Return people, schedules, receivers, the route and its policy, as fields of Settings."""
    return {
        "mode": Mode.SHADOW,
        "people": PEOPLE,
        "schedules": (_daily("shop", ("ann", "bo"), begin), _daily("shop-backup", ("cy", "ann"), begin)),
        "receivers": (_WAYS, _DESK, _NOBODY),
        "escalations": (_POLICY,),
        "route": RouteSpec(receiver="nobody", mode=Mode.SHADOW, routes=(_CRITICAL,)),
    }


def _daily(name: str, people: tuple[str, ...], begin: float) -> ScheduleSpec:
    """Hand over every day, first at midnight before the replay."""
    midnight = datetime.fromtimestamp(begin, UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return ScheduleSpec(name, (RotationSpec(people, midnight - timedelta(days=1), every_days=1),))
