"""The key by which PagerDuty tells our incidents apart, and whose incident a key is.

Enters: cluster, uid, generation. Leaves: `aiops/<cluster>/<incident uid>`, from the second generation on with `/N`; a
storm page has `aiops/<cluster>/storm/<uid>`. At most 255 characters: a longer cluster is cut, and told apart by a
digest. The same over trigger, acknowledge, resolve, retries and replicas.
"""

from __future__ import annotations

import hashlib
import re

MOST = 255
_CLUSTER = 150  # characters of it that are kept
_FORM = re.compile(r"aiops/(?P<cluster>[^/]*)/(?P<storm>storm/)?(?P<uid>[^/]+)(/(?P<generation>[0-9]{1,9}))?")
_UNSAFE = re.compile(r"[/\x00-\x20\x7f]")


def dedup_key(cluster: str, uid: str, generation: int = 1) -> str:
    """Write the key of an incident's page."""
    return f"aiops/{_short(cluster)}/{uid}" + (f"/{generation}" if generation > 1 else "")


def storm_key(cluster: str, uid: str) -> str:
    """Write the key of a storm page."""
    return f"aiops/{_short(cluster)}/storm/{uid}"


def incident_of(key: str, cluster: str) -> tuple[str, int] | None:
    """Return uid and generation of one of our own keys; None for a storm's, or a key of somebody else."""
    found = _FORM.fullmatch(key)
    if found is None or found["storm"] or found["cluster"] != _short(cluster):
        return None
    return found["uid"], int(found["generation"] or 1)


def _short(cluster: str) -> str:
    plain = _UNSAFE.sub("-", cluster) or "default"
    if len(plain) <= _CLUSTER:
        return plain
    return f"{plain[:_CLUSTER]}-{hashlib.sha256(plain.encode()).hexdigest()[:16]}"
