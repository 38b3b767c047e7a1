"""TinCanPython, a client made by others long before us, talks to a whole daemon; each credential does what it may.

The client makes and parses requests itself; only where it has no word for something (a first ``If-None-Match``, an
``ETag`` read, contents of attachments) its own lower layer is used.
"""

import hashlib
import json
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import trio
from lrs_clients import lrs, secret
from mixed_bodies import BOUNDARY, MIXED, attachment, mixed
from rehearsal import lmsyncctl
from tincan import (
    Activity,
    ActivityProfileDocument,
    Agent,
    AgentAccount,
    AgentProfileDocument,
    RemoteLRS,
    StateDocument,
    Statement,
    StatementRef,
    Verb,
)
from tincan.http_request import HTTPRequest
from tincan.lrs_response import LRSResponse

COURSE = Activity(id="https://lms.example.edu/course/7", definition={"name": {"en": "Algebra"}})
QUIZ = Activity(id="https://lms.example.edu/quiz/8", definition={"name": {"en": "Quiz", "de": "Prüfung"}})
ADA = Agent(name="Ada", mbox="mailto:ada@example.edu")
BOB = Agent(account=AgentAccount(name="bob", home_page="https://lms.example.edu"))
PASSED = Verb(id="http://adlnet.gov/expapi/verbs/passed", display={"en": "passed"})
FAILED = Verb(id="http://adlnet.gov/expapi/verbs/failed", display={"en": "failed"})
VOIDED = Verb(id="http://adlnet.gov/expapi/verbs/voided", display={"en": "voided"})


class Clients:
    """One of the library's clients for each of the daemon's credentials."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def __getattr__(self, name: str) -> RemoteLRS:
        return self.known(name, secret(name))

    def known(self, name: str, password: str) -> RemoteLRS:
        return RemoteLRS(version="1.0.3", endpoint=self._endpoint, username=name, password=password)


def good(answer: LRSResponse) -> Any:
    assert answer.success, (answer.response.status, answer.data)
    return answer.content


def refused(answer: LRSResponse, status: int) -> str:
    assert not answer.success
    assert answer.response.status == status, answer.data
    return json.loads(answer.data)["detail"]


def asked(lrs: RemoteLRS, method: str, resource: str, content: str | None = None, **more: Any) -> LRSResponse:
    """What the library has no word for."""
    request = HTTPRequest(method=method, resource=resource, **more)
    if content is not None:
        request.content = content
    return lrs._send_request(request)


def ids(result: Any) -> list[str]:
    return [str(one.id) for one in result.statements]


# ── what they do ─────────────────────────────────────────────────────────────────────────────────────


def statements(by: Clients) -> None:
    """Stored alone and together, found again by every filter, a page at a time."""
    registration = str(uuid.uuid4())
    named = Statement(
        id=str(uuid.uuid4()),
        actor=ADA,
        verb=PASSED,
        object=QUIZ,
        result={"score": {"scaled": 0.9}, "success": True, "duration": "PT1H30M"},
        context={"registration": registration, "context_activities": {"parent": [COURSE]}},
    )
    good(by.writer.save_statement(named))
    good(by.writer.save_statement(named))  # the same again is no conflict
    other = Statement(id=str(named.id), actor=ADA, verb=FAILED, object=QUIZ)
    assert "different content" in refused(by.writer.save_statement(other), 409)
    without = good(by.writer.save_statement(Statement(actor=BOB, verb=FAILED, object=QUIZ)))
    together = good(by.writer.save_statements([Statement(actor=BOB, verb=PASSED, object=COURSE) for _ in range(5)]))
    assert len({one.id for one in together}) == 5

    found = good(by.reader.retrieve_statement(str(named.id)))
    assert (found.actor.mbox, found.verb.id, found.object.id) == (ADA.mbox, PASSED.id, QUIZ.id)
    assert found.result.duration.total_seconds() == 5400
    assert found.stored is not None
    assert found.authority.account.name == "writer"
    query = by.reader.query_statements
    assert ids(good(query({"agent": ADA}))) == [str(named.id)]
    assert ids(good(query({"agent": BOB, "verb": FAILED}))) == [str(without.id)]
    assert ids(good(query({"registration": registration}))) == [str(named.id)]
    assert ids(good(query({"activity": QUIZ, "ascending": True}))) == [str(named.id), str(without.id)]
    assert str(named.id) not in ids(good(query({"activity": COURSE})))
    assert str(named.id) in ids(good(query({"activity": COURSE, "related_activities": True})))
    assert ids(good(query({"agent": BOB, "until": found.stored.isoformat()}))) == []

    page = good(query({"agent": BOB, "limit": 2}))
    pages = [ids(page)]
    while page.more:
        page = good(by.reader.more_statements(page))
        pages.append(ids(page))
    assert [len(one) for one in pages] == [2, 2, 2]
    assert [one for page in pages for one in page] == [*(str(one.id) for one in reversed(together)), str(without.id)]


def voiding(by: Clients) -> None:
    mistake = good(by.player.save_statement(Statement(id=str(uuid.uuid4()), actor=ADA, verb=FAILED, object=COURSE)))
    voider = Statement(id=str(uuid.uuid4()), actor=ADA, verb=VOIDED, object=StatementRef(id=str(mistake.id)))
    good(by.player.save_statement(voider))
    refused(by.player.retrieve_statement(str(mistake.id)), 404)
    assert good(by.player.retrieve_voided_statement(str(mistake.id))).id == mistake.id
    assert str(mistake.id) not in ids(good(by.auditor.query_statements({"agent": ADA, "verb": FAILED})))
    assert str(voider.id) in ids(good(by.auditor.query_statements({"agent": ADA, "verb": VOIDED})))
    refused(by.player.retrieve_voided_statement(str(voider.id)), 404)


def attachments(by: Clients) -> None:
    content = "Ada Lovelace has passed."
    statement = json.loads(Statement(id=str(uuid.uuid4()), actor=ADA, verb=PASSED, object=COURSE).to_json())
    statement["attachments"] = [attachment(content.encode())]
    body = mixed(statement, content.encode()).decode()
    posted = asked(by.writer, "POST", "statements", body, headers=MIXED)
    assert posted.success, posted.data
    assert json.loads(posted.data) == [statement["id"]]
    found = good(by.reader.retrieve_statement(statement["id"]))
    assert found.attachments[0].sha2 == hashlib.sha256(content.encode()).hexdigest()
    both = asked(by.reader, "GET", "statements", query_params={"statementId": statement["id"], "attachments": True})
    assert both.success
    assert content in both.data
    broken = asked(by.writer, "POST", "statements", body.replace("Lovelace", "Byron"), headers=MIXED)
    assert "hash" in refused(broken, 400)
    assert BOUNDARY in body


def state(by: Clients) -> None:
    document = StateDocument(
        id="page", activity=COURSE, agent=ADA, content='{"page": 3}', content_type="application/json"
    )
    good(by.player.save_state(document))
    assert bytes(good(by.player.retrieve_state(COURSE, ADA, "page")).content) == b'{"page": 3}'
    assert good(by.player.retrieve_state_ids(COURSE, ADA)) == ["page"]
    assert good(by.player.retrieve_state_ids(COURSE, BOB)) == []
    address = {"activityId": COURSE.id, "agent": ADA.to_json(), "stateId": "page"}
    etag = asked(by.player, "GET", "activities/state", query_params=address).response.getheader("etag")
    change = partial(asked, by.player, "POST", "activities/state", '{"line": 7}', query_params=address)
    kind = {"Content-Type": "application/json"}
    refused(change(headers={**kind, "If-Match": '"another"'}), 412)
    assert change(headers={**kind, "If-Match": etag}).success
    merged = json.loads(bytes(good(by.player.retrieve_state(COURSE, ADA, "page")).content))
    assert merged == {"page": 3, "line": 7}
    good(by.player.delete_state(document))
    assert by.player.retrieve_state(COURSE, ADA, "page").response.status == 404
    good(by.player.save_state(document))
    good(by.player.clear_state(COURSE, ADA))
    assert good(by.player.retrieve_state_ids(COURSE, ADA)) == []
    refused(by.reader.retrieve_state_ids(COURSE, ADA), 403)


PROFILES = {
    "agents/profile": (
        {"agent": ADA.to_json()},
        AgentProfileDocument(id="likes", agent=ADA, content="tea", content_type="text/plain"),
        lambda lrs: (lrs.retrieve_agent_profile, lrs.retrieve_agent_profile_ids, ADA),
        lambda lrs: (lrs.save_agent_profile, lrs.delete_agent_profile),
    ),
    "activities/profile": (
        {"activityId": COURSE.id},
        ActivityProfileDocument(id="likes", activity=COURSE, content="tea", content_type="text/plain"),
        lambda lrs: (lrs.retrieve_activity_profile, lrs.retrieve_activity_profile_ids, COURSE),
        lambda lrs: (lrs.save_activity_profile, lrs.delete_activity_profile),
    ),
}


def profiles(by: Clients) -> None:
    for resource, (owner, document, reads, writes) in PROFILES.items():
        get, listing, whom = reads(by.profiler)
        save, delete = writes(by.profiler)
        address = {**owner, "profileId": document.id}
        document.etag = None
        refused(save(document), 400)  # 1.0.3: nobody overwrites what they have not seen
        create = partial(asked, by.profiler, "PUT", resource, "tea", query_params=address)
        assert create(headers={"If-None-Match": "*", "Content-Type": "text/plain"}).success
        refused(create(headers={"If-None-Match": "*", "Content-Type": "text/plain"}), 412)
        answer = get(whom, document.id)
        assert bytes(good(answer).content) == b"tea"
        assert answer.response.getheader("content-type") == "text/plain"
        assert good(listing(whom)) == ["likes"]
        document.etag = answer.response.getheader("etag")
        document.content = "coffee"
        good(save(document))
        refused(save(document), 412)  # somebody else has changed it, namely we
        document.etag = get(whom, document.id).response.getheader("etag")
        good(delete(document))
        assert get(whom, document.id).response.status == 404
        refused(reads(by.writer)[1](whom), 403)


def about(by: Clients) -> None:
    told = good(by.writer.about())
    assert "1.0.3" in told.version
    nobody = by.known("nobody", "guess")
    assert nobody.about().success
    refused(nobody.save_statement(Statement(actor=ADA, verb=PASSED, object=COURSE)), 401)


def scopes(by: Clients) -> None:
    refused(by.writer.query_statements({}), 403)
    refused(by.reader.save_statement(Statement(actor=ADA, verb=PASSED, object=COURSE)), 403)
    refused(by.profiler.query_statements({}), 403)
    own = good(by.player.save_statement(Statement(actor=BOB, verb=PASSED, object=COURSE)))
    mine = good(by.player.query_statements({}))
    assert str(own.id) in ids(mine)
    assert {one.authority.account.name for one in mine.statements} == {"player"}
    everybody = good(by.boss.query_statements({}))
    assert {one.authority.account.name for one in everybody.statements} == {"player", "writer"}


PARTS = (statements, voiding, attachments, state, profiles, about, scopes)


async def test_an_independent_client_does_all_of_xapi(tmp_path: Path) -> None:
    async with lrs(tmp_path) as stage:
        by = Clients(stage.scene.endpoint)
        for part in PARTS:
            await trio.to_thread.run_sync(part, by)


async def test_a_credential_made_while_it_runs_is_in_force_until_it_is_revoked(tmp_path: Path) -> None:
    async with lrs(tmp_path) as stage:
        create = ("--json", "credential", "create", "campus/campus", "--name", "bi", "--scope", "all/read")
        made = await lmsyncctl(stage.scene, *create)
        assert made.returncode == 0, made.stderr
        (told,) = [json.loads(line) for line in made.stdout.splitlines() if b'"secret"' in line]
        client = Clients(stage.scene.endpoint).known("bi", told["secret"])
        assert ids(good(await trio.to_thread.run_sync(client.query_statements, {}))) == []
        assert (await lmsyncctl(stage.scene, "credential", "revoke", "campus/bi")).returncode == 0
        refused(await trio.to_thread.run_sync(client.query_statements, {}), 401)
