"""Templates: sandboxed, bounded, escaped for their medium, replaced by a folder, and faulty ones told in time."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from dataclasses import replace
from pathlib import Path

import pytest
from notify_world import BY_EVENT, FULL, HOSTILE, SPARSE

from aiops_daemon.core.model.channels.jira import JiraSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.edges.notify.render import Renderer, TemplateError
from aiops_daemon.edges.notify.sandbox import Medium
from aiops_daemon.edges.notify.templatecheck import TEMPLATES, check_templates

ENDLESS = """{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% for d in range(1000) %}
{% endfor %}{% endfor %}{% endfor %}{% endfor %}"""
BROAD = "{% for a in range(1000) %}{{ 'x' ~ title ~ evidence ~ labels ~ links }}{% endfor %}" * 4
DOUBLED = "{% set t0 = 'xxxxxxxx' %}" + "".join(f"{{% set t{n + 1} = t{n} OP %}}" for n in range(21))
CAPTURED = "{% set t0 %}xxxxxxxx{% endset %}" + "".join(
    f"{{% set t{n + 1} %}}{{{{ t{n} }}}}{{{{ t{n} }}}}{{% endset %}}" for n in range(21)
)
SQUARED = "{% set t0 = 1000000 %}" + "".join(f"{{% set t{n + 1} = t{n} * t{n} %}}" for n in range(12))
CALLED = "{% macro m(a, n) %}{% if n %}{{ m(a ~ a, n - 1) }}{% endif %}{% endmacro %}{{ m('xxxxxxxx', 21) }}"
REFUSED = [
    (re.sub(r"(t\d+) OP", r"\1 ~ \1", DOUBLED), "more than 262144 characters or items"),
    (re.sub(r"(t\d+) OP", r"\1 + \1", DOUBLED), "more than 262144 characters or items"),
    (re.sub(r"(t\d+) OP", r"[\1, \1]|join", DOUBLED), "more than 262144 characters or items"),
    (CAPTURED, "more than 262144 characters or items"),
    (CALLED, "more than 262144 characters or items"),
    (SQUARED, "the number is too large"),
    ("{{ 1.5|round(1000, 'ceil') }}", "limited to 15 places"),
    ("{{ [1]|batch(1000000, 'x')|list|length }}", "No filter named 'batch'"),
    ("{{ [1]|slice(1000)|list|length }}", "No filter named 'slice'"),
    ("{{ [1]|tojson(indent=1000000)|length }}", "TypeError"),
    ("{{ ''.__class__.__mro__ }}", "unsafe"),
    ("{{ title.__init__.__globals__ }}", "unsafe"),
    ("{{ 'a' * 1000000000 }}", "not allowed"),
    ("{{ 10 ** 100000000 }}", "not allowed"),
    ("{{ '%1000000000d' % 1 }}", "not allowed"),
    ("{{ '{:1000000000}'.format(1) }}", "unsafe"),
    ("{{ title.ljust(1000000000) }}", "unsafe"),
    ("{{ title|center(1000000000) }}", "No filter named 'center'"),
    ("{{ range(1000000000)|list }}", "limited to 1000"),
    ("{{ lipsum() }}", "'lipsum' is undefined"),
    ("{% set box = namespace(a='x') %}", "'namespace' is undefined"),
    ("{{ evidence.append('x') }}", "unsafe"),
    ("{{ titel }}", "'titel' is undefined"),
    ("{{ 1 / 0 }}", "ZeroDivisionError"),
    ("{% include 'nowhere.j2' %}", "no template nowhere.j2"),
    (ENDLESS, "longer than 200000 steps"),
    (BROAD, "more than 262144 characters"),
]


def folder(path: Path, **files: str) -> str:
    """Write templates; `email__html` stands for email.html.j2."""
    for name, text in files.items():
        (path / f"{name.replace('__', '.')}.j2").write_text(text)
    return str(path)


@pytest.mark.parametrize(("source", "words"), REFUSED)
def test_what_a_template_may_not_do_is_told(source: str, words: str) -> None:
    """Neither reach into Python, nor grow, nor run for ever, nor misspell."""
    with pytest.raises(TemplateError, match=words.replace("(", r"\(")):
        Renderer().write_inline(source, "here", Medium.TEXT, replace(FULL, evidence=("y" * 200,) * 5))


async def test_an_endless_template_holds_up_nobody(tmp_path: Path) -> None:
    """While one is given up, others are written, and the loop turns; then the built-in one speaks."""
    own = Renderer(folder(tmp_path, sms__txt=ENDLESS))
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    turning = asyncio.create_task(turn())
    endless = asyncio.create_task(own.render("sms", Medium.TEXT, FULL))
    await own.render("voice", Medium.TEXT, FULL)

    assert not endless.done()
    assert (await endless).startswith("[P1] INC-42")
    assert turns > 2
    turning.cancel()
    await own.close()


async def test_a_template_that_fails_costs_no_page(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The built-in one speaks, and the log names file and line."""
    own = Renderer(folder(tmp_path, email__txt="Hello\n{{ titel }}"))

    with caplog.at_level(logging.ERROR):
        text = await own.render("email", Medium.TEXT, FULL)
    await own.close()

    assert text == Renderer().write("email", Medium.TEXT, FULL)
    (record,) = caplog.records
    assert f"{tmp_path}/email.txt.j2:2: 'titel' is undefined" == str(record.fields["err"])  # type: ignore[attr-defined]


async def test_a_webhook_template_has_nothing_to_fall_back_to(tmp_path: Path) -> None:
    """The fault is raised, for the attempt to fail by."""
    own = Renderer(folder(tmp_path, webhook__json="{{ titel }}"))

    with pytest.raises(TemplateError):
        await own.render("webhook", Medium.JSON, FULL)
    await own.close()


def test_a_folder_replaces_templates_by_name_and_event(tmp_path: Path) -> None:
    """A template for one event goes before that for all; what the folder lacks is built in."""
    own = Renderer(folder(tmp_path, sms__txt="all {{ name }}", sms__resolve__txt="over {{ name }}", _foot="{{ team }}"))

    assert "all INC-42" == own.write("sms", Medium.TEXT, FULL)
    assert "over INC-42" == own.write("sms", Medium.TEXT, BY_EVENT[MessageEvent.RESOLVE])
    assert Renderer().write("voice", Medium.TEXT, FULL) == own.write("voice", Medium.TEXT, FULL)
    assert own.replaces("sms", Medium.TEXT, FULL)
    assert not own.replaces("webhook", Medium.JSON, FULL)


def test_own_templates_may_include_built_in_parts(tmp_path: Path) -> None:
    """The long text is one of them."""
    own = Renderer(folder(tmp_path, email__txt='Hello\n{% include "_message.txt.j2" %}'))

    assert own.write("email", Medium.TEXT, FULL).startswith("Hello\n[P1] INC-42")


def test_values_of_a_json_template_are_json() -> None:
    """Quotes of an alert cannot end a string; lists, numbers and nothing are written as such."""
    source = '{"title": {{ title }}, "all": [{{ evidence }}, {{ alerts }}, {{ next_at }}, {{ 1|tojson }}]}'
    hostile = replace(HOSTILE, next_at=None)

    read = json.loads(Renderer().write_inline(source, "here", Medium.JSON, hostile))

    assert "<script>" in read["title"]
    assert [7, None, 1] == read["all"][1:]


@pytest.mark.parametrize("event", [one for one in MessageEvent if one is not MessageEvent.CHANGE])
def test_empty_parts_leave_no_placeholder(event: MessageEvent) -> None:
    """What is not known is not mentioned, and leaves no gap."""
    message = replace(SPARSE, event=event)
    for channel, medium in (
        ("email", Medium.TEXT),
        ("sms", Medium.TEXT),
        ("voice", Medium.TEXT),
        ("jira", Medium.WIKI),
    ):
        text = Renderer().write(channel, medium, message)

        assert not [
            word for word in ("None", "()", "[]", "{}", ": \n", ":\n\n", "\n\n\n", "  ", "Why you") if word in text
        ]
        assert not text.endswith(":")


def test_good_templates_have_no_fault(tmp_path: Path) -> None:
    """Every name that counts, for all events and for one, and parts."""
    names = {name.removesuffix(".j2").replace(".", "__"): "{{ title }}" for name in TEMPLATES}
    folder(tmp_path, **names, email__resolve__html="{{ headline }}", _part="{% macro a() %}x{% endmacro %}")

    assert () == check_templates(Settings(template_directory=str(tmp_path)))


def test_faults_name_file_and_line(tmp_path: Path) -> None:
    """Of syntax, of names, of files that no channel reads; each once."""
    folder(
        tmp_path,
        email__html="<p>\n{% if %}",
        email__txt="\n\n{{ evidense|length }}",
        emial__txt="x",
        sms__resolve__txt="{{ next_at|moment(time_zone) }}{{ named[0].name }}",
        voice__txt='{% include "_part.j2" %}',
        _part="\n{{ nothing }}",
    )

    faults = [
        str(fault).removeprefix(f"{tmp_path}/") for fault in check_templates(Settings(template_directory=str(tmp_path)))
    ]

    assert [
        "_part.j2:2:1: 'nothing' is undefined",
        "email.html.j2:2:1: Expected an expression, got 'end of statement block'",
        "email.txt.j2:3:1: 'evidense' is undefined",
        "emial.txt.j2:1:1: no channel has a template of this name; did you mean 'email.txt.j2'?",
        "sms.resolve.txt.j2:1:1: list object has no element 0",
    ] == sorted(faults)


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """It is told by its key."""
    (fault,) = check_templates(Settings(template_directory=str(tmp_path / "none")))

    assert "templates.directory: cannot be read: no such file or directory; give a folder that can be read" == str(
        fault
    )


def test_templates_of_receivers_are_tried_too() -> None:
    """Jira's summary stands in the configuration."""
    spec = JiraSpec("https://jira.example.org/rest/api/2", "OPS", "Bug", summary="{{ titel }}")

    faults = check_templates(Settings(receivers=(ReceiverSpec("ops", (spec,)),)))

    assert ["receivers[ops].jira_configs[0].summary: line 1 of the template: 'titel' is undefined"] == list(
        map(str, faults)
    )
