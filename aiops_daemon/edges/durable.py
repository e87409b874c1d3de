"""What makes a replaced file outlive a loss of power, for every edge that writes files.

Enters: a folder whose files were written, synced and renamed. Leaves: the renames on disk. Never writes a file.
"""

from __future__ import annotations

import os
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Make the renames in a folder durable; the files' own bytes must be synced before."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
