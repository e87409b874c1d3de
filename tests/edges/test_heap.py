"""Large blocks go back to the system when they are let go."""

import subprocess
import sys

CHILD = """
import re
from aiops_daemon.edges.heap import give_back_large_blocks

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024

assert give_back_large_blocks()
before = resident()
for _ in range(3):  # the first teaches an allocator that learns
    body = bytearray(b"x") * (20 << 20)
    later = [bytearray(1000) for _ in range(100)]  # what would lie above it
    del body
print(resident() - before)
"""


def test_the_memory_of_a_large_body_is_given_back() -> None:
    """Less than one body stays resident when three came and went."""
    argv = [sys.executable, "-c", CHILD]
    kept = int(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)

    assert kept < 10 << 20
