"""People of the directory: everybody by the thousand, some by the hundred, and what is told of each."""

from teams_roster_stage import Campus, email
from teams_stage import replies

from actors.domain.flow import Response
from actors.domain.verdicts import Faulted, Refused, Revoked, Throttled, Unavailable
from actors.ports.rostering import Account, LookedUp, Page


def everybody(campus: Campus) -> list[Account]:
    found: list[Account] = []
    after = ""
    while True:
        page = campus.run(campus.rostering.people(after))
        assert isinstance(page, Page), page
        found += page.accounts
        after = page.after
        if not after:
            return found


def looked_up(campus: Campus, emails: list[str]) -> LookedUp:
    found = campus.run(campus.rostering.look_up(emails))
    assert isinstance(found, LookedUp), found
    return found


# ── everybody ────────────────────────────────────────────────────────────────────────────────────────


def test_ten_thousand_people_are_eleven_calls() -> None:
    campus = Campus()
    ids = campus.hire(10_000)
    assert {each.id for each in everybody(campus)} == set(ids)
    assert campus.calls == ["users.list"] * 11


def test_the_first_page_tells_how_many_there_are() -> None:
    campus = Campus()
    campus.fake.adjust(b'{"open_directory": false}', campus.now_s)
    campus.hire(1_500)
    page = campus.run(campus.rostering.people(""))
    assert isinstance(page, Page)
    assert (len(page.accounts), page.everybody, bool(page.after)) == (999, 1_500, True)
    open_campus = Campus()
    page = open_campus.run(open_campus.rostering.people(""))
    assert isinstance(page, Page)
    assert page.everybody == 1_000_000


def test_reading_everybody_is_chosen_where_it_takes_fewer_calls() -> None:
    rostering = Campus().rostering
    assert rostering.lists_all(10_000, 10_000)
    assert not rostering.lists_all(10_000, 40_000)
    assert not rostering.lists_all(300, 0)
    assert rostering.lists_all(301, 0)


def test_a_next_page_is_asked_of_the_configured_address_whatever_the_link_says() -> None:
    campus = Campus()
    campus.hire(1_200)
    page = campus.run(campus.rostering.people(""))
    assert isinstance(page, Page)
    assert page.after
    assert "http" not in page.after
    flow = campus.rostering.people(page.after)
    request = next(flow)
    assert request.url == f"http://s/graph/v1.0/users?{page.after}" or request.operation == "token"


# ── some ─────────────────────────────────────────────────────────────────────────────────────────────


def test_three_hundred_sign_in_names_are_one_call() -> None:
    campus = Campus()
    found = looked_up(campus, [email(n) for n in range(300)])
    assert len(found.found) == 300
    assert found.absent == ()
    assert campus.calls == ["$batch"]


def test_who_signs_in_by_another_name_is_found_by_mail() -> None:
    campus = Campus()
    found = looked_up(campus, ["ada@example.org", "nobody@example.edu", email(1)])
    assert set(found.found) == {"ada@example.org", email(1)}
    assert found.absent == ("nobody@example.edu",)
    assert found.found["ada@example.org"].emails == ("ada@org.onmicrosoft.com", "ada@example.org")
    assert campus.calls == ["users.list", "users.list"]


def test_an_address_that_cannot_be_one_is_nobodys_and_costs_nothing() -> None:
    campus = Campus()
    found = looked_up(campus, ["ada", "x" * 200 + "@example.edu"])
    assert set(found.absent) == {"ada", "x" * 200 + "@example.edu"}
    assert campus.calls == []


def test_a_quote_in_an_address_does_not_end_the_filter() -> None:
    found = looked_up(Campus(), ["o'neil@example.edu"])
    assert set(found.found) == {"o'neil@example.edu"}


def test_whom_a_part_of_a_bundle_did_not_tell_of_is_neither_found_nor_absent() -> None:
    campus = Campus()
    looked_up(campus, [email(0)])  # brings the token
    campus.fault("batch_inner_throttled", value="7", times=1)
    found = looked_up(campus, [email(n) for n in range(60)])
    assert len(found.found) == 45
    assert found.absent == ()


def test_where_nothing_is_told_it_is_told_why() -> None:
    for kind, value, expected in (
        ("rate_limited", "7", Throttled),
        ("status", "503", Unavailable),
        ("reset_after_commit", "", Unavailable),
        ("revoked", "", Revoked),
    ):
        campus = Campus()
        campus.fault(kind, value=value, operation="users.list", times=0)
        assert isinstance(campus.run(campus.rostering.look_up([email(0)])), expected), kind
        assert isinstance(campus.run(campus.rostering.people("")), expected), kind


def test_without_the_permission_it_is_told_which() -> None:
    campus = Campus()
    campus.fake.terms.app_permissions = ["TeamMember.Read.All"]
    failure = campus.run(campus.rostering.people(""))
    assert isinstance(failure, Refused)
    assert "User.ReadBasic.All" in failure.detail


def test_a_page_that_is_none_is_no_page() -> None:
    campus = Campus()
    token = campus.sign_in(
        grant_type="client_credentials",
        client_id="sandbox",
        client_secret="sandbox",
        scope="https://graph.microsoft.com/.default",
    )
    heard = replies(token, Response(status=200, body=b"{}"))(campus.rostering.people(""))
    assert isinstance(heard, Faulted)


def test_whose_an_id_is() -> None:
    campus = Campus()
    (known,) = campus.hire(1)
    stranger = "11111111-0000-4000-8000-000000000001"
    found = campus.run(campus.rostering.who([known, stranger]))
    assert isinstance(found, dict)
    assert found[known].emails == (email(0),)
    assert not found[stranger].active
