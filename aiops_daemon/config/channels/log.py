"""`log_configs`: messages as lines of the daemon's own log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from aiops_daemon.config.fields import Flag, Section, choice
from aiops_daemon.core.model.channels.log import LogSpec


class LogConfig(Section):
    """Write every message into the daemon's log, for trying out."""

    send_resolved: Flag = True
    """Tell the end too."""

    level: Annotated[str, choice("debug", "info", "warning")] = "info"
    """Level of the lines."""


def log_spec(section: LogConfig, folder: Path) -> LogSpec:
    """Build the channel."""
    del folder
    return LogSpec(send_resolved=section.send_resolved, level=section.level)
