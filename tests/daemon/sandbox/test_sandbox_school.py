"""The school of the sandbox: what operators let happen there, and who tells of it."""

from typing import Any

import msgspec
import pytest

from actors.domain.flow import Request, Response
from actors.domain.school import School
from actors.ports import Answer, Effect, Fault, SourceKind
from daemon.sandbox.switchboard import Switchboard

NOW_S = 1_790_000_000.0


class Register:
    """A fake that tells how many people there are."""

    mounts = ("/register/",)

    def __init__(self, school: School) -> None:
        self.limited = True
        self.journal: list[Effect] = []
        self.faults: list[Fault] = []
        self._school = school

    def handle(self, request: Request, now_s: float) -> Answer:
        return Answer(response=Response(status=503 if self.faults else 200, body=b"%d" % len(self._school.people)))

    def fault(self, fault: Fault) -> None:
        if fault.kind != "closed":
            raise ValueError(f"unknown fault {fault.kind!r}")
        self.faults.append(fault)

    def clear_faults(self) -> None:
        self.faults.clear()


@pytest.fixture
def board() -> Switchboard:
    kinds = {
        "register": SourceKind(settings=msgspec.Struct, fake=Register),
        "mute": SourceKind(settings=msgspec.Struct),
    }
    return Switchboard({}, limited=True, clock=lambda: NOW_S, sources=kinds)


def ask(board: Switchboard, method: str, path: str, said: object = None) -> Response:
    body = said if isinstance(said, bytes) else msgspec.json.encode(said)
    return board.answer(Request(method=method, url=path, operation="", body=body)).response


def say(board: Switchboard, said: object) -> Any:
    told = ask(board, "POST", "/sandbox/school", said)
    return told.status, msgspec.json.decode(told.body)


def test_fakes_of_sources_tell_of_one_school_that_changes(board: Switchboard) -> None:
    before = int(ask(board, "GET", "/register/count").body)
    status, became = say(board, {"do": "add_person", "given": "Alan", "family": "Turing"})
    assert status == 200
    assert became[0]["email"] == "alan.turing@example.edu"
    assert int(ask(board, "GET", "/register/count").body) == before + 1
    shown = msgspec.json.decode(ask(board, "GET", "/sandbox/school").body)
    assert shown["people"][-1] == became[0]


def test_a_term_can_be_told_in_one_go(board: Switchboard) -> None:
    status, became = say(
        board,
        [
            {"do": "add_course", "name": "Logic", "code": "LG101"},
            {"do": "enrol", "person": "ada lovelace", "course": "LG101", "role": "ta"},
            {"do": "change_membership", "person": "Ada Lovelace", "course": "LG101", "state": "inactive"},
            {"do": "assign", "course": "Logic", "name": "Proof", "due_s": NOW_S + 60, "points": 10},
            {"do": "change_work", "work": "proof", "published": False},
            {"do": "submit", "work": "Proof", "person": "person1@example.edu"},
            {"do": "grade", "work": "Proof", "person": "ada.lovelace", "points": 7.5, "posted": False},
            {"do": "complete", "work": "Proof", "person": "Ada Lovelace"},
            {"do": "finish", "course": "LG101", "person": "Ada Lovelace"},
            {"do": "change_person", "person": "Ada Lovelace", "suspended": True},
        ],
    )
    assert status == 200, became
    ada = next(each for each in board.school.people.values() if each.given == "Ada")
    mark = next(each for each in board.school.marks.values() if each.points == 7.5)
    assert (mark.user, mark.posted, mark.complete_s, mark.submitted_s) == (ada.id, False, NOW_S, NOW_S)
    assert ada.suspended


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"", "truncated"),
        ({"do": "explode"}, "explode"),
        ({"do": "enrol", "person": "Nobody", "course": "CS101"}, "there is no person 'Nobody'"),
        ({"do": "enrol", "person": 7, "course": "CS101"}, "there is no person with the id 7"),
        ({"do": "enrol", "person": "Ada Lovelace", "course": "CS101", "role": "king"}, "'king' is no role"),
        ({"do": "enrol", "person": "Ada Lovelace", "course": "CS101", "when": 1}, "when"),
        ({"do": "change_person", "person": "Ada Lovelace"}, "nothing changes"),
        ({"do": "change_membership", "state": "deleted"}, "by its id, or by person and course"),
        ([{"do": "add_course", "name": "A", "code": "A"}] * 1001, "at most 1000"),
        ([{"do": "add_course", "name": "A", "code": "A"}] * 2 + [{"do": "assign", "course": "A", "name": "x"}], "[2] "),
    ],
)
def test_what_is_not_clear_is_told(board: Switchboard, said: object, told: str) -> None:
    status, answer = say(board, said)
    assert status == 400
    assert told in answer["detail"]


def test_two_of_one_name_are_told_apart_by_id(board: Switchboard) -> None:
    ids = [say(board, {"do": "add_person", "given": "Ada", "family": "Byron"})[1][0]["id"] for _ in range(2)]
    _, answer = say(board, {"do": "enrol", "person": "Ada Byron", "course": "CS101"})
    assert all(str(each) in answer["detail"] for each in ids)
    assert say(board, {"do": "enrol", "person": ids[0], "course": "CS101"})[0] == 200


def test_sources_take_faults_too(board: Switchboard) -> None:
    assert ask(board, "PUT", "/sandbox/faults", [{"kind": "closed", "vendor": "register"}]).status == 200
    assert ask(board, "GET", "/register/count").status == 503
    assert ask(board, "PUT", "/sandbox/faults", [{"kind": "quake", "vendor": "register"}]).status == 400
    assert ask(board, "PUT", "/sandbox/faults", []).status == 200
    assert ask(board, "GET", "/register/count").status == 200
