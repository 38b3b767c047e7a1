"""The sandbox's directory and teams: limits, permissions, what shows up late, and what operators let happen."""

import json

import pytest
from teams_stage import TEAM, Talk, code, fields

from actors.ports.adjusting import Unclear

KIND = "#microsoft.graph.aadUserConversationMember"
OTHER = "5f0e1c5a-0000-4000-8000-00000000beef"


def member(person: str, *roles: str, kind: str = KIND) -> dict[str, object]:
    bound = f"https://graph.microsoft.com/v1.0/users('{person}')"
    return {"@odata.type": kind, "roles": [*roles], "user@odata.bind": bound}


def made(talk: Talk, name: str = "Maths", owner: str = "ada@example.edu") -> str:
    template = "https://graph.microsoft.com/v1.0/teamsTemplates('standard')"
    body: dict[str, object] = {"template@odata.bind": template, "displayName": name}
    answer = talk.call("POST", "teams", **body, members=[member(owner, "owner")])
    assert answer.status == 202, answer.body
    return answer.headers["content-location"].split("'")[1]


def rows(talk: Talk, path: str) -> list[dict[str, object]]:
    answer = talk.call("GET", path)
    assert answer.status == 200, answer.body
    found = fields(answer)["value"]
    assert isinstance(found, list)
    return found


def mails(talk: Talk, team: str) -> set[object]:
    return {each["email"] for each in rows(talk, f"teams/{team}/members?$top=999")}


# ── teams ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_team_is_known_to_the_directory_before_teams_knows_it() -> None:
    talk = Talk()
    talk.fake.terms.groups_late_s, talk.fake.terms.teams_late_s = 5.0, 60.0
    team = made(talk)
    assert talk.call("GET", f"groups/{team}").status == 404
    talk.now_s += 5.0
    assert fields(talk.call("GET", f"groups/{team}?$select=displayName")) == {"displayName": "Maths"}
    assert talk.call("GET", f"teams/{team}/members").status == 404
    talk.now_s += 55.0
    assert mails(talk, team) == {"ada@example.edu"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"displayName": "Maths", "members": [member("ada@example.edu", "owner")]}, 400),
        ({"template@odata.bind": "x/teamsTemplates('standard')", "members": [member("ada@example.edu", "owner")]}, 400),
        ({"template@odata.bind": "x/teamsTemplates('standard')", "displayName": "Maths"}, 400),
        (
            {
                "template@odata.bind": "x/teamsTemplates('standard')",
                "displayName": "Maths",
                "members": [member("a@example.edu")],
            },
            400,
        ),
        (
            {
                "template@odata.bind": "x/teamsTemplates('standard')",
                "displayName": "Maths",
                "members": [member("nobody@example.edu", "owner")],
            },
            404,
        ),
    ],
)
def test_a_team_has_a_template_a_name_and_one_owner(body: dict[str, object], status: int) -> None:
    assert Talk().call("POST", "teams", **body).status == status


def test_a_well_formed_team_is_there_and_empty() -> None:
    talk = Talk()
    assert rows(talk, f"teams/{TEAM}/members") == []
    assert talk.call("GET", "teams/40400000-0000-4000-8000-00000000c0de/members").status == 404
    assert talk.call("GET", "teams/maths/members").status == 400
    assert [each["id"] for each in rows(talk, f"groups?$filter=id in ('{TEAM}','{OTHER}')")] == [TEAM, OTHER]


# ── members ──────────────────────────────────────────────────────────────────────────────────────────


def test_who_was_added_shows_up_late_and_who_was_removed_stays_a_little() -> None:
    talk = Talk()
    talk.fake.terms.members_late_s = 10.0
    added = talk.call("POST", f"teams/{TEAM}/members", **member("ben@example.edu"))
    assert added.status == 201
    assert mails(talk, TEAM) == set()
    talk.now_s += 10.0
    assert mails(talk, TEAM) == {"ben@example.edu"}
    assert talk.call("DELETE", f"teams/{TEAM}/members/{fields(added)['id']}").status == 204
    assert mails(talk, TEAM) == {"ben@example.edu"}
    assert talk.call("DELETE", f"teams/{TEAM}/members/{fields(added)['id']}").status == 404
    talk.now_s += 10.0
    assert mails(talk, TEAM) == set()


def test_two_hundred_at_once_and_no_more_and_twenty_are_removed() -> None:
    talk = Talk()
    values = [member(f"p{n}@example.edu") for n in range(201)]
    too_many = talk.call("POST", f"teams/{TEAM}/members/add", values=values)
    assert (too_many.status, code(too_many)) == (400, "BadRequest")
    assert talk.call("POST", f"teams/{TEAM}/members/add", values=[]).status == 400
    assert talk.call("POST", f"teams/{TEAM}/members/add", values=values[1:]).status == 200
    talk.now_s += 2.0
    assert len(mails(talk, TEAM)) == 200
    assert talk.call("POST", f"teams/{TEAM}/members/remove", values=values[1:22]).status == 400
    removed = talk.call("POST", f"teams/{TEAM}/members/remove", values=[*values[1:20], values[0]])
    assert removed.status == 207
    assert [effect.operation for effect in talk.fake.journal] == ["members.add", *["members.remove"] * 19]


def test_the_last_owner_stays_and_the_hundred_and_first_is_not_made() -> None:
    talk = Talk()
    talk.fake.terms.team_owners_max = 2
    team = made(talk)
    talk.now_s += 5.0
    (ada,) = rows(talk, f"teams/{team}/members")
    assert talk.call("DELETE", f"teams/{team}/members/{ada['id']}").status == 400
    assert talk.call("PATCH", f"teams/{team}/members/{ada['id']}", **{"@odata.type": KIND, "roles": []}).status == 400
    talk.now_s += 2.0
    values = [member("ben@example.edu", "owner"), member("cyd@example.edu", "owner")]
    answer = talk.call("POST", f"teams/{team}/members/add", values=values)
    errors = [each["error"] for each in fields(answer)["value"]]  # type: ignore[attr-defined]
    assert [each and each["code"] for each in errors] == [None, "Forbidden"]


def test_one_team_is_changed_four_times_a_second_bundled_or_not() -> None:
    talk = Talk()
    parts = [{"id": str(n), "method": "GET", "url": f"/teams/{TEAM}/members", "headers": {}} for n in range(1, 7)]
    answer = fields(talk.call("POST", "$batch", requests=parts))["responses"]
    assert sorted(each["status"] for each in answer) == [200] * 4 + [429] * 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("permissions", "may"),
    [
        (["TeamMember.Read.All"], {"read"}),
        (["TeamMember.ReadWriteNonOwnerRole.All"], {"add", "delete"}),
        (["TeamMember.ReadWrite.All"], {"read", "add", "delete", "patch", "remove"}),
        (["Team.Create"], {"make"}),
        (["GroupMember.Read.All"], {"find"}),
    ],
)
def test_each_permission_reaches_so_far_and_no_further(permissions: list[str], may: set[str]) -> None:
    talk = Talk()
    talk.fake.limited = False
    ben = fields(talk.call("POST", f"teams/{TEAM}/members", **member("ben@example.edu")))["id"]
    talk.fake.terms.app_permissions = permissions
    given = fields(
        talk.sign_in(
            grant_type="client_credentials",
            client_id="sandbox",
            client_secret="sandbox",
            scope="https://graph.microsoft.com/.default",
        )
    )
    token = str(given["access_token"])
    asked = {
        "read": ("GET", f"teams/{TEAM}/members", {}),
        "add": ("POST", f"teams/{TEAM}/members/add", {"values": [member("cyd@example.edu")]}),
        "remove": ("POST", f"teams/{TEAM}/members/remove", {"values": [member("cyd@example.edu")]}),
        "patch": ("PATCH", f"teams/{TEAM}/members/{ben}", {"@odata.type": KIND, "roles": []}),
        "delete": ("DELETE", f"teams/{TEAM}/members/{ben}", {}),
        "make": ("POST", "teams", {"displayName": "x"}),
        "find": ("GET", "groups?$filter=displayName eq 'x'", {}),
    }
    allowed = {
        name for name, (method, path, body) in asked.items() if talk.call(method, path, token, **body).status != 403
    }
    assert allowed == may


# ── people, groups ───────────────────────────────────────────────────────────────────────────────────


def test_a_filter_names_fifteen_and_no_more() -> None:
    talk = Talk()
    fifteen = ",".join(f"'p{n}@example.edu'" for n in range(15))
    assert len(rows(talk, f"users?$filter=mail in ({fifteen})")) == 15
    sixteen = talk.call("GET", f"users?$filter=mail in ({fifteen},'x@example.edu')")
    assert (sixteen.status, code(sixteen)) == (400, "Request_UnsupportedQuery")
    assert talk.call("GET", "users?$filter=city eq 'Bonn'").status == 400
    assert talk.call("GET", "users?$top=1000").status == 400


def test_only_those_who_were_hired_are_there_once_the_directory_is_closed() -> None:
    talk = Talk()
    talk.fake.adjust(b'{"open_directory": false}', talk.now_s)
    assert rows(talk, "users?$filter=mail eq 'ada@example.edu'") == []
    told = talk.fake.happen(b'{"do": "people", "people": ["ada@example.edu", "ben@example.edu"]}', talk.now_s)
    assert told == [{"hired": 2}]
    assert {each["mail"] for each in rows(talk, "users")} == {"ada@example.edu", "ben@example.edu"}
    with pytest.raises(Unclear):
        talk.fake.happen(b'{"do": "people", "people": ["ada@example.com"]}', talk.now_s)


def test_what_happens_to_teams_by_hand() -> None:
    talk = Talk()
    talk.fake.terms.members_late_s = 0.0
    team = made(talk)
    talk.now_s += 5.0

    def happen(**what: object) -> object:
        return talk.fake.happen(json.dumps({"team": team, **what}).encode(), talk.now_s)

    happen(do="add_member", person="ben@example.edu")
    assert mails(talk, team) == {"ada@example.edu", "ben@example.edu"}
    happen(do="remove_member", person="ben@example.edu")
    with pytest.raises(Unclear):
        happen(do="remove_member", person="ben@example.edu")
    happen(do="rename_team", name="Algebra")
    assert [each["id"] for each in rows(talk, "groups?$filter=displayName eq 'Algebra'")] == [team]
    assert rows(talk, "groups?$filter=displayName eq 'Maths'") == []
    happen(do="give_rule")
    assert talk.call("POST", f"teams/{team}/members", **member("cyd@example.edu")).status == 403
    happen(do="give_rule", dynamic=False)
    talk.fake.happen(b'{"do": "bar_person", "person": "cyd@example.edu"}', talk.now_s)
    assert talk.call("POST", f"teams/{team}/members", **member("cyd@example.edu")).status == 403
    happen(do="delete_team")
    assert talk.call("GET", f"teams/{team}/members").status == 404
