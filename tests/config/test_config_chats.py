"""What `slack_configs` and `msteams_configs` become; their secrets are shown nowhere."""

from pathlib import Path

import pytest

from aiops_daemon.config.load import Loaded, Overrides, load
from aiops_daemon.config.show import show
from aiops_daemon.core.model.channels.msteams import TeamsSpec
from aiops_daemon.core.model.channels.slack import SlackSpec
from aiops_daemon.core.model.receiver import ChannelSpec

CANARY = "canary-3f9a"
TEXT = f"""\
prometheus: [{{name: eu1, urls: ["http://prom:9090"]}}]
receivers:
  - name: chat
    msteams_configs: [{{webhook_url: "https://teams.example/{CANARY}?sig={CANARY}", send_resolved: false}}]
    slack_configs:
      - {{bot_token: "{CANARY}-bot", channel: "#ops", signing_secret: "{CANARY}-signing", timeout: 3s}}
      - {{bot_token_file: token, app_level_token: "{CANARY}-app", web_api_url: "https://slack-gov.com/api/"}}
      - {{api_url: "https://hooks.slack.com/services/{CANARY}"}}
      - {{api_url_file: token, signing_secret_file: token}}
"""


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    """The configuration above."""
    (tmp_path / "config.yaml").write_text(TEXT)
    (tmp_path / "token").write_text(f"{CANARY}-file\n")
    return load(tmp_path / "config.yaml", environ={}, overrides=Overrides())


def channels(loaded: Loaded) -> tuple[ChannelSpec, ...]:
    """Return the channels of the one receiver."""
    (receiver,) = loaded.settings.receivers
    return receiver.channels


def test_what_they_become(loaded: Loaded) -> None:
    """Destinations without secrets, which kind can change its messages, where buttons lead somewhere."""
    slack = [one for one in channels(loaded) if isinstance(one, SlackSpec)]
    (teams,) = (one for one in channels(loaded) if isinstance(one, TeamsSpec))

    assert ["#ops", "", "incoming webhook", "incoming webhook"] == [one.destination for one in slack]
    assert [True, True, False, False] == [one.living for one in slack]
    assert [True, True, False, True] == [one.interactive for one in slack]
    assert (3.0, 10.0) == (slack[0].timeout, slack[1].timeout)
    assert ("https://slack.com/api", "https://slack-gov.com/api") == (slack[0].web_api_url, slack[1].web_api_url)
    assert ("workflow", False, False) == (teams.destination, teams.send_resolved, teams.pages)


def test_secrets_are_read_on_use(loaded: Loaded, tmp_path: Path) -> None:
    """Those of files without the end of the line, and anew after a rotation."""
    _, direct, _, webhook = (one for one in channels(loaded) if isinstance(one, SlackSpec))
    assert direct.bot_token is not None
    assert webhook.webhook is not None
    assert [f"{CANARY}-file"] * 2 == [direct.bot_token(), webhook.webhook()]
    (tmp_path / "token").write_text("rotated")

    assert "rotated" == direct.bot_token()


def test_secrets_are_shown_nowhere(loaded: Loaded) -> None:
    """Whole addresses are secrets too; channels can be told apart by what they are."""
    assert CANARY not in repr(loaded) + str(loaded.settings) + str(loaded.document) + show(loaded)
    assert 5 == len(set(channels(loaded)))
