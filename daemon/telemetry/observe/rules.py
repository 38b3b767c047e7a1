"""Prometheus' rule files. Written by hand as YAML: its strings are JSON's, and there is nothing else in them."""

import json
from collections.abc import Iterator, Mapping

from daemon.telemetry.observe.alerts import ALERTS
from daemon.telemetry.observe.recordings import RECORDINGS

HEAD = "# Made from the definitions of the metrics by python -m daemon.telemetry.observe: change those.\n"
GUIDE = "docs/telemetry.md"


def recordings() -> str:
    """``lmsyncd-recordings.yml``."""
    return _file("lmsyncd-recordings", "1m", ({"record": one.name, "expr": one.expression} for one in RECORDINGS))


def alerts() -> str:
    """``lmsyncd-alerts.yml``."""
    return _file(
        "lmsyncd-alerts",
        "1m",
        (
            {
                "alert": one.name,
                "expr": one.expression,
                "for": one.wait,
                "labels": {"severity": one.severity},
                "annotations": {"summary": one.text, "command": one.command, "guide": GUIDE},
            }
            for one in ALERTS
        ),
    )


def _file(group: str, interval: str, rules: Iterator[Mapping[str, object]]) -> str:
    lines = [HEAD, "groups:\n", f"  - name: {group}\n", f"    interval: {interval}\n", "    rules:\n"]
    for rule in rules:
        for number, (key, value) in enumerate(rule.items()):
            lead = "      - " if number == 0 else "        "
            lines += [f"{lead}{line}" for line in _pair(key, value)]
    return "".join(lines)


def _pair(key: str, value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield f"{key}:\n"
        for inner_key, inner in value.items():
            yield f"  {inner_key}: {_text(inner)}\n"
    else:
        yield f"{key}: {_text(value)}\n"


def _text(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)
