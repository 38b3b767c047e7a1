"""Whatever stands in the files, loading gives a configuration or BadConfiguration, and never repeats a secret."""

import tempfile
from pathlib import Path
from typing import Any

from config_world import ENVIRON, GOOD_TENANT, ROUTE_WORDS, VOCABULARY, write
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.load import load
from config.model import Configuration
from config.problems import BadConfiguration, json_lines, render

CANARY = "hunter2-canary"
KEYS = [
    *("timezone", "locale", "people", "sources", "targets", "routes", "rosters", "gateway", "tls", "listen", "network"),
    *("store", "path", "control", "telemetry", "otlp_headers", "file", "kind", "push", "chat", "token", "credential"),
    *("env", "credentials", "key", "secret", "scopes", "name", "when", "to", "from", "into", "audience", "channel"),
    *("learner", "team", "mode", "digest", "sla", "limits", "settle", "api_url", "quiet_hours", "schedule", "template"),
]


def written(value: Any) -> str:
    """A value as TOML, on one line."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{written(key)} = {written(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(written, value)) + "]"
        case str():
            escaped = "".join(char if char.isalnum() and char.isascii() else f"\\U{ord(char):08x}" for char in value)
            return f'"{escaped}"'
        case float():
            return repr(value) if "e" not in repr(value) else f"{value:.3e}"
        case _:
            return str(value)


words = st.sampled_from([*KEYS, "push", "chat", "completed", "realtime", "LRS", "1s", "../x", "/", "a\0b"])
texts = words | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
leaves = texts | st.integers() | st.floats() | st.booleans() | st.dates() | st.datetimes()
nodes = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | texts, inner, max_size=4),
    max_leaves=12,
)
files = st.dictionaries(st.sampled_from(KEYS), nodes, max_size=6).map(
    lambda tree: "".join(f"{key} = {written(node)}\n" for key, node in tree.items())
)


def outcome(contents: dict[str, str | bytes]) -> Configuration | BadConfiguration:
    """What loading came to. Anything but these two is a failure of the test."""
    with tempfile.TemporaryDirectory() as directory:
        root = write(Path(directory), contents)
        found: Configuration | BadConfiguration
        try:
            found = load(
                root,
                source_kinds=VOCABULARY.sources,
                target_kinds=VOCABULARY.targets,
                environ=ENVIRON,
                route_words=ROUTE_WORDS,
            )
        except BadConfiguration as bad:
            found = bad
    if isinstance(found, BadConfiguration):
        assert any(problem.severity == "error" for problem in found.problems)
        assert render(found.problems, root)
        assert json_lines(found.problems).count("\n") == len(found.problems)
    return found


@given(files, files)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_tree(daemon: str, tenant: str) -> None:
    outcome({"lmsyncd.toml": daemon, "tenants.d/acme.toml": tenant})


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(deadline=None)
@example(b'a = "\\ud800"')
@example(b"a = 0000-13-45")
@example(b"\xef\xbb\xbfa = 1")
def test_any_bytes(content: bytes) -> None:
    contents = {"lmsyncd.toml": content, "tenants.d/acme.toml": content, "templates/x.j2": content}
    outcome(contents | {"people.csv": content, "tenants.d/zeta.toml": 'people = { file = "../people.csv" }'})


@given(st.data())
@settings(deadline=None)
def test_a_good_file_with_a_secret_put_anywhere(data: st.DataObject) -> None:
    lines = GOOD_TENANT.replace('{ env = "LRS" }', f'"{CANARY}"').splitlines()
    place = data.draw(st.integers(0, len(lines)))
    key = data.draw(
        st.sampled_from(["token", "tokn", "settle", "limits", "credentials", "secret", "api_url", "locale_"])
    )
    lines.insert(place, f'{key} = "{CANARY}"')
    bad = outcome({"tenants.d/acme.toml": "\n".join(lines)})
    assert isinstance(bad, BadConfiguration)
    assert CANARY not in render(bad.problems) + json_lines(bad.problems) + repr(bad) + str(bad)
