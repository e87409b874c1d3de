"""The pages of Slack and Teams say what the code does: manifest, snippets, commands, words of refusals."""

import re
from pathlib import Path

import pytest
import yaml

from aiops_daemon.config.load import Overrides, load
from aiops_daemon.core.model.action import Action
from aiops_daemon.edges.notify.slack.refusals import refused
from aiops_daemon.edges.notify.statuses import failed
from aiops_daemon.edges.web.slack.asked import Show, wished
from aiops_daemon.edges.web.slack.endpoint import PATH
from aiops_daemon.errors import ConfigError

DOCS = Path(__file__).parents[2] / "docs"
SLACK, TEAMS = (DOCS / "slack.md").read_text(), (DOCS / "teams.md").read_text()
SNIPPETS = [
    text for page in (SLACK, TEAMS) for text in re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
]
ROWS = re.compile(r"^\| (`[a-z_`, ]+`) \| (yes|no)", re.MULTILINE)


@pytest.mark.parametrize("text", [text for text in SNIPPETS if text.startswith("receivers:")])
def test_receivers_load(text, tmp_path):
    """Each snippet is one that the loader takes; only its files are not here."""
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file, environ={}, overrides=Overrides(prometheus_urls=("http://localhost:9090",)))

    assert [] == [fault for fault in caught.value.faults if "cannot be read: no such file" not in fault]


def test_the_manifest_is_that_of_our_endpoints():
    """Slack is told the paths that are served, and the scopes that are used."""
    (manifest,) = (yaml.safe_load(text) for text in SNIPPETS if "display_information" in text)
    (command,) = manifest["features"]["slash_commands"]

    assert command["url"].endswith(f"{PATH}/command")
    assert manifest["settings"]["interactivity"]["request_url"].endswith(f"{PATH}/interactive")
    assert {"chat:write", "commands"} <= set(manifest["oauth_config"]["scopes"]["bot"])


def test_every_command_of_the_page_is_understood():
    """None of them is answered with the usage, and none that shows something is missing."""
    listed = re.findall(r"^\| `/aiops ([^`]+)`", SLACK, re.MULTILINE)
    wishes = [wished(text) for text in listed]

    assert [] == [wish for wish in wishes if not isinstance(wish, Action) and wish.show is Show.HELP]
    assert set(Show) - {Show.HELP} == {wish.show for wish in wishes if not isinstance(wish, Action)}


def test_words_of_refusals_mean_what_the_page_says():
    """Whether another attempt is made."""
    told = {word: again == "yes" for words, again in ROWS.findall(SLACK) for word in re.findall(r"[a-z_]+", words)}

    assert len(told) >= 12
    assert told == {word: refused(word, None).retry for word in told}


def test_answers_of_teams_mean_what_the_page_says():
    """Whether another attempt is made."""
    told = {
        int(status): again == "yes" for status, again in re.findall(r"^\| (\d{3}) \| (yes|no)", TEAMS, re.MULTILINE)
    }

    assert {400, 401, 403, 404, 413, 429} == set(told)
    assert told == {status: failed(status, "", None).retry for status in told}
