"""The one home of self metrics, built from the table in core.model.metrics.

Enters: names from the table, label values, numbers. Leaves: the self page as bytes. A name that is not in
the table is a KeyError at the first call, in tests.
"""

from __future__ import annotations

import platform
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.process_collector import ProcessCollector

from aiops_daemon import __version__
from aiops_daemon.core.model.metrics import METRICS, MetricSpec, MetricType, PageName

disable_created_metrics()  # type: ignore[no-untyped-call]


class Meter:
    """Counts and measures; one instance per daemon, never module state."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._specs: dict[str, MetricSpec] = {}
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for spec in METRICS:
            if spec.page is PageName.SELF:
                self._register(spec)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.set("aiops_build_info", 1, version=__version__, python=platform.python_version())

    def _register(self, spec: MetricSpec) -> None:
        self._specs[spec.name] = spec
        if spec.type is MetricType.COUNTER:
            self._counters[spec.name] = Counter(spec.name, spec.help, spec.labels, registry=self.registry)
        elif spec.type is MetricType.GAUGE:
            self._gauges[spec.name] = Gauge(spec.name, spec.help, spec.labels, registry=self.registry)
        else:
            self._histograms[spec.name] = Histogram(
                spec.name, spec.help, spec.labels, registry=self.registry, buckets=spec.buckets
            )
        if spec.labels and all(label in spec.values for label in spec.labels):
            self.initialise(spec.name)

    def initialise(self, name: str, **known: str) -> None:
        """Create every series of a metric at 0: `known` labels fixed, the others over their closed sets."""
        spec = self._specs[name]
        free = [label for label in spec.labels if label not in known]
        for combination in product(*(spec.values[label] for label in free)):
            chosen = known | dict(zip(free, combination, strict=True))
            family = self._counters.get(name) or self._gauges.get(name) or self._histograms[name]
            family.labels(**chosen)

    def inc(self, name: str, amount: float = 1, /, **labels: str) -> None:
        """Add to a counter."""
        counter = self._counters[name]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def set(self, name: str, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def observe(self, name: str, value: float, /, **labels: str) -> None:
        """Add an observation to a histogram."""
        histogram = self._histograms[name]
        (histogram.labels(**labels) if labels else histogram).observe(value)

    def forget(self, **labels: str) -> None:
        """Remove every series that has all these labels, of every metric, as when a reload drops a query."""
        for name, spec in self._specs.items():
            if labels.keys() <= set(spec.labels):
                family = self._counters.get(name) or self._gauges.get(name) or self._histograms[name]
                family.remove_by_labels(labels)

    def shown(self, name: str, label: str) -> frozenset[str]:
        """Return the values that a label has in the series of a gauge."""
        return frozenset(sample.labels[label] for family in self._gauges[name].collect() for sample in family.samples)

    def value(self, name: str, **labels: str) -> float:
        """Return the present value of a counter or gauge series, 0 when it has none."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def page(self, *, openmetrics: bool = False) -> bytes:
        """Render the self page."""
        if openmetrics:
            return bytes(generate_openmetrics(self.registry))  # type: ignore[no-untyped-call]
        return bytes(generate_latest(self.registry))
