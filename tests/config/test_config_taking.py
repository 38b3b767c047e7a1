"""Routes ask of a target what its kind does; otherwise the file says what is wrong, and where."""

from pathlib import Path

import pytest
from config_world import ENVIRON, GOOD_TENANT, VOCABULARY, look, told, write

from config.model import Audience, Filter
from config.taking import Taking

LAKE = Taking(audience="none", statements=True, changes=False, wording=False)
WORDS = VOCABULARY._replace(
    targets={**VOCABULARY.targets, "lake": VOCABULARY.targets["chat"]},
    route_words=VOCABULARY.route_words | {"statement"},
    taking={"lake": LAKE},
)
LAKE_TARGET = """
[targets.lake]
kind = "lake"
token = { env = "TOKEN" }
"""


def route(**keys: str) -> str:
    given = {"name": '"lake"', "when": '["statement"]', "to": '"lake"', **keys}
    return "\n[[routes]]\n" + "".join(f"{key} = {value}\n" for key, value in given.items() if value)


def problems(root: Path, text: str) -> list[tuple[object, ...]]:
    write(root, {"tenants.d/acme.toml": GOOD_TENANT + LAKE_TARGET + text})
    return [problem[2:5] for problem in told(look(root, ENVIRON, WORDS)[1], root)]


def test_a_consumer_needs_no_audience(tmp_path: Path) -> None:
    chosen = '{ verbs = ["urn:x:*"], sources = ["campus"] }'
    write(tmp_path, {"tenants.d/acme.toml": GOOD_TENANT + LAKE_TARGET + route(filter=chosen)})
    configuration, found = look(tmp_path, ENVIRON, WORDS)
    assert found == []
    assert configuration is not None
    lake = configuration.tenants["acme"].routes[1]
    assert lake.audience == Audience()
    assert lake.audience.is_target
    assert lake.filter == Filter(verbs=("urn:x:*",), sources=("campus",))


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            {"audience": '{ channel = "C1" }'},
            ("routes[1].audience", "a target of kind lake is one reader: it takes no audience", "leave it out"),
        ),
        (
            {"when": '["statement", "completed"]'},
            (
                "routes[1].when",
                "a target of kind lake takes statements, not changes",
                'when = ["statement"], with filter = { verbs = […] } where not all are wanted',
            ),
        ),
        (
            {"mode": '{ digest = "0 8 * * *" }'},
            ("routes[1].mode", "a target of kind lake takes no digests", 'mode = "realtime"'),
        ),
        (
            {"template": '"x"'},
            ("routes[1].template", "what goes to a target of kind lake is not worded", "leave it out"),
        ),
        (
            {"changed": '"update"'},
            (
                "routes[1].changed",
                "a target of kind lake has no posts that could be rewritten",
                'changed = "post"',
            ),
        ),
        (
            {"to": '"chat"', "audience": "{ learner = true }"},
            (
                "routes[1].when",
                "a target of kind chat takes changes, not statements",
                "its statements go to targets of another kind (lrs, webhook)",
            ),
        ),
        (
            {"filter": "{}"},
            ("routes[1].filter", "a filter names at least one of verbs, activities, activity_types or sources", ""),
        ),
        (
            {"filter": '{ sources = ["campsu"] }'},
            ("routes[1].filter.sources[0]", "there is no source 'campsu'", "did you mean 'campus'?"),
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, keys: dict[str, str], problem: tuple[str, str, str]) -> None:
    assert problems(tmp_path, route(**keys)) == [problem]


@pytest.mark.parametrize(
    ("audience", "message"),
    [
        ("", "this key is needed: a table"),
        ("{}", "an audience is exactly one of"),
        ("{ learner = false }", "an audience is exactly one of"),
        ('{ channel = "C1", learner = true }', "an audience is exactly one of"),
    ],
)
def test_everybody_else_needs_exactly_one(tmp_path: Path, audience: str, message: str) -> None:
    given = route(to='"chat"', when='["completed"]', audience=audience)
    [(key, said, _)] = problems(tmp_path, given)
    assert key == "routes[1].audience"
    assert str(said).startswith(message)
