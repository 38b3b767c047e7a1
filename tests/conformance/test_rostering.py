"""Every kind of place of every connector that keeps rosters, against the one suite."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roster_moves import CHECKS as MOVES
from roster_stage import RosterStage, ours
from roster_suite import CHECKS, survives

from actors.domain.flow import Response

KINDS = ours()


@pytest.mark.parametrize(("kind", "place_kind"), KINDS)
@pytest.mark.parametrize("promise", [*CHECKS, *MOVES], ids=lambda function: function.__name__)
def test_roster_promise(kind: str, place_kind: str, promise: Callable[[RosterStage], None]) -> None:
    promise(RosterStage(kind, place_kind))


WORDS = (
    "ok",
    "error",
    "errors",
    "user",
    "users",
    "members",
    "channel",
    "channels",
    "usergroup",
    "usergroups",
    "id",
    "name",
    "handle",
    "response_metadata",
    "next_cursor",
    "value",
    "code",
    "status",
    "responses",
    "@odata.nextLink",
    "displayName",
)
IDS = st.sampled_from(["C0123456789", "S0123456789", "U1", "course-1", "invalid_users", "name_taken", "=", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | IDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.sampled_from(WORDS), JSON, max_size=8)
BODIES = (JSON | OBJECTS | OBJECTS.map(lambda given: {**given, "ok": True})).map(
    lambda value: json.dumps(value).encode()
)


@pytest.mark.parametrize(("kind", "place_kind"), KINDS)
@settings(deadline=None)
@given(
    st.builds(
        Response,
        status=st.sampled_from([200, 200, 200, 201, 204, 207, 400, 401, 403, 404, 409, 424, 429, 500, 503]),
        headers=st.dictionaries(
            st.sampled_from(["retry-after", "content-type", "location", "www-authenticate"]),
            st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
        ),
        body=st.binary(max_size=40) | BODIES,
    )
)
def test_any_answer_about_rosters_has_a_meaning(kind: str, place_kind: str, response: Response) -> None:
    survives(RosterStage(kind, place_kind), response)
