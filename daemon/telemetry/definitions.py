"""What a metric is: its name, unit, kind, help and labels, and what each label may say.

A name is OpenTelemetry's (``http.client.request.duration``) where its semantic conventions have one, ours otherwise
(``lmsyncd.outbox.depth``). From it and the unit follows what Prometheus calls it
(``http_client_request_duration_seconds``), so that a dashboard, an alert, an export and a page of documentation cannot
disagree.

A label is closed (``values``) or bounded (``values_max``), and a metric has ``series_max`` of its combinations:
whatever is beyond is counted as ``other``, so that nobody's names can fill the memory of whoever watches.
"""

from typing import Literal

import msgspec

Kind = Literal["counter", "up_down", "gauge", "histogram"]
"""``up_down`` is a sum that may fall (things that are there), ``gauge`` a value that does not add up (an age)."""
Fold = Literal["sum", "max", "min"]

OTHER = "other"
SUFFIXES = {"s": "seconds", "By": "bytes", "1": "ratio"}
"""What Prometheus appends for a unit; a unit in braces is only a word for what is counted."""


class Label(msgspec.Struct, frozen=True):
    """``name`` is dotted where it is a convention's, else ours, without a prefix: dashboards read alike what is scraped
    and what is pushed. Nothing but ``values`` where there are any, else the
    first ``values_max`` that come along."""

    name: str
    values: tuple[str, ...] = ()
    values_max: int = 0
    text: str = ""

    @property
    def key(self) -> str:
        """What Prometheus calls it."""
        return self.name.replace(".", "_")


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """One metric. ``bounds`` are the upper bounds of a histogram's buckets, rising; the last has none and is implied.
    ``fold`` says what a gauge's values beyond ``series_max`` come to together."""

    name: str
    kind: Kind
    unit: str
    text: str
    labels: tuple[Label, ...] = ()
    bounds: tuple[float, ...] = ()
    fold: Fold = "sum"
    series_max: int = 10_000

    @property
    def suffix(self) -> str:
        return SUFFIXES.get(self.unit, "")

    @property
    def family(self) -> str:
        """What OpenMetrics calls it: a counter without its ``_total``."""
        plain = self.name.replace(".", "_")
        return f"{plain}_{self.suffix}" if self.suffix and not plain.endswith(f"_{self.suffix}") else plain

    @property
    def exposed(self) -> str:
        """What Prometheus calls it."""
        return f"{self.family}_total" if self.kind == "counter" else self.family

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(label.key for label in self.labels)

    @property
    def series(self) -> tuple[str, ...]:
        """The names that a query may use."""
        if self.kind != "histogram":
            return (self.exposed,)
        return tuple(f"{self.family}_{part}" for part in ("bucket", "sum", "count"))
