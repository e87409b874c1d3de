"""What is wrong with a configuration's templates, found before they are needed.

Enters: settings. Leaves: faults with file, line and what is wrong, as others of the configuration have them. Every
template is written with made-up messages of every event, full and sparse, so that a misspelt name is found now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from aiops_daemon.config.faults import Fault, did_you_mean
from aiops_daemon.core.model.channels.jira import JiraSpec
from aiops_daemon.core.model.message import Link, Message, MessageEvent, Named
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.edges.notify.render import Renderer, TemplateError, medium_of
from aiops_daemon.edges.notify.sandbox import Medium

TEMPLATES = (
    *("email.subject.txt.j2", "email.txt.j2", "email.html.j2", "sms.txt.j2", "voice.txt.j2"),
    *("webhook.json.j2", "jira.summary.txt.j2", "jira.txt.j2"),
)
"""Names that count; a word for the event may stand before the medium, as in email.resolve.html.j2."""

_INCIDENT = "https://aiops.example.org/incidents/INC-42"
_FULL = Message(
    event=MessageEvent.TRIGGER,
    incident="0199a0b0-0000-7000-8000-000000000042",
    name="INC-42",
    title="Checkout answers too slowly",
    state="open",
    severity="critical",
    priority="P1",
    at=1_763_697_000.0,
    opened_at=1_763_696_280.0,
    team="shop",
    service="checkout",
    cluster="eu1",
    priority_reason="critical",
    alerts=7,
    firing=5,
    impact="5 of 7 alerts fire.",
    evidence=("p99 is 2.4 s.",),
    why_you="escalation shop, step 2",
    next_at=1_763_697_900.0,
    next_who="bo",
    actor="ann",
    note="Rolling back.",
    labels=(("cluster", "eu1"),),
    links=(Link("incident", _INCIDENT),),
    named=(Named("INC-43", "Node 43 is down", "critical", "nodes", _INCIDENT),),
)
_SPARSE = Message(
    event=MessageEvent.TRIGGER,
    incident="",
    name="",
    title="Does this reach you?",
    state="",
    severity="info",
    priority="",
    at=1_763_697_000.0,
    opened_at=1_763_697_000.0,
)


def check_templates(settings: Settings) -> tuple[Fault, ...]:
    """Return every fault of the folder of templates and of those that stand in receivers."""
    renderer = Renderer(settings.template_directory)
    faults = [*_inline(settings, renderer)]
    if settings.template_directory:
        faults += _folder(renderer)
    return tuple(dict.fromkeys(faults))


def samples(*events: MessageEvent) -> Iterator[Message]:
    """Yield messages of the events, full and sparse."""
    for event in events:
        yield replace(_FULL, event=event)
        yield replace(_SPARSE, event=event)


def _folder(renderer: Renderer) -> Iterator[Fault]:
    try:
        files = renderer.files()
    except TemplateError as error:
        yield Fault("templates.directory", 0, 0, error.words, "give a folder that can be read")
        return
    for file in files:
        yield from _file(renderer, file)


def _file(renderer: Renderer, file: str) -> Iterator[Fault]:
    path = str(Path(renderer.directory) / file)
    channel, events = _use(file)
    if channel is None and not file.startswith("_"):
        yield Fault("", 1, 1, "no channel has a template of this name", _remedy(file), path)
        return
    yield from _tried(partial(renderer.compile, file), path, "")
    for message in samples(*events):
        yield from _tried(partial(renderer.write_own, channel or "", medium_of(file), message), path, "")


def _remedy(file: str) -> str:
    return did_you_mean(file, TEMPLATES) or f"known: {', '.join(TEMPLATES)}; parts begin with `_`"


def _use(file: str) -> tuple[str | None, tuple[MessageEvent, ...]]:
    """Return the channel of a template, and the events that it is for."""
    for known in TEMPLATES:
        channel, medium = known.removesuffix(".j2").rsplit(".", 1)
        for event in MessageEvent:
            if file == f"{channel}.{event}.{medium}.j2":
                return channel, (event,)
        if file == known:
            return channel, tuple(MessageEvent)
    return None, ()


def _inline(settings: Settings, renderer: Renderer) -> Iterator[Fault]:
    """Try what stands in receivers: Jira's summary and description."""
    for receiver in settings.receivers:
        tickets = [channel for channel in receiver.channels if isinstance(channel, JiraSpec)]
        for index, spec in enumerate(tickets):
            for key, source in (("summary", spec.summary), ("description", spec.description)):
                place = f"receivers[{receiver.name}].jira_configs[{index}].{key}"
                for message in samples(*MessageEvent) if source else ():
                    yield from _tried(partial(renderer.write_inline, source, place, Medium.WIKI, message), "", place)


def _tried(do: Callable[[], object], file: str, place: str) -> Iterator[Fault]:
    """Do it, and tell what is wrong: with the file of the fault where that is another, such as an included part."""
    try:
        do()
    except TemplateError as error:
        words = f"line {error.line} of the template: {error.words}" if place else error.words
        found = file if place or Path(error.file).name == Path(file).name else error.file
        yield Fault(place, 0 if place else error.line, 0 if place else 1, words, "", found)
