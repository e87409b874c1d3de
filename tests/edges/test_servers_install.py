"""The installer of real servers: what is on PATH serves, what lacks is said, and fails where CI=true."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import real_servers

TOOLS = [
    "prometheus", "promtool", "alertmanager", "amtool", "node_exporter", "victoria-metrics", "helm", "chromium",
    "postgres", "initdb", "strace",
]  # fmt: skip
NEEDED = ["bash", "basename", "cat", "chmod", "dirname", "env", "id", "ln", "mkdir", "mktemp", "rm", "tail"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that holds the installer alone, and a PATH without apt, go and npm."""
    there = tmp_path / "tests" / "servers"
    there.mkdir(parents=True)
    shutil.copy(real_servers.ROOT / "tests" / "servers" / "install.sh", there)
    (tmp_path / "path").mkdir()
    for name in NEEDED:
        found = shutil.which(name)
        assert found is not None
        (tmp_path / "path" / name).symlink_to(found)
    return tmp_path


def install(checkout: Path, ci: str) -> subprocess.CompletedProcess[str]:
    """Run the installer with nothing but its PATH."""
    environment = {"PATH": str(checkout / "path"), "CI": ci, "HOME": os.environ.get("HOME", "/")}
    environment["POSTGRES_HOME"] = str(checkout / "none")  # else Debian's folder is looked at
    script = str(checkout / "tests" / "servers" / "install.sh")
    return subprocess.run(["bash", script], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_what_lacks_is_said(checkout: Path, ci: str, code: int) -> None:
    """By name, with the remedy."""
    done = install(checkout, ci)

    assert code == done.returncode
    assert f"lacking for the tests with real servers: {' '.join(TOOLS)}" in done.stderr
    assert "put them on PATH" in done.stderr


def test_binaries_on_path_serve(checkout: Path) -> None:
    """They are linked, under Debian's names too, and a second run has nothing to say."""
    for name in TOOLS:
        debian = f"prometheus-{name.replace('_', '-')}" if name in ("alertmanager", "node_exporter") else name
        program = checkout / "path" / debian
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    first, second = install(checkout, "true"), install(checkout, "true")

    assert (0, "", "") == (first.returncode, first.stdout, first.stderr)
    assert (0, "", "") == (second.returncode, second.stdout, second.stderr)
    assert sorted(TOOLS) == sorted(path.name for path in (checkout / ".tools" / "bin").iterdir())
