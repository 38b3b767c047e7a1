"""Subscriptions to changes, and the notifications that Graph sends to whoever subscribed.

An address has to answer a validation token before it is subscribed. What is sent and not taken is sent again, ever
later, for hours; what a subscription was for at its end is silent. Nothing is signed: ``clientState`` comes along.
"""

import uuid
from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote, urlsplit

import msgspec

from actors.domain.flow import Outcome, Request, Response, decode_object
from actors.ports import Answer, Errand
from actors.ports.faults import Faults
from actors.ports.sendings import Sending, Tray
from actors.targets.teams.fake.calls import Call
from actors.targets.teams.fake.door import HOME
from actors.targets.teams.fake.grants import Token
from actors.targets.teams.fake.kinds import SENDING
from actors.targets.teams.fake.permissions import demand
from actors.targets.teams.fake.replies import IDS, Fields, Letterhead, Refusal, iso
from actors.targets.teams.fake.resources import Resource, resource_of
from actors.targets.teams.fake.signing import GRAPH_APP, sign
from actors.targets.teams.fake.terms import Terms

NOTIFY = "notifications.send"
"""What sendings are called to faults."""
AGAIN_S = (10.0, 60.0, 600.0, 3_600.0, 10_000.0)
HELD_S = 5.0
LONELY_S = 3_600.0
"""A subscription to Teams may live longer only with an address for news of its own life."""
STATE_CHARS_MAX = 128
SUBSCRIPTIONS_MAX = 1_000
CHANGES = frozenset({"created", "updated", "deleted"})
LIFECYCLE = frozenset({"reauthorizationRequired", "subscriptionRemoved", "missed"})


class Subscription(msgspec.Struct):
    """One of an app's in a directory."""

    id: str
    directory: str
    resource: Resource
    changes: frozenset[str]
    url: str
    lifecycle_url: str
    state: str
    ends_s: float

    def fields(self) -> Fields:
        return {
            "id": self.id,
            "resource": self.resource.path,
            "changeType": ",".join(sorted(self.changes)),
            "notificationUrl": self.url,
            "lifecycleNotificationUrl": self.lifecycle_url or None,
            "clientState": None,
            "expirationDateTime": iso(self.ends_s),
            "applicationId": "sandbox",
        }


class Watching:
    """All subscriptions."""

    def __init__(self, terms: Terms, faults: Faults, letters: Letterhead) -> None:
        self.tray = Tray()
        self._terms = terms
        self._faults = faults
        self._letters = letters
        self._kept: dict[str, Subscription] = {}
        self._count = 0

    # ── what is asked ────────────────────────────────────────────────────────────────────────────

    def perform(self, call: Call, request: Request, token: Token, now_s: float) -> Answer:
        """Raises Refusal."""
        if call.operation == "subscriptions.post":
            return self._create(request, token, now_s)
        mine = {each.id: each for each in self._alive(now_s) if each.directory == _directory(token)}
        if call.operation == "subscriptions.list":
            listed: Fields = {"value": [each.fields() for each in mine.values()]}
            return self._told(request, now_s, 200, listed)
        found = mine.get(call.destination)
        if found is None:
            raise Refusal(404, "ResourceNotFound", "The object was not found.")
        match call.operation:
            case "subscriptions.patch":
                found.ends_s = _ends_s(_given(request), found.resource, bool(found.lifecycle_url), now_s)
            case "subscriptions.delete":
                del self._kept[found.id]
                return self._told(request, now_s, 204)
            case "subscriptions.reauthorize":
                return self._told(request, now_s, 204)
            case _:
                pass  # it is only looked at
        return self._told(request, now_s, 200, found.fields())

    def _create(self, request: Request, token: Token, now_s: float) -> Answer:
        given = _given(request)
        resource = resource_of(str(given.get("resource") or ""))
        demand(resource.permissions(app=token.app), token)
        changes = frozenset(each.strip() for each in str(given.get("changeType") or "").split(","))
        if not changes <= CHANGES:
            raise Refusal(400, "InvalidRequest", "The changeType is created, updated or deleted, or several of them.")
        url, lifecycle_url = _address(given, "notificationUrl"), ""
        if given.get("lifecycleNotificationUrl") is not None:
            lifecycle_url = _address(given, "lifecycleNotificationUrl")
        state = str(given.get("clientState") or "")
        if len(state) > STATE_CHARS_MAX:
            raise Refusal(400, "InvalidRequest", f"The clientState has at most {STATE_CHARS_MAX} characters.")
        ends_s = _ends_s(given, resource, bool(lifecycle_url), now_s)
        if len(self._alive(now_s)) >= SUBSCRIPTIONS_MAX:
            raise Refusal(403, "Forbidden", "The number of subscriptions has reached its limit.")
        self._count += 1
        name = str(uuid.uuid5(IDS, f"subscription {self._count} {now_s}"))
        made = Subscription(name, _directory(token), resource, changes, url, lifecycle_url, state, ends_s)
        return self._validated([url, *([lifecycle_url] if lifecycle_url not in ("", url) else [])], made, request)

    def _validated(self, urls: list[str], made: Subscription, request: Request) -> Answer:
        """Each address in turn has to answer a token; then the subscription is there."""
        text = f"Validation: Testing client application reachability for subscription Request-Id: {made.id}"
        url = f"{urls[0]}{'&' if '?' in urls[0] else '?'}validationToken={quote(text)}"

        def then(outcome: Outcome, now_s: float) -> Answer:
            if wrong := _unreachable(outcome, text):
                message = f"Subscription validation request failed. {wrong}"
                return self._letters.graph_error(request, now_s, 400, "ValidationError", message)
            if urls[1:]:
                return self._validated(urls[1:], made, request)
            self._kept[made.id] = made
            return self._told(request, now_s, 201, made.fields())

        headers = {"content-type": "text/plain; charset=utf-8"}
        asked = Request(method="POST", url=url, operation="graph.validate", headers=headers)
        silent = self._letters.graph_error(request, 0.0, 504, "GatewayTimeout", "Nobody asked the address.")
        return msgspec.structs.replace(silent, errand=Errand(request=asked, then=then))

    def _told(self, request: Request, now_s: float, status: int, fields: Fields | None = None) -> Answer:
        if fields is None:
            return Answer(response=Response(status=status, headers=self._letters.headers(request, now_s)))
        return Answer(response=self._letters.json(request, now_s, status, fields))

    # ── what is told ─────────────────────────────────────────────────────────────────────────────

    def changed(self, path: str, change: str, data: Fields, now_s: float) -> None:
        """Something changed: whoever subscribed to it is told."""
        for each in self._alive(now_s):
            if change in each.changes and each.resource.covers(path):
                told: Fields = {"changeType": change, "resource": path, "resourceData": data}
                self._tell(each, each.url, told, now_s)

    def lifecycle(self, event: str, now_s: float) -> int:
        """News of the subscriptions' own lives, to those that have an address for it; how many were told."""
        told = [each for each in self._alive(now_s) if each.lifecycle_url]
        for each in told:
            self._tell(each, each.lifecycle_url, {"lifecycleEvent": event, "resource": each.resource.path}, now_s)
        if event == "subscriptionRemoved":
            self._kept.clear()
        return len(told)

    def _alive(self, now_s: float) -> list[Subscription]:
        self._kept = {name: each for name, each in self._kept.items() if now_s < each.ends_s}
        return list(self._kept.values())

    def _tell(self, about: Subscription, url: str, told: Fields, now_s: float) -> None:
        fault = self._faults.strike(NOTIFY, about.resource.path, lambda each: each.kind in SENDING)
        kind = fault.kind if fault is not None else ""
        if kind == "lost":
            return
        self._count += 1
        item: Fields = {
            "id": str(uuid.uuid5(IDS, f"notification {self._count} {now_s}")),
            "subscriptionId": about.id,
            "subscriptionExpirationDateTime": iso(about.ends_s),
            "clientState": "somebody else's" if kind == "bad_client_state" else about.state or None,
            "tenantId": about.directory,
            **told,
        }
        body: Fields = {"value": [item]}
        if self._terms.validation_tokens:
            body["validationTokens"] = [_validation_token(about.directory, now_s, self._terms.signing_key)]
        held_s = float(fault.value or HELD_S) if fault is not None and kind == "out_of_order" else 0.0
        what = f"graph {told.get('changeType') or told.get('lifecycleEvent')}"
        for _ in range(2 if kind == "duplicate" else 1):
            self.tray.put(self._sending(what, url, msgspec.json.encode(body), 0, now_s + held_s))

    def _sending(self, what: str, url: str, body: bytes, number: int, due_s: float) -> Sending:
        request = Request(
            method="POST",
            url=url,
            operation="graph.notify",
            headers={"content-type": "application/json; charset=utf-8"},
            body=body,
        )

        def then(outcome: Outcome, now_s: float) -> None:
            taken = isinstance(outcome, Response) and 200 <= outcome.status < 300
            if not taken and number < len(AGAIN_S):
                self.tray.put(self._sending(what, url, body, number + 1, now_s + AGAIN_S[number]))

        return Sending(what=what, due_s=due_s, make=_always(request), then=then, patience_s=10.0)


def _always(request: Request) -> Callable[[float], Request]:
    return lambda now_s: request


def _unreachable(outcome: Outcome, text: str) -> str:
    """What is wrong with the answer to a validation token; empty if nothing is."""
    if not isinstance(outcome, Response):
        return "The request timed out or was not answered."
    plain = outcome.headers.get("content-type", "").partition(";")[0].strip() == "text/plain"
    if outcome.status != 200 or not plain or outcome.body.decode("utf-8", "replace") != text:
        return f"Must respond with 200 OK and the token as text/plain to this request, not HTTP {outcome.status}."
    return ""


def _given(request: Request) -> Fields:
    fields = decode_object(request.body)
    if fields is None:
        raise Refusal(400, "BadRequest", "Unable to read JSON request payload.")
    return fields


def _address(given: Fields, name: str) -> str:
    """An address on HTTPS; on loopback, where nobody listens in, HTTP will do."""
    url = str(given.get(name) or "")
    parts = urlsplit(url)
    near = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not parts.netloc or not (parts.scheme == "https" or (parts.scheme == "http" and near)):
        raise Refusal(400, "InvalidRequest", f"The {name} is an HTTPS address.")
    return url


def _ends_s(given: Fields, resource: Resource, watched: bool, now_s: float) -> float:
    try:
        until = datetime.fromisoformat(str(given.get("expirationDateTime")))
    except ValueError:
        raise Refusal(400, "InvalidRequest", "The expirationDateTime is missing, or is none.") from None
    if until.tzinfo is None or (ends_s := until.timestamp()) <= now_s:
        raise Refusal(400, "InvalidRequest", "Subscription expiration must be in the future, with a time zone.")
    if ends_s > now_s + resource.life_s_max:
        minutes = int(resource.life_s_max // 60)
        raise Refusal(400, "InvalidRequest", f"Subscription expiration can only be {minutes} minutes in the future.")
    if resource.of_teams and not watched and ends_s > now_s + LONELY_S:
        raise Refusal(400, "InvalidRequest", "lifecycleNotificationUrl is a required property for more than an hour.")
    return ends_s


def _directory(token: Token) -> str:
    return HOME if token.consent is None else token.consent.directory


def _validation_token(directory: str, now_s: float, kid: str) -> str:
    return sign(
        {
            "aud": "sandbox",
            "iss": f"https://login.microsoftonline.com/{directory}/v2.0",
            "iat": int(now_s),
            "nbf": int(now_s),
            "exp": int(now_s) + 3_600,
            "azp": GRAPH_APP,
            "tid": directory,
            "ver": "2.0",
        },
        kid,
    )
