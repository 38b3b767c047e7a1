"""Every target there is, against the one suite."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from target_stage import SETUPS, Stage
from target_suite import CHECKS, survives

from actors.domain.flow import Response
from actors.targets import discover

KINDS = sorted(discover())


def stage(kind: str) -> Stage:
    return Stage(kind, discover()[kind], SETUPS[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("promise", CHECKS, ids=lambda function: function.__name__)
def test_promise(kind: str, promise: Callable[[Stage], None]) -> None:
    promise(stage(kind))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ok", "error", "channel", "ts", "messages", "user", "id", "value", "code", "has_more"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None)
@given(
    st.builds(
        Response,
        status=st.integers(200, 599),
        headers=st.dictionaries(
            st.sampled_from(["retry-after", "content-type", "location", "www-authenticate", "x-slack-req-id"]),
            st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
        ),
        body=st.binary(max_size=40) | JSON,
    )
)
def test_any_answer_has_a_meaning(kind: str, response: Response) -> None:
    survives(stage(kind), response)
