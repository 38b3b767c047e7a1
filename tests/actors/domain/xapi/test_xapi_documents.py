"""Preconditions, what a version demands of writers, and the merge: pure."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.xapi.documents import (
    Content,
    Document,
    Kind,
    Precondition,
    Rejected,
    check_object,
    content,
    deleting,
    merged,
    posting,
    putting,
    read_tags,
)
from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.patterns import Version

JSON = "application/json"
NEW = content(b'{"new":1}', JSON)
KINDS: tuple[Kind, ...] = ("state", "agent_profile", "activity_profile")
VERSIONS: tuple[Version, ...] = ("1.0.3", "2.0.0")


def stored(body: bytes = b'{"old":1}', content_type: str = JSON) -> Document:
    new = content(body, content_type)
    return Document(content_type=new.content_type, body=new.body, etag=new.etag, updated_us=1)


def asked(match: str | None = None, none_match: str | None = None) -> Precondition:
    read = [None if tags is None else read_tags([tags], "x") for tags in (match, none_match)]
    return Precondition(match=read[0], none_match=read[1])


def complaint(decide: Any, there: Document | None) -> str:
    """What is said against it; empty: nothing."""
    try:
        decide(there)
    except Rejected as error:
        return error.complaint
    return ""


@given(st.binary(max_size=200))
def test_the_etag_is_the_sha1_of_the_content_in_lower_case(body: bytes) -> None:
    assert content(body, "x/y").etag == hashlib.sha1(body).hexdigest()


# ── tags ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lines", "tags"),
    [
        (['"a"'], {"a"}),
        (['W/"a"'], {"a"}),
        (['"a", W/"b" ,"c,d"'], {"a", "b", "c,d"}),
        (['"a"', '"b"'], {"a", "b"}),
        (['""'], {""}),
        ([', "a",, "b",'], {"a", "b"}),
        (["*"], {"*"}),
        ([" * "], {"*"}),
    ],
)
def test_tags_are_read(lines: list[str], tags: set[str]) -> None:
    assert read_tags(lines, "If-Match") == tags


def test_a_header_that_is_not_given_is_no_precondition() -> None:
    assert read_tags([], "If-Match") is None
    assert not Precondition().given


@pytest.mark.parametrize("line", ["", "a", '"a', '"a" "b"', '*, "a"', 'w/"a"', '"a"b', ",", '"\x00"', '"a b"'])
def test_what_is_no_list_of_tags_is_refused_by_name(line: str) -> None:
    with pytest.raises(ValueError, match="If-None-Match must be"):
        read_tags([line], "If-None-Match")


_tag = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"'), max_size=20)


@given(st.lists(st.tuples(_tag, st.booleans()), min_size=1, max_size=20))
def test_any_tags_are_read_back(tags: list[tuple[str, bool]]) -> None:
    line = ", ".join(("W/" if weak else "") + f'"{tag}"' for tag, weak in tags)
    assert read_tags([line], "x") == {tag for tag, _ in tags}


@given(st.text(st.sampled_from('W/"a, \t*'), max_size=60))
def test_whatever_stands_there_is_read_or_refused(line: str) -> None:
    try:
        tags = read_tags([line], "x")
    except ValueError:
        return
    assert tags


# ── preconditions ────────────────────────────────────────────────────────────────────────────────────

THERE = stored()
CONDITIONS = [
    (asked(match=f'"{THERE.etag}"'), True, False),
    (asked(match=f'W/"{THERE.etag}"'), True, False),
    (asked(match=f'"x", "{THERE.etag}"'), True, False),
    (asked(match="*"), True, False),
    (asked(match='"x"'), False, False),
    (asked(none_match="*"), False, True),
    (asked(none_match=f'"{THERE.etag}"'), False, True),
    (asked(none_match='"x"'), True, True),
    (asked(match="*", none_match='"x"'), True, False),
    (asked(match=f'"{THERE.etag}"', none_match="*"), False, False),
]


@pytest.mark.parametrize(("condition", "with_one", "with_none"), CONDITIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", VERSIONS)
def test_preconditions_decide_every_write(
    condition: Precondition, with_one: bool, with_none: bool, kind: Kind, version: Version
) -> None:
    writes = (
        putting(NEW, kind=kind, version=version, precondition=condition),
        posting(NEW, precondition=condition, bytes_max=1_000),
        deleting(condition),
    )
    for decide in writes:
        assert complaint(decide, THERE) == ("" if with_one else "mismatch")
        assert complaint(decide, None) == ("" if with_none else "mismatch")


@pytest.mark.parametrize(
    ("version", "kind", "new", "existing"),
    [
        ("1.0.3", "state", "", ""),
        ("1.0.3", "agent_profile", "unsaid", "unconditional"),
        ("1.0.3", "activity_profile", "unsaid", "unconditional"),
        ("2.0.0", "state", "", "unconditional"),
        ("2.0.0", "agent_profile", "", "unconditional"),
        ("2.0.0", "activity_profile", "", "unconditional"),
    ],
)
def test_a_put_without_precondition(version: Version, kind: Kind, new: str, existing: str) -> None:
    decide = putting(NEW, kind=kind, version=version, precondition=Precondition())
    assert complaint(decide, None) == new
    assert complaint(decide, THERE) == existing


def test_posts_and_deletes_need_none() -> None:
    for decide in (posting(NEW, precondition=Precondition(), bytes_max=1_000), deleting(Precondition())):
        assert complaint(decide, None) == complaint(decide, THERE) == ""


def test_a_read_is_asked_for_what_it_has_not_seen() -> None:
    assert not asked(none_match=f'"{THERE.etag}"').matches_none(THERE)
    assert asked(none_match=f'"{THERE.etag}"').matches_none(None)
    assert Precondition().matches_none(THERE)


# ── the merge ────────────────────────────────────────────────────────────────────────────────────────

_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_objects = st.dictionaries(st.text(st.sampled_from('abé\n\\"'), max_size=3), _json, max_size=5)


@given(_objects, _objects)
def test_members_are_merged_at_the_top_level_only(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = merged(_content(old), _content(new), 100_000)
    assert json.loads(found.body) == {**old, **new}
    assert found.etag == hashlib.sha1(found.body).hexdigest()


def _content(value: object, content_type: str = JSON) -> Content:
    return content(json.dumps(value).encode(), content_type)


def test_values_stay_as_they_were_written() -> None:
    there, new = content(b'{"a": 1.500, "b":{"x":1}}', JSON), content(b'{"b" : 2E3 }', JSON)
    assert merged(there, new, 100).body == b'{"a":1.500,"b":2E3}'


@pytest.mark.parametrize(
    ("there", "new"),
    [
        (stored(b"abc", "text/plain"), NEW),
        (stored(), content(b'{"a":1}', "text/plain")),
        (stored(), content(b'{"a":1}', "not/json")),
        (stored(b"[1]"), NEW),
        (stored(b"{"), NEW),
        (stored(b""), NEW),
        (stored(b'{"a":"\xff"}'), NEW),
        (stored(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), NEW),
    ],
)
def test_only_objects_are_merged(there: Document, new: Content) -> None:
    assert complaint(posting(new, precondition=Precondition(), bytes_max=1_000_000), there) == "unmergeable"


def test_json_with_a_charset_is_json() -> None:
    there = stored(content_type="Application/JSON; charset=UTF-8")
    assert merged(there, NEW, 100).content_type == there.content_type


def test_no_document_grows_beyond_the_bound() -> None:
    full = len(merged(THERE, NEW, 1_000).body)
    assert complaint(posting(NEW, precondition=Precondition(), bytes_max=full), THERE) == ""
    assert complaint(posting(NEW, precondition=Precondition(), bytes_max=full - 1), THERE) == "too_large"


def test_anything_is_posted_where_nothing_is() -> None:
    odd = content(b"\x00", "image/png")
    assert posting(odd, precondition=Precondition(), bytes_max=1)(None) == odd


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"{}"'])
def test_other_json_is_no_object(body: bytes) -> None:
    with pytest.raises(Rejected, match="must be a JSON object"):
        check_object(body)


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1,"a":2}', b'{"a":1e999}', b'{"a":"\\ud800"}', b"{}{"])
def test_unsound_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        check_object(body)
