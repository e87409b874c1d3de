"""File systems of their own for tests of full and read-only disks."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from real_servers import lacking


@contextmanager
def small_disk(folder: Path, mebibytes: int = 24) -> Iterator[Path]:
    """Mount a small file system in memory at a folder; takes root, or sudo that asks nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    if as_root("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=1777", "tmpfs", str(folder)):
        lacking("the right to mount (root)")
    try:
        yield folder
    finally:
        assert 0 == as_root("umount", "-l", str(folder))


def remount(folder: Path, mode: str) -> None:
    """Make a mounted file system `ro` or `rw`."""
    assert 0 == as_root("mount", "-o", f"remount,{mode}", str(folder))


def as_root(*argv: str) -> int:
    """Run a command as root; return its exit code."""
    if os.geteuid() != 0 and shutil.which("sudo") is None:
        return 1
    asked = argv if os.geteuid() == 0 else ("sudo", "-n", *argv)
    return subprocess.run(asked, capture_output=True, check=False).returncode
