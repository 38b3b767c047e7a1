"""What counts for sameness and what does not."""

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from xapi_samples import Json, learner, moodle, simple, statements

from actors.domain.xapi.guard import parse
from actors.domain.xapi.identity import canonical, derived_id, differ_by_stamp, digest, random_id

slow_to_draw = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
any_statement = statements() | st.sampled_from(range(20)).map(lambda at: moodle()[at])


def shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(inner, chance) for inner in value] if isinstance(value, list) else value


@slow_to_draw
@given(any_statement, st.randoms(use_true_random=False), st.booleans(), st.sampled_from([None, 2]))
def test_order_white_space_and_escapes_do_not_matter(
    statement: Json, chance: random.Random, ascii_only: bool, indent: int | None
) -> None:
    rewritten = json.dumps(shuffled(statement, chance), ensure_ascii=ascii_only, indent=indent).replace("/", "\\/")
    again = parse(rewritten.encode())
    assert isinstance(again, dict)
    original = parse(json.dumps(statement).encode())
    assert isinstance(original, dict)
    assert digest(again) == digest(original)


GROUP: Json = {"objectType": "Group", "member": [learner("1"), learner("2"), learner("3")]}
NORUOG: Json = {"objectType": "Group", "member": [learner("3"), learner("1"), learner("2")]}
ACTIVITY: Json = {"id": "https://lms.example.edu/mod/1"}
UUID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"
REFERENCE: Json = {"objectType": "StatementRef", "id": UUID}
ECNEREFER: Json = {"objectType": "StatementRef", "id": UUID.upper()}
SAME: list[tuple[Json, Json]] = [
    (simple(), simple(id="0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01")),
    (simple(), simple(stored="2015-01-18T12:17:00Z", version="1.0.0", authority=learner())),
    (simple(timestamp="2015-01-18T12:17:00.000Z"), simple(timestamp="2015-01-18T13:17:00+01:00")),
    (simple(), simple(verb={**simple()["verb"], "display": {"en": "completed"}})),
    (simple(), simple(object={**simple()["object"], "definition": {"name": {"en": "A course"}}})),
    (simple(actor=GROUP), simple(actor=NORUOG)),
    (simple(object=GROUP), simple(object=NORUOG)),
    (simple(context={"team": GROUP}), simple(context={"team": NORUOG})),
    (simple(context={"instructor": GROUP}), simple(context={"instructor": NORUOG})),
    (
        simple(context={"contextActivities": {"parent": ACTIVITY}}),
        simple(context={"contextActivities": {"parent": [{**ACTIVITY, "definition": {"name": {"en": "x"}}}]}}),
    ),
    (
        simple(object={"objectType": "SubStatement", **simple(actor=GROUP)}),
        simple(object={"objectType": "SubStatement", **simple(actor=NORUOG)}),
    ),
    (simple(), simple(attachments=[])),
    (simple(context={"registration": UUID.upper()}), simple(context={"registration": UUID})),
    (simple(context={"language": "de-AT"}), simple(context={"language": "de-at"})),
    (simple(context={"statement": REFERENCE}), simple(context={"statement": ECNEREFER})),
    (simple(object=REFERENCE), simple(object=ECNEREFER)),
    (
        simple(object={"objectType": "SubStatement", **simple(object=REFERENCE)}),
        simple(object={"objectType": "SubStatement", **simple(object=ECNEREFER)}),
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_comparison_ignores(one: Json, other: Json) -> None:
    assert digest(one) == digest(other)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the scalars are."""
    inside: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inside is None:
        return [path]
    return [found for step, inner in inside for found in places(inner, (*path, step))]


@slow_to_draw
@given(any_statement, st.data())
def test_any_change_of_what_counts_changes_the_digest(statement: Json, data: st.DataObject) -> None:
    """Change one scalar somewhere in the canonical form's own source and see that it is noticed."""
    path = data.draw(st.sampled_from(places(statement)))
    ignored = {"definition", "display", "attachments", "id" if len(path) == 1 else ""}
    assume(path and not ignored & set(path))
    changed = copy.deepcopy(statement)
    holder: Any = changed
    for step in path[:-1]:
        holder = holder[step]
    old = holder[path[-1]]
    if path[-1] == "timestamp":
        holder[path[-1]] = "1999-12-31T23:59:59Z"
        assume(not old.startswith("1999"))
    else:
        holder[path[-1]] = "changed" if old != "changed" else "changed again"
    if path[-1] == "objectType":
        return  # another kind of thing altogether: not a statement that this function is ever given
    assert digest(changed) != digest(statement)


@slow_to_draw
@given(any_statement)
def test_the_statement_is_left_as_it_is(statement: Json) -> None:
    before = copy.deepcopy(statement)
    canonical(statement)
    assert statement == before


def test_durations_are_compared_to_the_hundredth_of_a_second() -> None:
    coarse, fine = simple(result={"duration": "PT1.23S"}), simple(result={"duration": "PT1.2345S"})
    assert digest(coarse) == digest(fine)
    assert digest(coarse) != digest(simple(result={"duration": "PT1.24S"}))
    assert digest(coarse) != digest(simple(result={"duration": "PT0M1.23S"})), "a duration is a text otherwise"


def test_a_timestamp_that_only_one_has_may_have_come_from_an_lrs() -> None:
    bare, stamped = simple(), simple(timestamp="2015-01-18T12:17:00.000Z")
    assert digest(bare) != digest(stamped)
    assert differ_by_stamp(bare, stamped)
    assert differ_by_stamp(stamped, bare)
    assert not differ_by_stamp(bare, simple(timestamp="2015-01-18T12:17:00.000Z", actor=learner("other")))
    assert not differ_by_stamp(stamped, simple(timestamp="2015-01-18T12:17:01.000Z"))
    inner = {"objectType": "SubStatement", **bare}, {"objectType": "SubStatement", **stamped}
    assert not differ_by_stamp(simple(object=inner[0]), simple(object=inner[1])), "nobody stamps a sub-statement"


def test_numbers_compare_by_value() -> None:
    def of(raw: str) -> bytes:
        body = json.dumps(simple(result={"score": {"raw": "here"}})).replace('"here"', raw)
        parsed = parse(body.encode())
        assert isinstance(parsed, dict)
        return digest(parsed)

    assert of("80") == of("80.0") == of("8e1") != of("80.5")


@given(st.binary(min_size=32, max_size=32), st.integers(0, 10_000))
def test_derived_ids_are_uuids_and_differ_by_everything_they_are_made_of(content: bytes, rank: int) -> None:
    made = derived_id(content, tenant="acme", source="campus", rank=rank)
    assert made[14] == "5"
    assert made[19] in "89ab"
    others = {
        derived_id(content, tenant="acme", source="campus", rank=rank + 1),
        derived_id(content, tenant="acme", source="campu", rank=rank),
        derived_id(content, tenant="acm", source="ecampus", rank=rank),
        derived_id(content[::-1] + b"", tenant="acme", source="campus", rank=rank),
    }
    assert made == derived_id(content, tenant="acme", source="campus", rank=rank)
    assert len(others | {made}) == (5 if content != content[::-1] else 4)


def test_a_random_id_is_a_uuid_of_version_4() -> None:
    assert random_id("0" * 32) == "00000000-0000-4000-8000-000000000000"
    assert random_id("f" * 32) == "ffffffff-ffff-4fff-bfff-ffffffffffff"
