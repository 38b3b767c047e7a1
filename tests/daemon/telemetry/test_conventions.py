"""What goes by a name of OpenTelemetry's semantic conventions is in them, is not out of use, and means the same."""

import ast
import re
from pathlib import Path

import pytest
from opentelemetry import semconv
from opentelemetry.semconv._incubating.attributes.cpu_attributes import CpuModeValues
from opentelemetry.semconv.attributes.http_attributes import HttpRequestMethodValues

from daemon import telemetry
from daemon.telemetry import labels
from daemon.telemetry.definitions import Definition
from daemon.telemetry.metrics import Metrics

STABLE = Path(next(iter(semconv.__path__)))
NAMESPACES = frozenset(
    (
        *("client", "code", "cpu", "db", "deployment", "enduser", "error", "exception", "host", "http", "messaging"),
        *("net", "network", "os", "otel", "process", "rpc", "server", "service", "url", "user_agent"),
    )
)
"""Those that a daemon might speak of. (``source`` and ``session`` are the conventions', too, and events of ours.)"""
INSTRUMENTS = {"counter": "counter", "up_down": "updowncounter", "gauge": "gauge", "histogram": "histogram"}
WRITTEN = re.compile(r'^[A-Z0-9_]+: Final = "([^"]+)"\n(?:"""\n?(.*?)""")?', re.MULTILINE | re.DOTALL)
DEFINITIONS = {each.definition.name: each.definition for each in Metrics().families()}


def _written(*kinds: str) -> dict[str, str]:
    """What the conventions say of each name; of what is stable that is what counts."""
    found: dict[str, str] = {}
    for folder in (STABLE / "_incubating", STABLE):
        for kind in kinds:
            for path in sorted((folder / kind).glob("*.py")):
                found.update(WRITTEN.findall(path.read_text()))
    return found


ATTRIBUTES, METRICS = _written("attributes"), _written("metrics")


def _spoken() -> set[str]:
    """Each name in the source that lies in a namespace of theirs."""
    texts = {
        node.value
        for path in Path(next(iter(telemetry.__path__))).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    dotted = {text for text in texts if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", text)}
    return {text for text in dotted if text.partition(".")[0] in NAMESPACES}


def test_the_conventions_are_read() -> None:
    assert len(ATTRIBUTES) > 500
    assert "Deprecated" in ATTRIBUTES["http.method"]
    assert "Deprecated" not in ATTRIBUTES["http.request.method"]
    assert {"service.name", "http.route", "error.type", "exception.stacktrace"} <= _spoken()


@pytest.mark.parametrize("name", sorted(_spoken() - DEFINITIONS.keys()))
def test_an_attribute_of_theirs_is_one(name: str) -> None:
    assert name in ATTRIBUTES
    assert "Deprecated" not in ATTRIBUTES[name]


@pytest.mark.parametrize(
    "definition",
    [each for each in DEFINITIONS.values() if each.name.partition(".")[0] in NAMESPACES],
    ids=lambda each: each.name,
)
def test_a_metric_of_theirs_is_one_of_its_kind_and_unit(definition: Definition) -> None:
    said = METRICS[definition.name]
    assert "Deprecated" not in said
    assert f"Instrument: {INSTRUMENTS[definition.kind]}\n" in said
    assert f"Unit: {definition.unit}\n" in said


def test_all_others_are_ours_by_name() -> None:
    ours = {name for name in DEFINITIONS if not name.startswith("lmsyncd.")}
    assert {name.partition(".")[0] for name in ours} <= NAMESPACES
    assert ours <= METRICS.keys()


def test_what_a_label_of_theirs_may_say() -> None:
    methods = {value.value for value in HttpRequestMethodValues}
    assert set(labels.METHOD.values) - {"_OTHER"} <= methods
    assert "_OTHER" in methods
    assert set(labels.CPU_MODE.values) <= {value.value for value in CpuModeValues}
