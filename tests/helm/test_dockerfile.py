"""The Dockerfile passes hadolint and keeps its promises: two stages, no root, signals reach the daemon."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile"
HADOLINT = Path(sys.executable).with_name("hadolint")


def last_stage() -> str:
    """Return the text of the stage that becomes the image."""
    return "FROM" + DOCKERFILE.read_text().split("\nFROM")[-1]


def test_hadolint_has_no_complaint() -> None:
    """hadolint finds nothing, of whatever severity."""
    result = subprocess.run(
        [str(HADOLINT), "--no-color", str(DOCKERFILE)], capture_output=True, text=True, timeout=30, check=False
    )

    assert (result.returncode, result.stdout) == (0, "")


def test_hadolint_would_complain(tmp_path: Path) -> None:
    """The linter is really at work: a root user and an unpinned apt package are seen."""
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian\nRUN apt-get install curl\nUSER root\n")
    result = subprocess.run([str(HADOLINT), str(bad)], capture_output=True, text=True, timeout=30, check=False)

    assert result.returncode == 1
    assert {"DL3006", "DL3008", "DL3002"} <= set(re.findall(r"DL\d+", result.stdout))


@pytest.mark.parametrize(
    "line",
    [
        "USER 65532:65532",
        "EXPOSE 9641",
        "STOPSIGNAL SIGTERM",
        'ENTRYPOINT ["aiops-daemon"]',
        'VOLUME ["/data"]',
        "COPY --from=build /opt/aiops /opt/aiops",
    ],
)
def test_the_image_says(line: str) -> None:
    """The final stage sets the user, port, stop signal, entry point and volume that the chart counts on."""
    assert line in last_stage().splitlines()


def test_the_final_stage_installs_nothing() -> None:
    """No RUN in the final stage: no compiler, no package manager's work, no cache."""
    assert re.findall(r"^RUN", last_stage(), re.MULTILINE) == []


def test_the_base_image_can_be_chosen() -> None:
    """Both stages start from BASE_IMAGE."""
    text = DOCKERFILE.read_text()

    assert "ARG BASE_IMAGE=python:3.12-slim" in text
    assert [line.split()[1] for line in text.splitlines() if line.startswith("FROM")] == ["${BASE_IMAGE}"] * 2


def test_every_copied_file_passes_the_ignore_file() -> None:
    """What the Dockerfile copies from the context is let in by .dockerignore and exists."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source.split("/")[0]
        for line in DOCKERFILE.read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }

    assert copied - allowed == set()
    assert all((ROOT / source).exists() for source in copied)
