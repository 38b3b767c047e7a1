"""How problems are said: to people by file, to programs as JSON lines."""

import json
import os
from pathlib import Path

from config.problems import Problem, did_you_mean, dotted, in_a_line, json_lines, render, shown, tally

ROOT = Path("/etc/lmsyncd")
PROBLEMS = [
    Problem(file=ROOT / "tenants.d/b.toml", line=12, key="routes[0].to", message="there is no target 'x'"),
    Problem(file=ROOT / "tenants.d/a.toml", line=3, key="locale", message="no locale", suggestion="did you mean 'de'?"),
    Problem(file=ROOT / "tenants.d/a.toml", line=2, message="careful", severity="warning", topic="unsupported"),
    Problem(file=ROOT / "tenants.d/a.toml", line=2, message="careful", severity="warning", topic="unsupported"),
    Problem(file=Path("/srv/people.csv"), message="permission denied", topic="file"),
]


def test_for_a_log() -> None:
    assert [in_a_line(problem) for problem in PROBLEMS[::4]] == [
        "/etc/lmsyncd/tenants.d/b.toml:12: routes[0].to: there is no target 'x'",
        "/srv/people.csv: permission denied",
    ]


def test_for_people() -> None:
    assert render(PROBLEMS, ROOT) == (
        "tenants.d/a.toml\n"
        "  line 2: warning: careful\n"
        "  line 3: locale: no locale\n"
        "      did you mean 'de'?\n"
        "tenants.d/b.toml\n"
        "  line 12: routes[0].to: there is no target 'x'\n"
        "/srv/people.csv\n"
        "  permission denied\n"
        "3 errors, 1 warning\n"
    )


def test_for_programs() -> None:
    first, *rest = [json.loads(line) for line in json_lines(PROBLEMS).splitlines()]
    assert len(rest) == 3
    assert first == {
        "schema": 1,
        "file": "/etc/lmsyncd/tenants.d/a.toml",
        "line": 2,
        "key": "",
        "message": "careful",
        "suggestion": "",
        "severity": "warning",
        "topic": "unsupported",
    }


def test_a_file_with_an_undecodable_name() -> None:
    problem = Problem(file=Path(os.fsdecode(b"/etc/\xff.toml")), message="no")
    assert json.loads(json_lines([problem]))["file"] == "/etc/?.toml"
    assert render([problem]).encode().startswith(b"/etc/?.toml\n")


def test_nothing_to_say() -> None:
    assert (render([]), json_lines([]), tally([])) == ("no problems\n", "", "no problems")


def test_keys() -> None:
    assert dotted(("routes", 2, "when", 0)) == "routes[2].when[0]"
    assert dotted(("course_channels", "https://m/?id=1")) == 'course_channels."https://m/?id=1"'


def test_values() -> None:
    assert shown("completd") == "'completd'"
    assert shown("two\nlines\x1b[31m") == "'two?lines?[31m'"
    assert shown("a longer text with blanks " * 9) == "'a longer text with blanks a longer text …'"
    for secret in ("xoxb-1-2", "eyJhbGciOi", "3f9a1c77" * 3, "-----BEGIN PRIVATE KEY-----"):
        assert shown(secret) == "(not shown: it looks like a secret)"


def test_did_you_mean() -> None:
    assert did_you_mean("Timezone", ["timezone", "locale"]) == "did you mean 'timezone'?"
    assert did_you_mean("zzz", ["timezone", "locale"]) == ""
    assert did_you_mean("x" * 1_000_000, ["x" * 60]) == "did you mean " + repr("x" * 60) + "?"
