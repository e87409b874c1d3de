"""Which incidents to look at for an alert, found by the values it carries and by recency; never all of them.

Enters: clusters as alerts join them. Leaves: at most six candidates. Clusters that were closed, merged or fell
silent drop out when they are met.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from aiops_daemon.core.incidents.grouping.cluster import Cluster
from aiops_daemon.core.incidents.grouping.traits import Traits

_PER_TOKEN = 4  # latest incidents kept for one value
_LATEST = 2  # latest incidents looked at whatever their values
_MOST = 6

_Partition = tuple[str, ...]


class Index:
    """Latest incidents by value and by time, apart for each partition."""

    def __init__(self) -> None:
        self._by_token: dict[_Partition, dict[str, list[Cluster]]] = {}
        self._latest: dict[_Partition, OrderedDict[str, Cluster]] = {}

    def add(self, cluster: Cluster, tokens: Iterable[str]) -> None:
        """Note that a cluster carries these values now."""
        table = self._by_token.setdefault(cluster.partition, {})
        for token in tokens:
            found = table.get(token)
            if found is None:
                table[token] = [cluster]
            elif found[-1] is not cluster:
                if cluster in found:
                    found.remove(cluster)
                elif len(found) == _PER_TOKEN:
                    del found[0]
                found.append(cluster)
        latest = self._latest.setdefault(cluster.partition, OrderedDict())
        latest[cluster.uid] = cluster
        latest.move_to_end(cluster.uid)

    def candidates(self, traits: Traits, rare_first: Iterable[str], alive: Callable[[Cluster], bool]) -> list[Cluster]:
        """Return the clusters worth judging: the latest ones, then those that share values, rarest values first."""
        found, table = self._recent(traits.partition, alive), self._by_token.get(traits.partition, {})
        for token in rare_first:
            for cluster in reversed(table.get(token, ())):
                if cluster.uid not in found and alive(cluster):
                    found[cluster.uid] = cluster
                    if len(found) >= _MOST:
                        return list(found.values())
        return list(found.values())

    def _recent(self, partition: _Partition, alive: Callable[[Cluster], bool]) -> dict[str, Cluster]:
        found: dict[str, Cluster] = {}
        for uid, cluster in reversed(self._latest.get(partition, {}).items()):
            if not alive(cluster) or len(found) == _LATEST:
                break
            found[uid] = cluster
        return found

    def elsewhere(self, traits: Traits) -> Cluster | None:
        """Return the latest cluster of another partition that could have been meant."""
        others = (latest for partition, latest in self._latest.items() if partition != traits.partition and latest)
        last = [latest[next(reversed(latest))] for _, latest in zip(range(16), others, strict=False)]
        return max(last, key=lambda cluster: cluster.last, default=None)

    def remove(self, cluster: Cluster) -> None:
        """Drop a cluster from the latest and from its values."""
        latest = self._latest.get(cluster.partition)
        if latest is not None:
            latest.pop(cluster.uid, None)
            if not latest:
                del self._latest[cluster.partition]
        self.drop(cluster, cluster.tokens)

    def drop(self, cluster: Cluster, tokens: Iterable[str]) -> None:
        """Note that a cluster carries these values no more."""
        table = self._by_token.get(cluster.partition, {})
        for token in tokens:
            found = table.get(token)
            if found is not None and cluster in found:
                found.remove(cluster)
                if not found:
                    del table[token]
        if not table:
            self._by_token.pop(cluster.partition, None)
