"""Learned bands as rules of their own: they alert while no daemon watches the query.

Enters: books of hourly bands. Leaves, a file for each source: the edges of every band as recording rules (a step for
each hour of the UTC week), the values beside them, and an alert that turns `info` once the band is a week old. Never
alerts while a daemon has lately polled that query: then its own anomaly alert speaks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from aiops_daemon.core.model.durations import WEEK
from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.core.model.hourly import BandBook, HourlyBand
from aiops_daemon.core.model.labels import legacy_name, make
from aiops_daemon.core.model.metrics import MetricSpec, MetricType
from aiops_daemon.core.model.query import Direction, QuerySpec
from aiops_daemon.core.model.selector import quote
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.rules.alert import Alert, Example, keep_firing, poll_interval
from aiops_daemon.core.rules.document import MAX_GROUP_INTERVAL, AlertRule, RecordingRule, RuleFile, RuleGroup
from aiops_daemon.core.rules.document import groups_document as document_of
from aiops_daemon.core.rules.expression import number, selector, series
from aiops_daemon.core.rules.steps import outward, steps
from aiops_daemon.core.rules.template import PLAIN, Text, if_known, prepare, value, where, words
from aiops_daemon.core.rules.tests import test_document

NAME = "AiopsFallbackAnomaly"
OLD_AFTER = WEEK
STEM = "aiops-bands-"
UPPER = MetricSpec("aiops:band_upper", MetricType.GAUGE, "Upper edge of a written band.", ("aiops_query",))
LOWER = MetricSpec("aiops:band_lower", MetricType.GAUGE, "Lower edge of a written band.", ("aiops_query",))
VALUE = MetricSpec("aiops:band_value", MetricType.GAUGE, "Value beside its written band.", ("aiops_query",))
AGE = MetricSpec("aiops:band_age_seconds", MetricType.GAUGE, "Age of a written band.", ("aiops_query",))

_POLLED = "aiops_query_last_success_timestamp_seconds"
_AWAY = 600.0  # seconds without a good poll, or five polls, after which nobody watches
_HOLD = 300.0  # a restart takes less
_FASTEST = 15.0
_EDGES_EVERY = 240.0  # seconds: under the lookback of five minutes; a step may come so much late
_QUIET = "info"
_MANY = 500  # terms from which promtool takes ten seconds for the unit test
_KIND = str(FindingKind.ANOMALY)
_NO_NAME = re.compile(r"[^a-z0-9]+")


def band_files(settings: Settings, books: Sequence[BandBook]) -> tuple[RuleFile, ...]:
    """Write a file for each source that has bands: only the Prometheus that is this source may load it."""
    kept = [book for book in books if book.bands]
    return tuple(
        _file(settings, file_stem(settings, source), [book for book in kept if book.source == source])
        for source in dict.fromkeys(book.source for book in kept)
    )


def file_stem(settings: Settings, source: str) -> str:
    """Name a source's file; where two names come out alike the later ones are numbered."""
    plain = [_plain(spec.name) for spec in settings.sources]
    names = [spec.name for spec in settings.sources]
    place = names.index(source) if source in names else len(names)
    alike = plain[:place].count(_plain(source))
    return f"{STEM}{_plain(source)}{f'-{alike + 1}' if alike else ''}"


def _plain(name: str) -> str:
    return _NO_NAME.sub("-", name.lower()).strip("-")[:100] or "unnamed"


def _file(settings: Settings, stem: str, books: Sequence[BandBook]) -> RuleFile:
    groups: list[RuleGroup] = []
    alerts: list[Alert] = []
    for book in books:
        own = _alerts(settings, book)
        interval = _poll(settings, book.query, book.source)
        evaluated = max(_FASTEST, min(interval, MAX_GROUP_INTERVAL))
        name = f"{stem}: {book.query.name}"
        beside: tuple[RecordingRule | AlertRule, ...] = (
            _age(book),
            _values(settings, book),
            *(one.rule(settings.rules) for one in own),
        )
        groups += [RuleGroup(f"{name}, edges", _edge_records(book), _EDGES_EVERY), RuleGroup(name, beside, evaluated)]
        alerts += own
    document, test = document_of(tuple(groups)), test_document(f"../{stem}.yaml", alerts, settings.rules)
    terms = sum(rule["expr"].count("bool") for group in document["groups"] for rule in group["rules"])
    return RuleFile(stem, document, test, slow=terms > _MANY, source=books[0].source)


def _age(book: BandBook) -> RecordingRule:
    """Record the age; a clock before the writing, as unit tests have it, gives none."""
    expr = f"vector(time() - {number(round(book.written_at))}) >= 0"
    return RecordingRule(AGE.name, expr, (("aiops_query", book.query.name),))


def _edge_records(book: BandBook) -> tuple[RecordingRule, ...]:
    return tuple(
        RecordingRule(edge.name, steps(numbers), make((*band.labels, ("aiops_query", book.query.name))))
        for band in map(outward, book.bands)
        for edge, numbers in _edges(book.query, band)
    )


def _values(settings: Settings, book: BandBook) -> RecordingRule:
    """Record the values of those series alone that have a band, and none of before: unit tests give their own."""
    query = book.query
    ignored = ", ".join(("aiops_query", *_dropped(settings, book)))
    known = _of(UPPER if query.direction is not Direction.DOWN else LOWER, query)
    since = f"vector(time()) >= {number(round(book.written_at))}"
    expr = f"(\n{query.expr}\n)\nand ignoring ({ignored})\n{known}\nand on () {since}"
    return RecordingRule(VALUE.name, expr, (("aiops_query", query.name),))


def _edges(query: QuerySpec, band: HourlyBand) -> list[tuple[MetricSpec, tuple[float, ...]]]:
    """List the edges that matter to a query."""
    both = [(UPPER, band.upper, Direction.DOWN), (LOWER, band.lower, Direction.UP)]
    return [(edge, numbers) for edge, numbers, without in both if query.direction is not without]


def _alerts(settings: Settings, book: BandBook) -> tuple[Alert, ...]:
    """Build the alert of a young band, and that of an old one where it says less."""
    age = f"{_of(AGE, book.query)} > {number(OLD_AFTER)}"
    if book.query.severity == _QUIET:
        return (_alert(settings, book, _QUIET, "", old=None),)
    return (
        _alert(settings, book, book.query.severity, f"\nunless on () {age}", old=False),
        _alert(settings, book, _QUIET, f"\nand on () {age}", old=True),
    )


def _alert(settings: Settings, book: BandBook, severity: str, aged: str, *, old: bool | None) -> Alert:
    query = book.query
    interval = _poll(settings, query, book.source)
    stale = " of over a week ago" if old else ""
    labels = {legacy_name(name): text for name, text in query.labels}
    return Alert(
        name=NAME,
        expr=f"(\n{_outside(settings, book)}\n)\nunless on () {_watched(book, interval)}{aged}",
        severity=severity,
        summary=f"Without the daemon: {query.subject} is outside the range that was learned{stale}.",
        description=_description(book),
        examples=_examples(book, interval, old=old),
        labels=tuple((labels | {"aiops_query": query.name, "aiops_kind": _KIND}).items()),
        hold=_hold(query, interval),
        keep=keep_firing(interval),
    )


def _outside(settings: Settings, book: BandBook) -> str:
    """Compare values with their edges; labels that the source drops may tell several values of one band apart."""
    dropped = _dropped(settings, book)
    match = f" ignoring ({', '.join(dropped)}) group_left ()" if dropped else ""
    return "\nor\n".join(
        f"{_of(VALUE, book.query)} {'>' if edge is UPPER else '<'}{match} {_of(edge, book.query)}"
        for edge, _ in _edges(book.query, book.bands[0])
    )


def _watched(book: BandBook, interval: float) -> str:
    """Say that a daemon has polled this query on this source lately; its metrics being gone says the opposite."""
    polled = selector(_POLLED, {"source": book.source, "query": book.query.name})
    return f"time() - max({polled}) < {number(max(_AWAY, 5 * interval))}"


def _dropped(settings: Settings, book: BandBook) -> tuple[str, ...]:
    found = (spec.drop_labels for spec in settings.sources if spec.name == book.source)
    return tuple(sorted({legacy_name(name) for name in next(found, frozenset())}))


def _of(metric: MetricSpec, query: QuerySpec) -> str:
    return f"{metric.name}{{aiops_query={quote(query.name)}}}"


def _poll(settings: Settings, query: QuerySpec, source: str) -> float:
    return poll_interval(settings, (source,), query.interval)


def _hold(query: QuerySpec, interval: float) -> float:
    return max(_HOLD, query.open_after * interval)


def _description(book: BandBook) -> Text:
    query, band = book.query, outward(book.bands[0])
    written = datetime.fromtimestamp(book.written_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    edges = [edge for edge, _ in _edges(query, band)]
    text = prepare() + words(f"{query.subject} is ") + value(PLAIN, _speak(_shown(query, band)))
    text += words(f" {query.unit}" if query.unit else "")
    if LOWER in edges:
        text += if_known(", usual from ", LOWER, PLAIN, _speak(band.lower[0]))
    if UPPER in edges:
        text += if_known(" to " if LOWER in edges else ", usual up to ", UPPER, PLAIN, _speak(band.upper[0]))
    told = f" The range was written down at {written}; no aiops-daemon watches this query now."
    return text + words(", for") + where(_listed(book)) + words("." + told)


def _listed(book: BandBook) -> str:
    pairs = sorted((*book.bands[0].labels, ("aiops_query", book.query.name)))
    return "".join(f" {name}={text}" for name, text in pairs)


def _examples(book: BandBook, interval: float, *, old: bool | None) -> tuple[Example, ...]:
    """Prove on the first band, in the first hour of unix time: outside, inside, watched, and outside when old."""
    query, band = book.query, outward(book.bands[0])
    labels = make((*band.labels, ("aiops_query", query.name)))
    minute = int(_hold(query, interval) // 60) + 3

    def given(at: float, **more: str) -> tuple[tuple[str, str], ...]:
        return ((_series(VALUE, dict(labels)), f"{number(at)}x{minute}"), *more.items())

    aged = {_series(AGE, {"aiops_query": query.name}): f"{number(OLD_AFTER + 60)}x{minute}"}
    polled = {series(_POLLED, {"source": book.source, "query": query.name}): f"0+60x{minute}"}
    outside = _shown(query, band)
    inside = (band.lower[0] + band.upper[0]) / 2
    return (
        Example("without the daemon", given(outside), minute, labels, fires=not old),
        Example("inside the range", given(inside), minute),
        Example("the daemon watches", given(outside, **polled), minute),
        Example("a range of over a week ago", given(outside, **aged), minute, labels, fires=old is not False),
    )


def _series(metric: MetricSpec, labels: Mapping[str, str]) -> str:
    return f"{metric.name}{{{','.join(f'{legacy_name(name)}={quote(text)}' for name, text in labels.items())}}}"


def _shown(query: QuerySpec, band: HourlyBand) -> float:
    """Return a value that is clearly outside in the first hour."""
    width = max(band.upper[0] - band.lower[0], 1.0)
    return band.lower[0] - width if query.direction is Direction.DOWN else band.upper[0] + width


def _speak(at: float) -> str:
    """Write a number as the templates of these alerts do."""
    return f"{at:.6g}"
