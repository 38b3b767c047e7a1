"""Queries in Prometheus' language, of definitions: a metric or a label that does not exist raises LookupError here."""

from collections.abc import Iterable

from daemon.telemetry.definitions import Definition, Label

WINDOW = "5m"
WHERE = frozenset({"job", "instance"})
"""Labels that Prometheus itself puts on every series."""


class Scope:
    """Which daemons a query is about: ``matchers`` go into every selection, ``by`` into every grouping."""

    def __init__(self, matchers: str = "", by: tuple[str, ...] = ()) -> None:
        self._matchers = matchers
        self._by = by

    def select(self, definition: Definition, *matchers: str, part: str = "") -> str:
        """A series by its labels: ``select(its.DEAD, 'cause="expired"')``; of a histogram one ``part``: bucket, sum or
        count."""
        if (definition.kind == "histogram") != bool(part):
            raise LookupError(f"{definition.name} is {definition.kind}: part {part!r}")
        for matcher in matchers:
            known(definition, matcher.partition("=")[0].rstrip("!~"))
        inside = ",".join(filter(None, (*matchers, self._matchers)))
        name = f"{definition.family}_{part}" if part else definition.exposed
        return f"{name}{{{inside}}}" if inside else name

    def rate(
        self, definition: Definition, by: Iterable[Label], *matchers: str, part: str = "", window: str = WINDOW
    ) -> str:
        """What a counter grows by a second."""
        part = part or ("count" if definition.kind == "histogram" else "")
        inner = f"rate({self.select(definition, *matchers, part=part)}[{window}])"
        return f"sum {self.by(definition, by)}({inner})"

    def total(
        self, definition: Definition, by: Iterable[Label], *matchers: str, how: str = "sum", before: str = ""
    ) -> str:
        """What series come to together; ``before``: what they came to so long ago."""
        offset = f" offset {before}" if before else ""
        return f"{how} {self.by(definition, by)}({self.select(definition, *matchers)}{offset})"

    def quantile(
        self, share: float, definition: Definition, by: Iterable[Label], *matchers: str, window: str = WINDOW
    ) -> str:
        """Within which value this share of a histogram's observations stayed."""
        inner = f"rate({self.select(definition, *matchers, part='bucket')}[{window}])"
        return f"histogram_quantile({share:g}, sum {self.by(definition, by, 'le')}({inner}))"

    def by(self, definition: Definition, labels: Iterable[Label], *more: str) -> str:
        names = [known(definition, label.key) for label in labels]
        inside = ", ".join(dict.fromkeys((*self._by, *names, *more)))
        return f"by ({inside}) " if inside else ""


def known(definition: Definition, key: str) -> str:
    """The label's name. Raises LookupError where the metric has no such label."""
    if key not in definition.keys and key not in WHERE:
        raise LookupError(f"{definition.name} has no label {key}")
    return key


def ratio(part: str, whole: str) -> str:
    """A share; 0 where nothing of the part is there, nothing where there is no whole."""
    return f"({part} or {whole} * 0) / {whole}"
