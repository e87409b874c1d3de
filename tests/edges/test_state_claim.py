"""One daemon to a state folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aiops_daemon.edges.store.claim import claim
from aiops_daemon.errors import StateFileError, StateTakenError

_HOLD = """
import pathlib, sys
from aiops_daemon.edges.store.claim import claim
held = claim(pathlib.Path(sys.argv[1]))
print(flush=True)
sys.stdin.read()
"""


def test_a_second_claim_is_refused_with_a_remedy(tmp_path: Path) -> None:
    """Folder, holder and what to do are named."""
    held = claim(tmp_path / "deep" / "er")
    with pytest.raises(StateTakenError, match=rf"deep/er is in use .*process {os.getpid()}.*--storage\.url"):
        claim(tmp_path / "deep" / "er")
    held.release()
    held.release()

    claim(tmp_path / "deep" / "er").release()


def test_a_killed_holder_leaves_nothing_to_clean_up(tmp_path: Path) -> None:
    """The claim ends with its process, whatever ended that."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StateTakenError, match=f"process {other.pid}"):
            claim(tmp_path)
        other.kill()
        other.wait()

    claim(tmp_path).release()


def test_a_folder_that_cannot_be_made_is_another_error(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StateFileError) as caught:
        claim(tmp_path / "file" / "state")

    assert not isinstance(caught.value, StateTakenError)
    assert "file" in str(caught.value)
