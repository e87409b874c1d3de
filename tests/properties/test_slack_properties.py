"""What comes from Slack, whatever it is: commands are understood or refused, signatures hold or do not."""

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.model.action import Action, ActionKind
from aiops_daemon.core.model.oncall import PersonSpec
from aiops_daemon.core.model.scope import Role
from aiops_daemon.edges.web.slack.asked import Look, Request, clicked, commanded, scope_of, wished
from aiops_daemon.edges.web.slack.signature import SIGNATURE, TIMESTAMP, refusal

NOW = 1_795_230_600.0
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
KEYS = st.sampled_from(["type", "actions", "user", "response_url", "action_id", "value", "id", "text", "user_id"])


@given(st.text())
def test_every_command_is_an_act_or_a_look(text):
    """Nothing that is typed raises; an act names an incident, and a snooze a time."""
    wish = wished(text)

    assert isinstance(wish, Action | Look)
    if isinstance(wish, Action):
        assert wish.incident
        assert (wish.seconds > 0) == (wish.kind is ActionKind.SNOOZE) or text.split()[2:3] in (["0"], ["0s"])


@given(st.dictionaries(KEYS, JSON), st.sampled_from([clicked, commanded]))
def test_whatever_a_document_holds(document, read):
    """It is a request, none of ours, or a ValueError: never another error."""
    try:
        request = read(document | {"type": "block_actions"})
    except ValueError:
        return

    assert request is None or (isinstance(request, Request) and request.user)


@given(st.binary(max_size=200), st.text(min_size=1, max_size=40), st.integers(-300, 300))
def test_what_slack_signed_is_taken(body, secret, age):
    """For five minutes, and no byte may change."""
    stamp = str(int(NOW) - age)
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {TIMESTAMP: stamp, SIGNATURE: f"v0={digest}"}

    assert "" == refusal(headers, body, ["another", secret], NOW)
    assert "" != refusal(headers, body + b"x", [secret], NOW)
    assert "" != refusal(headers, body, [secret + "x"], NOW)
    assert "" != refusal(headers, body, [], NOW)
    assert "" != refusal(headers, body, [secret], NOW + 700)


@given(st.text(), st.text())
def test_nobody_becomes_a_person_by_name(user, name):
    """Only the configured id makes somebody a person, with the role of a responder."""
    people = (PersonSpec("ann", (("slack", "U0ANN"),)), PersonSpec("bo", (("email", "bo@example.org"),)))
    scope = scope_of(Request(user, name, Look("help"), ""), people)

    assert (scope.actor == "ann") == (user == "U0ANN")
    assert (Role.RESPONDER, "slack", None) == (scope.role, scope.origin, scope.teams)
