"""Entra's pages: on which a person lets the app act for them, and on which an administrator lets it act by itself."""

from actors.domain.flow import Request, Response
from actors.ports.consenting import (
    CHALLENGE,
    Asking,
    asked,
    form_of,
    may_return,
    posted_back,
    query_of,
    said,
    sent_back,
)
from actors.targets.teams.fake.assertions import CLIENT
from actors.targets.teams.fake.grants import PLAIN, Code, Grants, named
from actors.targets.teams.fake.people import POSTER
from actors.targets.teams.fake.space import Space

WRONG = "Something is wrong with this request"
HOME = "5a2d0a00-0000-4000-8000-000000000d17"
"""The directory of whoever signs in at /common or /organizations."""


class Doors:
    """Both pages. GET shows one; POST, with the same parameters and a decision, goes back to where it came from."""

    def __init__(self, grants: Grants, space: Space) -> None:
        self._grants = grants
        self._space = space

    def authorize(self, directory: str, request: Request, now_s: float) -> Response:
        given = form_of(request) if request.method == "POST" else query_of(request)
        if wrong := self._astray(given):
            return said(400, WRONG, wrong)
        back, state = given["redirect_uri"], given.get("state", "")
        send = posted_back if given.get("response_mode") == "form_post" else sent_back
        if wrong := _mistaken(given):
            return sent_back(back, error="invalid_request", error_description=wrong, state=state)
        if given.get("prompt") == "none":
            detail = "AADSTS50058: A silent sign-in request was sent but no user is signed in."
            return send(back, error="login_required", error_description=detail, state=state)
        if request.method != "POST":
            hidden = {name: text for name, text in given.items() if name not in ("user", "decision")}
            typed = {"user": ("Signed in as", given.get("login_hint") or POSTER)}
            return asked(
                Asking(
                    title="Permissions requested: lmsyncd",
                    wants=named(given["scope"]),
                    action=request.url.partition("?")[0],
                    hidden=hidden,
                    typed=typed,
                )
            )
        if given.get("decision") != "allow":
            detail = "AADSTS65004: User declined to consent to access the app."
            return send(back, error="access_denied", error_description=detail, state=state)
        who = given.get("user") or given.get("login_hint") or POSTER
        person = self._space.signed_in(who)
        if person is None:
            return said(400, WRONG, "AADSTS50034: The user account does not exist in the directory.")
        code = Code(
            directory=HOME if directory in ("common", "organizations") else directory,
            person=person,
            scopes=named(given["scope"]),
            redirect_uri=back,
            challenge=given.get("code_challenge", ""),
            nonce=given.get("nonce", ""),
            ends_s=now_s + self._grants.terms.code_life_s,
        )
        text = self._grants.promise(code, now_s)
        return send(back, code=text, state=state)

    def admin_consent(self, directory: str, request: Request, now_s: float) -> Response:
        given = form_of(request) if request.method == "POST" else query_of(request)
        if wrong := self._astray(given):
            return said(400, WRONG, wrong)
        back, state = given["redirect_uri"], given.get("state", "")
        if request.method != "POST":
            hidden = {name: text for name, text in given.items() if name != "decision"}
            wants = self._grants.terms.app_permissions or ["everything the app's registration names"]
            action = request.url.partition("?")[0]
            return asked(Asking(title="Permissions for your organization", wants=wants, action=action, hidden=hidden))
        if given.get("decision") != "allow":
            detail = "AADSTS65004: The administrator declined to consent."
            return sent_back(back, error="permission_denied", error_description=detail, state=state)
        where = HOME if directory in ("common", "organizations") else directory
        self._grants.admitted.add(where)
        self._grants.disabled.discard(where)
        return sent_back(back, tenant=where, state=state, admin_consent="True")

    def _astray(self, given: dict[str, str]) -> str:
        """Why nobody can be sent back; empty if somebody can."""
        if given.get("client_id") != CLIENT:
            return "AADSTS700016: The application was not found in the directory."
        if not may_return(given.get("redirect_uri", ""), self._grants.terms.redirect_urls, below=False):
            return "AADSTS50011: The redirect URI does not match the redirect URIs configured for the application."
        return ""


def _mistaken(given: dict[str, str]) -> str:
    """What is wrong with a request whose sender can be told; empty if nothing is."""
    if given.get("response_type") != "code":
        return "AADSTS70016: The response_type is code."
    if given.get("response_mode", "query") not in ("query", "form_post"):
        return "AADSTS900561: The sandbox answers in the query, or by a form that is posted."
    if not given.get("scope"):
        return "AADSTS900144: The request must contain the parameter: 'scope'."
    if set(named(given["scope"])) <= PLAIN - {"openid"}:
        return "AADSTS70011: The scope names no resource."
    challenge = given.get("code_challenge")
    if challenge is not None and not (CHALLENGE.fullmatch(challenge) and given.get("code_challenge_method") == "S256"):
        return "AADSTS50147: The code_challenge is invalid: the method is S256."
    return ""
