"""The OpenAPI document holds: whatever is sent, the listener answers as the document says, and never 500."""

import json

import pytest
import schemathesis
from background import in_background
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from slack_world import SlackDaemon

from aiops_daemon.edges.web.api import openapi
from aiops_daemon.edges.web.server import WebServer

pytestmark = pytest.mark.alone  # schemathesis gives all operations of a test one id

ENDLESS = "/api/v1/events"
LONGEST_LINE = 8000  # bytes; aiohttp itself refuses longer ones


DOCUMENT = json.loads(openapi.document("1", ""))
RELAXED = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)


def described(*, coverage):
    """Read the document; `coverage` adds every boundary of every parameter to what is tried at random."""
    config = schemathesis.Config.from_dict({"phases": {"coverage": {"enabled": coverage}}})
    return schemathesis.openapi.from_dict(DOCUMENT, config=config).exclude(path=ENDLESS)


QUICK = described(coverage=False)
THOROUGH = described(coverage=True)


@pytest.fixture(scope="module")
def address():
    """Serve a fake daemon from a loop of its own, for schemathesis is synchronous."""
    server = WebServer(SlackDaemon().ports(), listen_address="127.0.0.1:0")
    with in_background(server) as address:
        yield address


def judge(case, address):
    """Send a request and hold the answer against the document; what HTTP itself has no room for is left out."""
    response = case.call(base_url=address)
    if len(response.request.url) < LONGEST_LINE:
        case.validate_response(response, excluded_checks=[positive_data_acceptance])


@QUICK.parametrize()
@settings(RELAXED, max_examples=4)
def test_every_answer_is_as_described(case, address):
    """Status, content type and body conform; nothing that was sent is a fault of ours."""
    judge(case, address)


@pytest.mark.slow
@THOROUGH.parametrize()
@settings(RELAXED, max_examples=60)
def test_every_answer_is_as_described_at_every_boundary(case, address):
    """The same, with more patience."""
    judge(case, address)
