"""A reload that asks for Socket Mode where its library is missing."""

import os
import subprocess
import sys

CODE = """
import asyncio, dataclasses, pathlib, sys, tempfile
sys.modules["slack_sdk"] = None
from alert_scenario import AlertScenario
from aiops_daemon.config.secret import HeldSecret
from aiops_daemon.core.model.channels.slack import SlackSpec
from aiops_daemon.core.model.receiver import ReceiverSpec

async def reload():
    spec = SlackSpec(HeldSecret("xoxb"), channel="#ops", app_level_token=HeldSecret("xapp"))
    with tempfile.TemporaryDirectory() as folder:
        async with AlertScenario(pathlib.Path(folder)) as s:
            s.next_settings = dataclasses.replace(
                s.settings, cluster="new", receivers=(ReceiverSpec("chat", (spec,)),)
            )
            outcome = await s.daemon.reload()
            print(outcome.faults[0], s.daemon.settings.cluster == "")

asyncio.run(reload())
"""


def test_the_old_configuration_stays_where_the_library_is_missing():
    """What is told as refused is not in force; in a process of its own, for there the library is not to be had."""
    found = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": found},
    )

    assert "install aiops-daemon[slack-socket], or remove app_level_token True\n" in done.stdout, done.stderr
