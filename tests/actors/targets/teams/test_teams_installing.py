"""The Teams app comes to a learner before the first notification: asked for once, installed once, and again if gone."""

from urllib.parse import unquote

import msgspec
import pytest
from teams_stage import USER, Talk, build, change, parcel

from actors.domain.flow import Flow, Lost, NotSent, Outcome, Request, Response
from actors.domain.verdicts import Cause, Delivered, Faulted, Matched, Refused, Throttled, Unavailable, Verdict

CATALOG = "7c1d0000-0000-4000-8000-0000000000cc"
FORBIDDEN = Response(status=403, body=b'{"error":{"code":"Forbidden","message":"x"}}')
THERE = Response(status=200, body=b'{"value":[{"id":"aW5z"}]}')
NOT_THERE = Response(status=200, body=b'{"value":[]}')
FOUND = Response(status=200, body=msgspec.json.encode({"id": USER}))
SENT = Response(status=204)


class Script:
    """Answers by operation, one after the other, the last one for ever; tokens are simply given."""

    def __init__(self, **answers: list[Outcome]) -> None:
        self._answers = answers
        self.requests: list[Request] = []

    @property
    def operations(self) -> list[str]:
        return [request.operation for request in self.requests]

    def run(self, flow: Flow[Verdict]) -> object:
        try:
            request = next(flow)
            while True:
                request = flow.send(self._answer(request))
        except StopIteration as end:
            return end.value

    def _answer(self, request: Request) -> Outcome:
        if "oauth2" in request.url:
            return Response(status=200, body=b'{"access_token":"t","token_type":"Bearer","expires_in":3599}')
        self.requests.append(request)
        name = request.operation.replace(".", "_").replace("installedApps_", "apps_")
        answers = self._answers[name]
        return answers.pop(0) if len(answers) > 1 else answers[0]


def test_whoever_is_found_first_is_given_the_app() -> None:
    talk = Script(users_get=[FOUND], apps_list=[NOT_THERE], apps_post=[Response(status=201)])
    assert talk.run(build(catalog_app_id=CATALOG).find("ada@example.edu")) == Matched(USER, USER)
    assert talk.operations == ["users.get", "installedApps.list", "installedApps.post"]
    asked, installed = talk.requests[1:]
    assert unquote(asked.url).endswith(f"/installedApps?$expand=teamsApp&$filter=teamsApp/id eq '{CATALOG}'")
    assert installed.url == f"http://s/graph/v1.0/users/{USER}/teamwork/installedApps"
    bound = msgspec.json.decode(installed.body)["teamsApp@odata.bind"]
    assert bound == f"https://graph.microsoft.com/v1.0/appCatalogs/teamsApps/{CATALOG}"


def test_whoever_has_it_is_only_asked_about() -> None:
    talk = Script(users_get=[FOUND], apps_list=[THERE])
    assert talk.run(build(catalog_app_id=CATALOG).find("ada@example.edu")) == Matched(USER, USER)
    assert talk.operations == ["users.get", "installedApps.list"]


def test_somebody_else_was_quicker() -> None:
    talk = Script(users_get=[FOUND], apps_list=[NOT_THERE], apps_post=[Response(status=409, body=b"{}")])
    assert talk.run(build(catalog_app_id=CATALOG).find("ada@example.edu")) == Matched(USER, USER)


def test_whoever_is_found_by_mail_is_given_it_too() -> None:
    nobody = Response(status=404, body=b'{"error":{"code":"Request_ResourceNotFound"}}')
    listed = Response(status=200, body=msgspec.json.encode({"value": [{"id": USER}]}))
    talk = Script(users_get=[nobody], users_list=[listed], apps_list=[NOT_THERE], apps_post=[Response(status=201)])
    assert talk.run(build(catalog_app_id=CATALOG).find("ada@example.edu")) == Matched(USER, USER)


def test_without_the_catalogue_s_id_nothing_is_installed() -> None:
    talk = Script(users_get=[FOUND])
    assert talk.run(build().find("ada@example.edu")) == Matched(USER, USER)
    assert talk.operations == ["users.get"]
    assert build().costs("x", to_learner=True, known=False) == (("lookup",), ("activity",))
    target = build(catalog_app_id=CATALOG)
    assert target.costs("x", to_learner=True, known=False) == (("lookup",), ("installs",), ("installs",), ("activity",))
    assert target.costs("x", to_learner=True, known=True) == (("activity",),)
    assert target.rate("installs").per_s > 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(NotSent("x"), Unavailable), (Lost("x"), Unavailable), (Response(status=429), Throttled)],
)
def test_what_passes_by_is_waited_for(answer: Outcome, kind: type) -> None:
    """Nobody is remembered as found before the app could be asked for."""
    for answers in ({"apps_list": [answer]}, {"apps_list": [NOT_THERE], "apps_post": [answer]}):
        talk = Script(users_get=[FOUND], **answers)
        assert isinstance(talk.run(build(catalog_app_id=CATALOG).find("ada@example.edu")), kind)


def test_a_refusal_to_install_finds_the_learner_all_the_same() -> None:
    """An app setup policy may have installed it: the notification shows."""
    talk = Script(users_get=[FOUND], apps_list=[FORBIDDEN])
    assert talk.run(build(catalog_app_id=CATALOG).find("ada@example.edu")) == Matched(USER, USER)


# ── when it is gone ──────────────────────────────────────────────────────────────────────────────────


def test_whoever_took_it_away_is_given_it_again_and_notified() -> None:
    talk = Script(sendActivityNotification=[FORBIDDEN, SENT], apps_list=[NOT_THERE], apps_post=[Response(status=201)])
    verdict = talk.run(build(catalog_app_id=CATALOG).deliver(parcel(USER)))
    assert isinstance(verdict, Delivered)
    assert talk.operations == [
        "sendActivityNotification",
        "installedApps.list",
        "installedApps.post",
        "sendActivityNotification",
    ]
    first, *_, last = talk.requests
    assert first.body == last.body
    ids = [request.headers["client-request-id"] for request in talk.requests]
    assert len(set(ids)) == len(ids)


def test_a_refusal_that_the_app_does_not_explain_is_told_as_such() -> None:
    talk = Script(sendActivityNotification=[FORBIDDEN], apps_list=[THERE])
    verdict = talk.run(build(catalog_app_id=CATALOG).deliver(parcel(USER)))
    assert isinstance(verdict, Faulted)
    assert "TeamsActivity.Send" in verdict.detail
    assert talk.operations == ["sendActivityNotification", "installedApps.list"]


def test_an_app_that_came_a_moment_ago_may_not_be_known_yet() -> None:
    """It is tried again later, not for ever; and installed once, not in a circle."""
    talk = Script(sendActivityNotification=[FORBIDDEN], apps_list=[NOT_THERE], apps_post=[Response(status=201)])
    assert isinstance(talk.run(build(catalog_app_id=CATALOG).deliver(parcel(USER))), Faulted)
    assert talk.operations.count("installedApps.post") == 1
    assert talk.operations.count("sendActivityNotification") == 2


def test_who_may_not_install_is_told_which_permission_is_lacking() -> None:
    talk = Script(sendActivityNotification=[FORBIDDEN], apps_list=[NOT_THERE], apps_post=[FORBIDDEN])
    verdict = talk.run(build(catalog_app_id=CATALOG).deliver(parcel(USER)))
    assert isinstance(verdict, Refused)
    assert verdict.cause is Cause.MISSING_PERMISSION
    assert "TeamsAppInstallation.ReadWriteSelfForUser.All" in verdict.detail


def test_an_app_that_the_catalogue_has_not_is_told_as_such() -> None:
    gone = Response(status=404, body=b'{"error":{"code":"NotFound"}}')
    talk = Script(sendActivityNotification=[FORBIDDEN], apps_list=[NOT_THERE], apps_post=[gone])
    verdict = talk.run(build(catalog_app_id=CATALOG).deliver(parcel(USER)))
    assert isinstance(verdict, Refused)
    assert "catalog_app_id" in verdict.detail


def test_without_the_catalogue_s_id_a_refusal_says_what_to_do() -> None:
    talk = Script(sendActivityNotification=[FORBIDDEN])
    verdict = talk.run(build().deliver(parcel(USER)))
    assert isinstance(verdict, Refused)
    assert "catalog_app_id" in verdict.detail


# ── types of activity ────────────────────────────────────────────────────────────────────────────────


def test_each_kind_of_change_may_be_a_type_of_activity() -> None:
    body = build(activity_type="kind").preview(parcel(USER))
    assert body["activityType"] == "course_completed"
    assert body["templateParameters"] == [{"name": "text", "value": "Well done"}]
    digest = build(activity_type="kind").preview(parcel(USER, items=(change(), change())))
    assert digest["activityType"] == "digest"
    assert build().preview(parcel(USER))["activityType"] == "systemDefault"


# ── before a believable Graph ────────────────────────────────────────────────────────────────────────


def test_a_graph_that_wants_the_app_is_satisfied() -> None:
    """Nobody is notified in vain: it is there before the first notification, asked for once, and back if it is gone."""
    talk, target = Talk(), build(catalog_app_id=CATALOG)
    talk.fake.terms.require_install = True
    found = talk.run(target.find("ada@example.edu"))
    assert isinstance(found, Matched)
    assert isinstance(talk.run(target.deliver(parcel(found.address))), Delivered)
    assert talk.operations.count("sendActivityNotification") == 1
    assert isinstance(talk.run(target.find("ada@example.edu")), Matched)
    assert talk.operations.count("installedApps.post") == 1
    talk.fake._space.installed.clear()
    assert isinstance(talk.run(target.deliver(parcel(found.address, delivery_id="2" * 32))), Delivered)
    assert talk.operations.count("installedApps.post") == 2


def test_a_graph_that_wants_the_app_refuses_where_nobody_installs_it() -> None:
    talk, target = Talk(), build()
    talk.fake.terms.require_install = True
    found = talk.run(target.find("ada@example.edu"))
    assert isinstance(found, Matched)
    assert isinstance(talk.run(target.deliver(parcel(found.address))), Refused)
