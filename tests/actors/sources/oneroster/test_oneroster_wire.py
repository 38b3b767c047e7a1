"""What services and spreadsheets say, taken apart; and what an operator may write."""

import string
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.flow import Response
from actors.domain.harvest import Halted
from actors.sources.oneroster.bodies import JOINED_MAX, Joins, day_of, today
from actors.sources.oneroster.settings import OneRosterSettings
from actors.sources.oneroster.sheets import SHEETS, Unfit, body_of, found, header_of, manifest_of
from actors.sources.oneroster.wire import Listed, listed

URL = "https://sis.test/ims/oneroster/rostering/v1p2/users?limit=10"
REST = {
    "base_url": "https://sis.test/ims/oneroster",
    "token_url": "https://sis.test/token",
    "client_id": "us",
    "client_secret": {"env": "X"},
}


def settings(**given: object) -> OneRosterSettings:
    return msgspec.convert(given, type=OneRosterSettings, dec_hook=lambda kind, value: kind(value))


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_inbox_alone_is_enough() -> None:
    read = settings(inbox="/srv/lmsyncd/acme")
    assert (read.every, read.every_max, read.home("acme", "sis")) == ("10s", "30s", "urn:lmsyncd:acme:sis")
    assert read.inbox == Path("/srv/lmsyncd/acme")


def test_each_way_has_its_own_rhythm_and_home() -> None:
    assert settings(**REST).every == "5m"
    assert settings(**REST).home("acme", "sis") == "https://sis.test"
    zipped = settings(url="https://sis.test/export/a.zip", every="12h")
    assert (zipped.every, zipped.every_max) == ("12h", "12h")
    assert settings(inbox="x", home_page="https://sis.test/people").home("a", "b") == "https://sis.test/people"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "exactly one of"),
        ({"inbox": "x", "url": "https://sis.test/a.zip"}, "exactly one of"),
        ({"base_url": "https://sis.test"}, "needs token_url"),
        ({"inbox": "x", "client_id": "us"}, "belong to base_url"),
        ({"inbox": "x", "username": "us", "password": {"env": "X"}}, "belong to url"),
        ({"url": "https://sis.test/a.zip", "username": "us"}, "together"),
        (
            {"url": "https://x.test/", "username": "us", "password": {"env": "X"}, "authorization": {"env": "X"}},
            "instead of",
        ),
        ({**REST, "base_url": "https://sis.test/?a=b"}, "query"),
        ({"inbox": "x", "limits": {"bytes": 1.0}}, "unknown"),
        ({"inbox": "x", "limits": {"requests_per_s": 0.0}}, "above 0"),
        ({"inbox": "x", "every": "1h", "every_max": "1m"}, "shorter"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, object], why: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=why):
        settings(**given)


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("link", "where"),
    [
        ('<https://sis.test/users?offset=10>; rel="next"', "https://sis.test/users?offset=10"),
        ("</users?after=x>; rel=next, </users>; rel=first", "https://sis.test/users?after=x"),
        ('</a>; rel="first", </b>; title="x"; REL="Next"', "https://sis.test/b"),
        ('<https://elsewhere.test/users>; rel="next"', ""),
        ('<http://sis.test/users>; rel="next"', ""),
        (f'<{URL}>; rel="next"', ""),
        ('</a>; rel="last"', ""),
        ('</a>; title="the rel=next of it"', ""),
        ("nonsense", ""),
    ],
)
def test_a_link_is_followed_at_its_origin_only(link: str, where: str) -> None:
    page = listed(Response(status=200, headers={"link": link}, body=b'{"users": []}'), URL, "users")
    assert isinstance(page, Listed)
    assert page.onward == where


@given(st.binary(max_size=200), st.text(max_size=100), st.integers(200, 599))
def test_whatever_is_answered_is_a_page_or_a_reason(body: bytes, link: str, status: int) -> None:
    answer = listed(Response(status=status, headers={"link": link, "x-total-count": link}, body=body), URL, "users")
    assert isinstance(answer, Halted | Listed)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["users", "imsx_codeMajor", "imsx_CodeMinor", "imsx_codeMinorField", "a"]), inner), max_leaves=8))  # fmt: skip  # noqa: E501
def test_whatever_the_json_is_it_is_a_page_or_a_reason(said: object) -> None:
    for status in (200, 400):
        answer = listed(Response(status=status, body=msgspec.json.encode(said)), URL, "users")
        assert isinstance(answer, Halted) or all(isinstance(row, dict) for row in answer.rows)


# ── sheets ───────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.lists(st.text(max_size=20), max_size=4), max_size=10))
def test_whatever_a_manifest_says_it_is_read_or_refused(rows: list[list[str]]) -> None:
    try:
        manifest = manifest_of(["propertyName", "value"], [*rows, ["File.Users", "BULK"]])
    except Unfit:
        return
    assert manifest.files["users"] == "bulk"


@given(st.lists(st.text(string.ascii_letters + ".", max_size=12), max_size=8))
def test_whatever_lies_there_is_found_or_refused(names: list[str]) -> None:
    try:
        there = found([*names, "users.csv"])
    except Unfit:
        return
    assert there["users"].casefold() == "users.csv"


@given(st.data())
def test_a_row_is_read_by_its_columns_whatever_their_order(data: st.DataObject) -> None:
    sheet = data.draw(st.sampled_from(SHEETS))
    columns = data.draw(st.permutations(sorted({*sheet.columns, *sheet.needs, "house"})))
    spelt = [data.draw(st.sampled_from([str.upper, str.lower, str]))(column) for column in columns]
    header = header_of(sheet, "x.csv", [column if column != "HOUSE" else "house" for column in spelt])
    cells = [data.draw(st.text(string.printable, max_size=6)) for _ in columns]
    body = body_of(header, cells)
    assert body is not None
    expected = {column: cell.strip() for column, cell in zip(columns, cells, strict=True) if cell.strip()}
    expected.pop("password", None)
    assert body == expected
    assert body_of(header, [*cells, "", " "]) == body
    assert body_of(header, [*cells, "x"]) is None
    assert body_of(header, cells[:-1]) is None


# ── what lies beside ─────────────────────────────────────────────────────────────────────────────────


def test_today_is_the_tenants() -> None:
    assert today(1_788_217_200_000_000, "Europe/Berlin") == "2026-09-01"
    assert today(1_788_217_200_000_000, "America/New_York") == "2026-08-31"


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("2026-08-15", "2026-08-15"),
        ("20260815", "2026-08-15"),
        ("2026-08-15T00:00:00", "2026-08-15"),
        ("soon", ""),
        (5, ""),
    ],
)
def test_days_are_read_or_left_to_the_mapping(told: object, day: str) -> None:
    assert day_of(told, "Europe/Berlin") == day


def test_what_is_laid_beside_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.sources.oneroster.bodies.JOINED_MAX", 3)
    joins = Joins("UTC", "2026-09-01")
    for number in range(5):
        joins.role(f"u{number}", "primary", "student", "o1")
    joins.role("u0", "primary", "teacher", "o1")
    assert joins.overfull
    bodies: list[dict[str, object]] = [{}, {}]
    joins.beside_user(bodies[0], "u0", "")
    joins.beside_user(bodies[1], "u4", "")
    assert bodies == [{"joined": {"role": "teacher"}}, {}]
    assert JOINED_MAX > 100_000


def test_the_primary_role_counts() -> None:
    joins = Joins("UTC", "2026-09-01")
    joins.role("u1", "secondary", "aide", "o2")
    joins.role("u1", "primary", "teacher", "o1")
    joins.role("u1", "secondary", "student", "o3")
    joins.org({"sourcedId": "o1", "name": "Hillside"})
    body: dict[str, object] = {}
    joins.beside_user(body, "u1", "")
    assert body == {"joined": {"role": "teacher", "school": "Hillside"}}
