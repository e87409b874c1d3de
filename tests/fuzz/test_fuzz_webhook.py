"""The fuzzer of the webhook's parser, bounded."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from real_servers import lacking

RUNS = 200_000


@pytest.mark.slow
def test_the_parser_survives_two_hundred_thousand_mutations():
    """No exception, no disagreement with Python's JSON reader, no input that takes five seconds."""
    if find_spec("atheris") is None:
        lacking("atheris")
    command = [sys.executable, str(Path(__file__).with_name("fuzz_webhook.py")), f"-runs={RUNS}", "-timeout=5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1_200, check=False)

    assert (0, [str(RUNS)]) == (done.returncode, re.findall(r"Done (\d+) runs", done.stderr)), done.stderr[-3_000:]
