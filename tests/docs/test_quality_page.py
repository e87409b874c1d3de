"""docs/quality.md explains every verdict and every reason."""

from __future__ import annotations

import re
from pathlib import Path

from aiops_daemon.core.model.alert import VerdictKind, VerdictReason

PAGE = Path(__file__).resolve().parents[2] / "docs" / "quality.md"


def test_every_verdict_and_reason_has_its_row() -> None:
    """No other has one."""
    rows = re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    explained = [row for row in rows if row not in {"for", "keep_firing_for"}]

    assert [*VerdictKind, *VerdictReason] == sorted(
        explained,
        key=[*VerdictKind, *VerdictReason].index,  # type: ignore[arg-type]
    )
