"""Counters, gauges and histograms in the text format that Prometheus scrapes.

Ours because it is small and has to be cheap: the usual libraries cost 2-4 microseconds a step, this costs a third of
one. Every metric is bounded: past ``SERIES_MAX`` combinations of labels, new ones are counted together as ``other``.
One thread (the event loop's) changes them; the text is made in the same thread.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

Labels = tuple[str, ...]
SERIES_MAX = 10_000
LABEL_CHARS_MAX = 120
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Metric(Protocol):
    """One family of the exposition."""

    name: str

    def lines(self) -> Iterator[str]: ...


class _Family:
    """Name, help and label names; ``overflow`` counts the samples that went to ``other``."""

    kind = ""

    def __init__(self, name: str, text: str, labels: Labels = ()) -> None:
        self.name = name
        self.labels = labels
        self.overflow = 0
        self._text = text

    def head(self) -> Iterator[str]:
        yield f"# HELP {self.name} {self._text}"
        yield f"# TYPE {self.name} {self.kind}"

    def fold(self, labels: Labels, known: Mapping[Labels, object]) -> Labels:
        """The series that a new combination of labels goes to."""
        if len(labels) != len(self.labels):
            raise ValueError(f"{self.name} has the labels {self.labels}")
        labels = tuple(label[:LABEL_CHARS_MAX] for label in labels)
        if labels in known or len(known) < SERIES_MAX:
            return labels
        self.overflow += 1
        return ("other",) * len(self.labels)

    def series(self, labels: Labels, suffix: str = "", more: str = "") -> str:
        pairs = [f'{name}="{value.translate(_ESCAPES)}"' for name, value in zip(self.labels, labels, strict=True)]
        if more:
            pairs.append(more)
        return f"{self.name}{suffix}{{{','.join(pairs)}}}" if pairs else f"{self.name}{suffix}"


class Counter(_Family):
    kind = "counter"

    def __init__(self, name: str, text: str, labels: Labels = ()) -> None:
        super().__init__(name, text, labels)
        self._values: dict[Labels, float] = {}

    def add(self, *labels: str, by: float = 1.0) -> None:
        if labels not in self._values:
            labels = self.fold(labels, self._values)
        self._values[labels] = self._values.get(labels, 0.0) + by

    def value(self, *labels: str) -> float:
        return self._values.get(labels, 0.0)

    def lines(self) -> Iterator[str]:
        yield from self.head()
        for labels, value in self._values.items():
            yield f"{self.series(labels)} {_number(value)}"


class Gauge(_Family):
    """Set, replaced as a whole, or asked for when scraped (``follow``)."""

    kind = "gauge"

    def __init__(self, name: str, text: str, labels: Labels = (), kind: str = "gauge") -> None:
        super().__init__(name, text, labels)
        self.kind = kind
        self._values: dict[Labels, float] = {}
        self._ask: Callable[[], Iterable[tuple[Labels, float]]] | None = None

    def set(self, value: float, *labels: str) -> None:
        if labels not in self._values:
            labels = self.fold(labels, self._values)
        self._values[labels] = value

    def replace(self, values: Iterable[tuple[Labels, float]]) -> None:
        """These and no others: what is not named any more is gone from the exposition."""
        self._values = {}
        for labels, value in values:
            self.set(value, *labels)

    def follow(self, ask: Callable[[], Iterable[tuple[Labels, float]]]) -> None:
        self._ask = ask

    def value(self, *labels: str) -> float | None:
        if self._ask is not None:
            self.replace(self._ask())
        return self._values.get(labels)

    def lines(self) -> Iterator[str]:
        if self._ask is not None:
            self.replace(self._ask())
        yield from self.head()
        for labels, value in self._values.items():
            yield f"{self.series(labels)} {_number(value)}"


class Histogram(_Family):
    """``bounds_s`` are the upper bounds of the buckets, rising; the last bucket, without bound, is implied."""

    kind = "histogram"

    def __init__(self, name: str, text: str, labels: Labels, bounds_s: tuple[float, ...]) -> None:
        super().__init__(name, text, labels)
        self._bounds = bounds_s
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, value: float, *labels: str) -> None:
        counts = self._counts.get(labels)
        if counts is None:
            labels = self.fold(labels, self._counts)
            counts = self._counts.setdefault(labels, [0] * (len(self._bounds) + 1))
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[labels] = self._sums.get(labels, 0.0) + value

    def count(self, *labels: str) -> int:
        return sum(self._counts.get(labels, ()))

    def lines(self) -> Iterator[str]:
        yield from self.head()
        for labels, counts in self._counts.items():
            running = 0
            for bound, count in zip((*self._bounds, float("inf")), counts, strict=True):
                running += count
                limit = "+Inf" if bound == float("inf") else _number(bound)
                more = f'le="{limit}"'
                yield f"{self.series(labels, '_bucket', more)} {running}"
            yield f"{self.series(labels, '_sum')} {_number(self._sums[labels])}"
            yield f"{self.series(labels, '_count')} {running}"


def exposition(metrics: Iterable[Metric]) -> str:
    """The text of ``/metrics`` (content type ``text/plain; version=0.0.4``)."""
    return "\n".join(line for metric in metrics for line in metric.lines()) + "\n"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
