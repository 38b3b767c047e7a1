"""Whatever is done, in whatever order, at whatever door: nothing that is one tenant's reads or acts in the other.

Two tenants of one daemon, over real HTTP. Each step takes something that lets somebody in (a client's secret, a signed
token, a signature, a session, a state that is under way) and tries it at a door of either tenant. At its own it works,
or the test would prove nothing; at the other it is refused, leaves nothing behind, and shows nothing of who is there.
"""

import itertools
import json
from collections.abc import Iterator
from urllib.parse import urlencode
from uuid import UUID

import pytest
import trio
from attacks_on_events import event, slack
from attacks_on_sessions import begun_errand, form
from besieged import SECRETS, TEAM_IDS, TENANTS, WORDS, Answer, Besieged, basic, lrs, request
from browser import Begun, SignedIn, back, begin, sign_in
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule, run_state_machine_as_test

from daemon.control import protocol as p

EXAMPLES, STEPS = 20, 40
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""What the daemon has been told stays: a failure is not made smaller by hundreds of runs, each on top of the others."""
TENANT = st.sampled_from(TENANTS)
NUMBERS = itertools.count(1)
VERB = "http://adlnet.gov/expapi/verbs/experienced"


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    stage = Besieged(tmp_path_factory.mktemp("apart"))
    try:
        trio.run(stage.open)
        yield stage
    finally:
        trio.run(stage.close)


class Apart(RuleBasedStateMachine):
    """What the tenants' people and clients hold, and what each tenant has been told."""

    stage: Besieged
    clients = Bundle("clients")
    sessions = Bundle("sessions")
    arrivals = Bundle("arrivals")
    errands = Bundle("errands")

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, dict[str, str]] = {tenant: {} for tenant in TENANTS}
        self.gone: set[str] = set()

    # ── what they hold ───────────────────────────────────────────────────────────────────────────────

    @initialize(target=clients)
    def those_of_the_files(self) -> object:
        return multiple(*((tenant, "moodle", SECRETS[f"{tenant}-lrs"]) for tenant in TENANTS))

    @rule(target=clients, tenant=TENANT)
    def a_client_is_made(self, tenant: str) -> tuple[str, str, str]:
        name = f"client-{next(NUMBERS)}"
        rows = self.stage.ask(p.CredentialCreate(source=f"{tenant}/campus", name=name, scopes=("all",)))
        return tenant, name, str(next(row["secret"] for row in rows if row["kind"] == "secret"))

    @rule(client=clients)
    def a_client_is_revoked(self, client: tuple[str, str, str]) -> None:
        tenant, name, _ = client
        if name != "moodle" and name not in self.gone:
            self.stage.ask(p.CredentialRevoke(names=(f"{tenant}/{name}",)))
            self.gone.add(name)

    @rule(target=sessions, tenant=TENANT)
    def somebody_signs_in(self, tenant: str) -> SignedIn:
        """Somebody else each time: one person's oldest session ends when they have many."""
        return sign_in(self.stage, tenant, sub=f"person-{next(NUMBERS)}")

    @rule(target=arrivals, tenant=TENANT)
    def somebody_is_at_the_provider(self, tenant: str) -> Begun:
        return begin(self.stage, tenant)

    @rule(target=errands, session=sessions)
    def somebody_is_at_the_vendor(self, session: SignedIn) -> object:
        if session.cookie in self.gone:
            return multiple()
        told = self.stage.send(form(session, f"/t/{session.tenant}/connect/chat", self.stage))
        assert told.status == 200
        return session.tenant, session, told.body.decode().partition("state=")[2].partition("&")[0].partition('"')[0]

    # ── where they try it ────────────────────────────────────────────────────────────────────────────

    @rule(client=clients, at=TENANT)
    def a_statement_is_sent(self, client: tuple[str, str, str], at: str) -> None:
        tenant, name, secret = client
        number = next(NUMBERS)
        statement_id, mark = str(UUID(int=number)), f"{at}-mark-{number}-of-{tenant}"
        told = {"id": statement_id, "actor": {"mbox": "mailto:ada@example.edu"}, "verb": {"id": VERB}}
        told["object"] = {"id": "https://lms.test/1", "definition": {"name": {"en": mark}}}
        answer = self._tried(tenant, lrs("POST", at, basic(name, secret), body=json.dumps(told).encode()))
        if tenant == at and name not in self.gone:
            assert answer.status == 200
            self.told[at][statement_id] = mark
        else:
            assert answer.status == 401
            reader = lrs(
                "GET", at, basic("reader", SECRETS[f"{at}-reader"]), path=f"statements?statementId={statement_id}"
            )
            assert self.stage.send(reader).status == 404

    @rule(client=clients, at=TENANT, of=TENANT)
    def a_statement_is_asked_for(self, client: tuple[str, str, str], at: str, of: str) -> None:
        """By its id, which is no secret: ``of`` has it, or nobody."""
        tenant, name, secret = client
        statement_id = next(reversed(self.told[of]), str(UUID(int=0)))
        path = f"statements?{urlencode({'statementId': statement_id})}"
        answer = self._tried(tenant, lrs("GET", at, basic(name, secret), path=path))
        if tenant != at or name in self.gone:
            assert answer.status == 401
        elif name != "moodle":  # that one may only write
            assert answer.status == (200 if statement_id in self.told[at] else 404)

    @rule(
        client=clients,
        at=TENANT,
        place=st.sampled_from(["statements?limit=5", "activities/state?", "agents?", "about"]),
    )
    def the_lrs_is_asked(self, client: tuple[str, str, str], at: str, place: str) -> None:
        tenant, name, secret = client
        more = {
            "activities/state?": "activityId=http%3A%2F%2Fo&agent=%7B%22mbox%22%3A%22mailto%3Aada%40example.edu%22%7D"
        }
        more["agents?"] = "agent=%7B%22mbox%22%3A%22mailto%3Aada%40example.edu%22%7D"
        answer = self._tried(tenant, lrs("GET", at, basic(name, secret), path=place + more.get(place, "")))
        if (tenant != at or name in self.gone) and place != "about":
            assert answer.status == 401

    @rule(tenant=TENANT, at=TENANT)
    def canvas_calls(self, tenant: str, at: str) -> None:
        token = self.stage.token(tenant, {"metadata": {"event_name": "nothing_we_know"}, "body": {}})
        answer = self._tried(tenant, request("POST", f"/t/{at}/hooks/canvas", token))
        assert answer.status < 300 if tenant == at else answer.status == 401

    @rule(tenant=TENANT, at=TENANT, team=TENANT)
    def slack_calls(self, tenant: str, at: str, team: str) -> None:
        """Signed by one tenant's app, about one tenant's workspace, at one tenant's door: the same for all."""
        body = event(TEAM_IDS[team], event_id=f"Ev{next(NUMBERS)}", event={"type": "nothing_we_know"})
        answer = self._tried(tenant, slack(body, secret=SECRETS[f"{tenant}-signing"], tenant=at)(self.stage))
        expected = 401 if tenant != at else 403 if team != at else 200
        assert answer.status == expected

    @rule(session=sessions, at=TENANT)
    def a_page_is_looked_at(self, session: SignedIn, at: str) -> None:
        """By the cookie's own name and by the other tenant's."""
        value = session.cookie.partition("=")[2]
        cookies = "; ".join(f"lmsyncd-{tenant}={value}" for tenant in TENANTS)
        answer = self._tried(session.tenant, request("GET", f"/t/{at}/connect", Cookie=cookies))
        assert answer.status == (200 if session.tenant == at and session.cookie not in self.gone else 303)

    @rule(session=sessions, at=TENANT)
    def an_account_is_to_be_connected(self, session: SignedIn, at: str) -> None:
        value = session.cookie.partition("=")[2]
        held = SignedIn(at, f"lmsyncd-{at}={value}", session.csrf)
        answer = self._tried(session.tenant, form(held, f"/t/{at}/connect/chat", self.stage))
        assert answer.status == (200 if session.tenant == at and session.cookie not in self.gone else 303)

    @rule(session=sessions, errand=errands, at=TENANT)
    def somebody_is_back_from_the_vendor(self, session: SignedIn, errand: tuple[str, SignedIn, str], at: str) -> None:
        """With a state that was given to one session, in another: nothing is connected."""
        tenant, owner, state = errand
        value = session.cookie.partition("=")[2]
        path = f"/t/{at}/connect/chat/callback?{urlencode({'state': state, 'code': 'x'})}"
        answer = self._tried(session.tenant, request("GET", path, Cookie=f"lmsyncd-{at}={value}"))
        if session.tenant != at or session.cookie in self.gone:
            assert answer.status == 303
            assert answer.headers["location"].endswith(f"/t/{at}/sso")
        elif owner != session or tenant != at:
            assert answer.status == 400

    @rule(arrival=arrivals, at=TENANT, by=TENANT)
    def somebody_is_back_from_the_provider(self, arrival: Begun, at: str, by: str) -> None:
        """A state of one tenant, a token of one provider, at one tenant's door."""
        idp, code = self.stage.idp, f"code-{next(NUMBERS)}"
        idp.put(code, at, idp.signed(by, idp.claims(at, arrival.nonce)))
        answer = self._tried(by, back(arrival, code, tenant=at))
        first = arrival.state not in self.gone
        if arrival.tenant == at and first:
            self.gone.add(arrival.state)
        good = arrival.tenant == at == by and first
        assert answer.status == 303 if good else answer.status in (400, 403)
        assert (f"set-cookie: lmsyncd-{at}=" in answer.raw.decode("latin-1").lower()) is good

    @rule(session=sessions)
    def somebody_signs_out(self, session: SignedIn) -> None:
        self.stage.send(form(session, f"/t/{session.tenant}/sso/sign-out", self.stage))
        self.gone.add(session.cookie)

    # ── what must hold ───────────────────────────────────────────────────────────────────────────────

    def _tried(self, tenant: str, raw: bytes) -> Answer:
        """Whoever is let in by something of ``tenant`` sees nothing of the other."""
        answer = self.stage.send(raw)
        text = answer.raw.decode("latin-1")
        for other in TENANTS:
            if other != tenant:
                assert WORDS[other] not in text
                assert not any(mark in text for mark in self.told[other].values())
        assert not any(secret in text for secret in SECRETS.values())
        assert answer.status < 500 or answer.status == 502  # the vendor does not take a code that we made up
        return answer


def test_nothing_of_one_tenant_reads_or_acts_in_the_other(besieged: Besieged) -> None:
    assert begun_errand(besieged, sign_in(besieged))  # it can be connected, or some steps would prove nothing

    class Here(Apart):
        stage = besieged

    quick = settings(max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, phases=PHASES)
    run_state_machine_as_test(Here, settings=quick)
