"""What is allowed on the alert road but probably not meant.

Enters a valid document, the tree that knows the places, and the moment (or None, when nothing shall depend on it);
leaves warnings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from aiops_daemon.config.alertmanagers import Alertmanager, Heartbeat
from aiops_daemon.config.faults import Fault, Path, did_you_mean
from aiops_daemon.config.http import HttpOptions
from aiops_daemon.config.model import Document
from aiops_daemon.config.tree import Tree
from aiops_daemon.core.model import matcher
from aiops_daemon.core.model.matcher import MatchOp
from aiops_daemon.core.model.scope import Role


def warn_alerts(document: Document, tree: Tree, now: float | None) -> Iterator[Fault]:
    """Find what is doubtful on the alert road."""
    return chain(
        *(_alertmanager(one, ("alertmanagers", index), tree) for index, one in enumerate(document.alertmanagers)),
        _heartbeat(document.heartbeat, tree),
        _quality(document, tree),
        _maintenance(document, tree, now),
        _teams(document, tree),
        _tokens(document, tree),
        _storage(document, tree),
        _pagerduty(document, tree),
    )


def warn_tls(section: HttpOptions, urls: Iterable[str], path: Path, tree: Tree) -> Iterator[Fault]:
    """Find TLS options that do nothing, or that protect nobody."""
    tls = section.tls_config
    if tls and not any(url.startswith("https:") for url in urls):
        yield tree.fault((*path, "tls_config"), "has no effect: no URL begins with https", "remove it, or use https")
    if tls and tls.insecure_skip_verify:
        place = (*path, "tls_config", "insecure_skip_verify")
        yield tree.fault(place, "anybody on the way can read and change the answers", "give ca_file instead")


def _heartbeat(section: Heartbeat, tree: Tree) -> Iterator[Fault]:
    if section.url_file is None:  # what a file holds is not known here
        yield from warn_tls(section, [section.url.get_secret_value() if section.url else ""], ("heartbeat",), tree)


def _alertmanager(section: Alertmanager, path: Path, tree: Tree) -> Iterator[Fault]:
    if not section.urls:
        yield tree.fault(path, "what its webhooks cannot tell stays unknown", "give the urls of its peers")
    if section.timeout > section.interval:
        yield tree.fault((*path, "timeout"), "longer than the interval", "slow answers will skip polls")
    yield from warn_tls(section, section.urls, path, tree)


def _quality(document: Document, tree: Tree) -> Iterator[Fault]:
    quality = document.quality
    if quality.transient.hold > quality.max_delay:
        path = ("quality", "transient", "hold")
        yield tree.fault(path, "longer than quality.max_delay, which cuts it", "shorten it, or lengthen max_delay")
    for index, rule in enumerate(quality.suppression):
        if rule.equal and not rule.source_matchers:
            place = ("quality", "suppression", index, "equal")
            yield tree.fault(place, "has no effect without source_matchers", "add source_matchers, or remove it")


def _maintenance(document: Document, tree: Tree, now: float | None) -> Iterator[Fault]:
    for index, window in enumerate(document.maintenance):
        if now is not None and window.ends_at is not None and window.ends_at <= now:
            yield tree.fault(("maintenance", index, "ends_at"), "the window has ended", "remove it")


def _teams(document: Document, tree: Tree) -> Iterator[Fault]:
    """Find teams that can own an alert only if it names them, although they have matchers."""
    seen: dict[frozenset[str], str] = {}
    for index, team in enumerate(document.teams):
        place = ("teams", index, "matchers")
        conditions = frozenset(str(one) for text in team.matchers for one in matcher.parse_all(text))
        if conditions and (conditions in seen):
            yield tree.fault(place, f"never reached: {seen[conditions]} has the same matchers", "remove one")
        elif _contradicts(team.matchers):
            yield tree.fault(place, "can never match: all must hold, and two contradict", "use =~ for alternatives")
        seen.setdefault(conditions, team.name)


def _contradicts(texts: list[str]) -> bool:
    wanted: dict[str, str] = {}
    equal = [one for text in texts for one in matcher.parse_all(text) if one.op is MatchOp.EQUAL]
    return any(wanted.setdefault(one.name, one.value) != one.value for one in equal)


def _tokens(document: Document, tree: Tree) -> Iterator[Fault]:
    known = [team.name for team in document.teams]
    for index, token in enumerate(document.web.tokens):
        for number, name in enumerate(token.teams):
            if name not in known:
                remedy = did_you_mean(name, known) or "add it to teams, or remove it"
                yield tree.fault(("web", "tokens", index, "teams", number), "no team has this name", remedy)
    roles = {token.role for token in document.web.tokens}
    if roles and not roles & {Role.INGEST, Role.ADMIN}:
        yield tree.fault(("web", "tokens"), "no token may send alerts", "add one of role ingest for Alertmanager")


def _storage(document: Document, tree: Tree) -> Iterator[Fault]:
    storage = document.storage
    if (storage.url or "sqlite:").startswith("sqlite:") and (storage.password or storage.password_file):
        key = "password" if storage.password else "password_file"
        yield tree.fault(("storage", key), "has no effect: SQLite has no password", "remove it")


def _pagerduty(document: Document, tree: Tree) -> Iterator[Fault]:
    for number, receiver in enumerate(document.receivers):
        for index, channel in enumerate(receiver.pagerduty_configs):
            path = ("receivers", number, "pagerduty_configs", index)
            token = channel.api_token or channel.api_token_file
            if channel.from_ and not token:
                yield tree.fault(
                    (*path, "from"), "has no effect without a token of the REST API", "give api_token_file"
                )
            elif token and not channel.from_:
                key = "api_token" if channel.api_token else "api_token_file"
                yield tree.fault((*path, key), "can read, but not write notes: that needs an author", "give from")
