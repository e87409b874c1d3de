"""PagerDuty's dedup keys: what they are made of, and whose page one is.

`aiops/<cluster>/<incident uid>` is constant over trigger, acknowledge, resolve, retries and replicas; a page that must
sound again although acknowledged takes the next generation, `.../<uid>/2`; a storm page is
`aiops/<cluster>/storm/<uid>`; a digest for a chat (`.../digest/<uid>`) and a change (`.../change/<uid>`) are
no page. At most 255 characters (Events API v2). Never guesses: a key of another form is no page of ours.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

LONGEST = 255  # characters
_CLUSTER = 100  # characters of a cluster's name in a key; the rest is for the uid and the generation
_UID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_PLAIN = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_ODD = re.compile(r"[^A-Za-z0-9_.:-]+")
_GENERATION = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_ROOT = "aiops"
_STORM, _DIGEST, _CHANGE = "storm", "digest", "change"
_RESERVED = (_STORM, _DIGEST, _CHANGE)  # no uids
_NAMELESS = "default"  # a daemon without global.cluster


@dataclass(frozen=True, slots=True)
class PageKey:
    """A key taken apart. `cluster` is as it stands in the key: see `cluster_part`."""

    cluster: str
    uid: str  # of the incident, or of the storm
    generation: int = 1
    storm: bool = False

    def __str__(self) -> str:
        """Write the key."""
        if self.storm:
            return "/".join((_ROOT, self.cluster, _STORM, self.uid))
        suffix = (str(self.generation),) if self.generation > 1 else ()
        return "/".join((_ROOT, self.cluster, self.uid, *suffix))


def dedup_key(cluster: str, uid: str, generation: int = 1) -> str:
    """Make the key of an incident's page; raises ValueError for a uid that no key may carry."""
    if not _UID.fullmatch(uid) or uid in _RESERVED:
        raise ValueError("no uid that a key may carry")
    if not 1 <= generation < 10**9:
        raise ValueError("generations count from 1")
    return str(PageKey(cluster_part(cluster), uid, generation))


def storm_key(cluster: str, uid: str) -> str:
    """Make the key of a storm page; raises ValueError for a uid that no key may carry."""
    if not _UID.fullmatch(uid):
        raise ValueError("no uid that a key may carry")
    return str(PageKey(cluster_part(cluster), uid, storm=True))


def digest_key(cluster: str, uid: str) -> str:
    """Name a digest; nothing of it is a page, so that no service tells incidents apart by it."""
    return "/".join((_ROOT, cluster_part(cluster), _DIGEST, uid))


def change_key(cluster: str, uid: str) -> str:
    """Name a change, which no service is told: there, changes have no keys."""
    return "/".join((_ROOT, cluster_part(cluster), _CHANGE, uid))


def parse(key: str) -> PageKey | None:
    """Take a key apart; None when it is not one of ours."""
    root, *parts = key.split("/")
    if root != _ROOT or len(parts) not in (2, 3) or not _PLAIN.fullmatch(parts[0]):
        return None
    cluster, *rest = parts
    if len(rest) == 2 and rest[0] == _STORM:
        return PageKey(cluster, rest[1], storm=True) if _UID.fullmatch(rest[1]) else None
    if not _UID.fullmatch(rest[0]) or rest[0] in _RESERVED:
        return None
    if len(rest) == 1:
        return PageKey(cluster, rest[0])
    plain = _GENERATION.fullmatch(rest[1]) and rest[1] != "1"
    return PageKey(cluster, rest[0], int(rest[1])) if plain else None


def incident_of(key: str, cluster: str) -> tuple[str, int] | None:
    """Return uid and generation of one of our own keys; None for a storm's, or a key of somebody else."""
    parsed = parse(key)
    if parsed is None or parsed.storm or parsed.cluster != cluster_part(cluster):
        return None
    return parsed.uid, parsed.generation


def is_storm(key: str, cluster: str) -> bool:
    """Say whether it is the key of a storm page of ours."""
    parsed = parse(key)
    return parsed is not None and parsed.storm and parsed.cluster == cluster_part(cluster)


def cluster_part(cluster: str) -> str:
    """Return a cluster's name as keys carry it: as it is, or shortened to what is plain in it and a hash of all."""
    if _PLAIN.fullmatch(cluster):
        return cluster
    if not cluster:
        return _NAMELESS
    digest = hashlib.sha256(cluster.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    readable = _ODD.sub("-", cluster)[: _CLUSTER - len(digest) - 1].strip("-")
    return f"{readable}-{digest}" if readable else digest
