"""Past episodes of alert rules, short to write, for the tests of quality per rule."""

from __future__ import annotations

from aiops_daemon.core.model.listing import RuleEpisode, RuleHistory


def past(
    at: float,
    life: float | None = 60.0,
    *,
    alert: str = "a",
    incident: str = "",
    opened: bool = True,
    acted: float | None = None,
    starts: int = 1,
    muted: bool = False,
    false_positive: bool = False,
    severity: str = "warning",
) -> RuleEpisode:
    """Build an episode from `at` for `life` seconds (None: still open); an incident of its own unless named."""
    return RuleEpisode(
        uid=f"{alert}@{at:.3f}",
        source="main",
        fingerprint=alert,
        severity=severity,
        starts_at=at,
        ends_at=None if life is None else at + life,
        starts=starts,
        flapping=False,
        muted=muted,
        incident=incident or f"i-{alert}@{at:.3f}",
        opened=opened,
        acted_at=acted,
        false_positive=false_positive,
    )


def history(*episodes: RuleEpisode, rule: str = "SlowCheckout", team: str = "shop") -> RuleHistory:
    """Build a rule's history, oldest first."""
    return RuleHistory(team, rule, tuple(sorted(episodes, key=lambda one: one.starts_at)))
