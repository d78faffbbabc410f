"""Numbers of one process in the words of Prometheus, and the one door to its client library.

Promises: asking twice for the same metric gives the same one, so that parts may be built more
than once in a process; what is looked up when somebody asks (`look`) costs nothing until then.
It names nothing: what is measured, and by which few labels, is for the parts to say.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Reading:
    """One number as it is now: a value for each combination of its labels' values."""

    name: str
    text: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], float]
    only_grows: bool = False
    """A counter, whose name then ends in `_total`, and no gauge."""


Counting: TypeAlias = Counter
Timing: TypeAlias = Histogram
Look: TypeAlias = Callable[[], Iterable[Reading]]


def one(name: str, text: str, value: float) -> Reading:
    """A gauge without labels."""
    return Reading(name, text, (), {(): value})


def total(name: str, text: str, value: float) -> Reading:
    """A counter without labels."""
    return Reading(name, text, (), {(): value}, only_grows=True)


class Metrics:
    """What one process counts.  Any number of threads may count and ask."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._known: dict[str, Counter | Histogram] = {}
        self._lock = threading.Lock()
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, of when it was first counted
        ProcessCollector(registry=self._registry)

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """One that only grows; its name ends in `_total` by itself."""
        with self._lock:
            found = self._known.get(name)
            if not isinstance(found, Counter):
                found = self._known[name] = Counter(name, text, labels, registry=self._registry)
            return found

    def histogram(
        self, name: str, text: str, *labels: str, buckets: Sequence[float] = SECONDS
    ) -> Histogram:
        with self._lock:
            found = self._known.get(name)
            if not isinstance(found, Histogram):
                found = self._known[name] = Histogram(
                    name, text, labels, registry=self._registry, buckets=buckets
                )
            return found

    def look(self, look: Look) -> None:
        """Have `look` asked whenever somebody asks for the numbers."""
        self._registry.register(_Looked(look))

    def page(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[None]:
        """Serve the page by plain HTTP without asking who reads it, as long as the block runs.

        Raises `OSError` when the address cannot be had.
        """
        server, thread = start_http_server(port, host, registry=self._registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Looked(Collector):
    def __init__(self, look: Look) -> None:
        self._look = look

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering does not look."""
        return ()

    def collect(self) -> Iterable[Metric]:
        for reading in self._look():
            kind = CounterMetricFamily if reading.only_grows else GaugeMetricFamily
            family = kind(reading.name, reading.text, labels=reading.labels)
            for values, value in reading.values.items():
                family.add_metric(values, value)
            yield family
