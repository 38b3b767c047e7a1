"""What ``/metrics`` answers: the text that Prometheus scrapes, or OpenMetrics with exemplars to whoever asks for it.

Written here and not by a library for the same reason as the registry; what is written is read back by Prometheus' own
parsers in the tests.
"""

from collections.abc import Iterable, Iterator

from daemon.telemetry.registry import Counter, Exemplar, Gauge, Histogram, Labels, Metric

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ACCEPT_CHARS_MAX = 1_000
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def negotiated(accept: str) -> bool:
    """Whether an ``Accept`` header would rather have OpenMetrics than text."""
    weights = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for part in accept[:ACCEPT_CHARS_MAX].split(","):
        kind, *parameters = (each.strip().lower() for each in part.split(";"))
        if kind in weights:
            weights[kind] = max(weights[kind], _weight(parameters))
    return weights["application/openmetrics-text"] > weights["text/plain"]


def page(metrics: Iterable[Metric], *, open_metrics: bool) -> str:
    """All of it, as of now."""
    lines = [line for metric in metrics for line in _lines(metric, open_metrics)]
    if open_metrics:
        lines.append("# EOF")
    return "\n".join(lines) + "\n"


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _lines(metric: Metric, open_metrics: bool) -> Iterator[str]:
    definition = metric.definition
    kind = "gauge" if definition.kind == "up_down" else definition.kind
    name = definition.family if open_metrics else definition.exposed
    yield f"# HELP {name} {definition.text.translate(_ESCAPES) if open_metrics else definition.text}"
    yield f"# TYPE {name} {kind}"
    if open_metrics and definition.suffix:
        yield f"# UNIT {name} {definition.suffix}"
    match metric:
        case Counter() | Gauge():
            for labels, value in metric.points():
                yield f"{definition.exposed}{_braces(definition.keys, labels)} {number(value)}"
        case Histogram():
            yield from _histogram(metric, open_metrics)


def _histogram(metric: Histogram, open_metrics: bool) -> Iterator[str]:
    name, keys = metric.definition.family, metric.definition.keys
    limits = [number(bound, open_metrics) for bound in metric.definition.bounds] + ["+Inf"]
    for labels, buckets in metric.points():
        running = 0
        inside = _pairs(keys, labels)
        before = f"{inside}," if inside else ""
        for limit, count, exemplar in zip(limits, buckets.counts, buckets.exemplars, strict=True):
            running += count
            more = _exemplar(exemplar) if open_metrics and exemplar is not None else ""
            yield f'{name}_bucket{{{before}le="{limit}"}} {running}{more}'
        braces = f"{{{inside}}}" if inside else ""
        yield f"{name}_sum{braces} {number(buckets.sum)}"
        yield f"{name}_count{braces} {running}"


def _exemplar(one: Exemplar) -> str:
    return f' # {{trace_id="{one.trace_id}",span_id="{one.span_id}"}} {number(one.value)} {one.at_s:.3f}'


def _braces(keys: Labels, labels: Labels) -> str:
    inside = _pairs(keys, labels)
    return f"{{{inside}}}" if inside else ""


def _pairs(keys: Labels, labels: Labels) -> str:
    """What is empty is not there."""
    return ",".join(f'{key}="{value.translate(_ESCAPES)}"' for key, value in zip(keys, labels, strict=True) if value)


def number(value: float, point: bool = False) -> str:
    """``point``: as a decimal fraction in any case, as OpenMetrics wants the bounds of buckets."""
    return str(int(value)) if value == int(value) and not point else repr(float(value))
