"""The pages on telemetry and on the sandbox name everything there is, and nothing that is not."""

import re
from pathlib import Path

import msgspec
import pytest

from actors import sources
from actors.domain.school import School
from actors.ports import Fault
from actors.targets import discover
from daemon.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[2]
TELEMETRY = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")
SANDBOX = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
SPOKEN = re.compile(
    r'(?:event|trouble|_trouble|logger\.info|write)\(\s*(?:"(?:info|warning|level)", )?"([a-z_]+\.[a-z_]+)"'
)
NUMBER = re.compile(r"(?:lmsyncd|http|process)_[a-z_]+")


def rows(page: str) -> list[list[str]]:
    """The cells of every table's rows."""
    return [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| ")]


def quoted(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def test_every_metric_is_there_with_its_labels() -> None:
    told = {name: quoted(row[1]) for row in rows(TELEMETRY) for name in quoted(row[0]) if NUMBER.fullmatch(name)}
    assert told == {each.name: set(each.labels) for each in Metrics().families()}


def test_every_event_is_there() -> None:
    sources = [path.read_text(encoding="utf-8") for top in ("daemon", "actors") for path in (ROOT / top).rglob("*.py")]
    spoken = {name for source in sources for name in SPOKEN.findall(source)} | {"library.logged"}
    told = {name for row in rows(TELEMETRY) for name in quoted(row[0]) if re.fullmatch(r"[a-z_]+\.[a-z_]+", name)}
    spans = {"delivery.attempt", "delivery.probe", "source.reading", "roster.run", "statements.routed"}
    assert told - spans == spoken


FAULTS = next([cell.strip() for cell in row] for row in rows(SANDBOX) if row[0].strip() == "kind")
"""The heads of the table of faults; a vendor's column has its kind, however it is written there."""


@pytest.mark.parametrize("vendor", sorted(discover()))
def test_every_fault_is_there_for_the_vendors_that_have_it(vendor: str) -> None:
    fake = discover()[vendor].fake()
    [column] = [place for place, head in enumerate(FAULTS) if head.lower().replace(" ", "_") == vendor]
    for row in rows(SANDBOX):
        if len(row) != len(FAULTS) or row[0].strip() == "kind":
            continue
        for kind in quoted(row[0]):
            fault = Fault(kind=kind, value="500")
            if "●" in row[column]:
                fake.fault(fault)
            else:
                with pytest.raises(ValueError, match="unknown fault"):
                    fake.fault(fault)
    with pytest.raises(ValueError, match="one of") as refused:
        fake.fault(Fault(kind="?"))
    known = str(refused.value).partition("one of ")[2].split(", ")
    assert set(known) <= {kind for row in rows(SANDBOX) for kind in quoted(row[0])}


def test_the_examples_are_faults() -> None:
    examples = re.findall(r"-X PUT \$faults -d '(\[.*\])'", SANDBOX)
    assert len(examples) >= 6
    fakes = {name: each.fake() for name, each in discover().items()}
    fakes |= {name: each.fake(School()) for name, each in sources.discover().items() if each.fake and name not in fakes}
    for example in examples:
        for fault in msgspec.json.decode(example, type=list[Fault]):
            fakes[fault.vendor].fault(fault)
