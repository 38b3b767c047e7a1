"""The part of Microsoft Graph that is talked to: channel messages, notifications, people."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

import msgspec

from actors.domain.flow import Request, decode_object
from actors.ports import Effect
from actors.targets.teams.fake import apps, changes, directory, moves, places
from actors.targets.teams.fake.apps import NEEDS_APP, body_of
from actors.targets.teams.fake.calls import Call
from actors.targets.teams.fake.grants import NEW_PASSWORD, Grants, Token
from actors.targets.teams.fake.people import PERSON, SHOWN
from actors.targets.teams.fake.permissions import check
from actors.targets.teams.fake.replies import Fields, Refusal
from actors.targets.teams.fake.roster import Roster
from actors.targets.teams.fake.space import Space
from actors.targets.teams.fake.teams import Teams, team_fields
from actors.targets.teams.fake.terms import Terms

GRAPH = "https://graph.microsoft.com/v1.0/"
MESSAGE_BYTES_MAX = 28 * 1024
PAGE_ROWS_MAX = 50
PAGE_ROWS = 20
DEEP_LINKS = "https://teams.microsoft.com/l/"
CARD = "application/vnd.microsoft.card.adaptive"
_MARKS = re.compile(r'<attachment id="([^"]{1,200})"')
_AFTER = re.compile(r"lastModifiedDateTime gt (\S{1,40})", re.ASCII)
_EQUALS = re.compile(r"(mail|userPrincipalName) eq '((?:[^']|'')*)'")
_EITHER = re.compile(rf"(?:{_EQUALS.pattern})(?: or (?:{_EQUALS.pattern}))*")
INT64 = 2**63


class Graph:
    """Answers calls. Each returns status and body; raises ``Refusal``."""

    def __init__(self, space: Space, terms: Terms, grants: Grants) -> None:
        self.space = space
        self.terms = terms
        self.grants = grants
        self.teams = Teams(terms)
        self.roster = Roster(space, self.teams)

    def perform(
        self, call: Call, request: Request, token: Token, now_s: float
    ) -> tuple[int, Fields | None, dict[str, str]]:
        """Status, body, further headers."""
        check(call.operation, token)
        if call.operation == "teams.post" or call.operation.startswith("members."):
            effect = _effect(call.operation, call.destination, request, now_s)
            status, fields, where = self.roster.perform(call, request, token, effect)
            team = where.rpartition("/operations")[0]
            return status, fields, {"location": where, "content-location": team} if where else {}
        status, fields = self._perform(call, request, token, now_s)
        return status, fields, {}

    def _perform(self, call: Call, request: Request, token: Token, now_s: float) -> tuple[int, Fields | None]:
        match call.operation:
            case "channelMessages.post":
                return 201, self._post(call, request, token, now_s)
            case "channelMessages.list" | "channelMessages.delta":
                return 200, self._page(call, token, now_s)
            case "sendActivityNotification":
                self._notify(call, request, now_s)
                return 204, None
            case "users.get":
                named = call.destination.casefold()
                person = self.space.person(call.destination)
                if person is None or named not in (person["userPrincipalName"], person["id"]):
                    raise Refusal(404, "Request_ResourceNotFound", f"Resource '{call.destination}' does not exist.")
                return 200, _selected(person, call)
            case "users.list":
                return 200, self._search(call, request)
            case "groups.list":
                return 200, directory.groups(self.teams, call, now_s)
            case "groups.get":
                return 200, directory.group(self.teams, call, now_s)
            case "groups.delta":
                return 200, moves.page(self.teams, call, request, self.terms, now_s)
            case "users.delta":
                return 200, changes.page(self.space.people, call, request, self.terms, now_s)
            case "teams.get":
                return 200, directory.selected(call, team_fields(self.teams.there(call.destination, now_s)))
            case "channels.get" | "channels.list":
                return 200, places.shown(self.space, call)
            case "installedApps.post" | "installedApps.list" | "installedApps.delete" | "installedApps.chat":
                return apps.perform(self.space, call, request)
            case "me.revokeSignInSessions":
                if token.consent is not None and token.consent.person:
                    who = str(token.consent.person["id"])
                    self.grants.withdraw(NEW_PASSWORD, directory=token.consent.directory, person=who)
                return 200, {"@odata.context": f"{GRAPH}$metadata#Edm.Boolean", "value": True}
            case _:
                return 200, self._me(call, token)

    # ── channels ─────────────────────────────────────────────────────────────────────────────────

    def _post(self, call: Call, request: Request, token: Token, now_s: float) -> Fields:
        places.open_to_posts(self.space, call.destination)
        if token.app:
            raise Refusal(403, "Forbidden", "Missing role permissions: an app cannot post here by itself.")
        text, given = body_of(request)
        if len(text.encode("utf-16-le")) > MESSAGE_BYTES_MAX:
            raise Refusal(413, "RequestEntityTooLarge", "The message is larger than about 28 KB.")
        body, attachments = given.get("body"), given.get("attachments", [])
        content = body.get("content") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(content, str) or not content:
            raise Refusal(400, "BadRequest", "Missing body content.")
        if body.get("contentType", "text") not in ("text", "html"):
            raise Refusal(400, "BadRequest", "The content type is text or html.")
        if not isinstance(attachments, list):
            raise Refusal(400, "BadRequest", "Attachments are a list.")
        shown = [_attachment(each) for each in attachments]
        if set(_MARKS.findall(content)) != {each["id"] for each in shown} or len(shown) != len(set(_ids(shown))):
            raise Refusal(400, "BadRequest", "Attachments in the body and in the list do not match.")
        poster = _person_of(token)
        fields: Fields = {
            "body": {"contentType": body.get("contentType", "text"), "content": content},
            "attachments": shown,
            "subject": given.get("subject"),
            "summary": given.get("summary"),
            "importance": given.get("importance", "normal"),
            "mentions": [],
            "reactions": [],
            "from": {"user": {"id": poster["id"], "displayName": poster["displayName"]}, "application": None},
        }
        effect = _effect("channelMessages.post", call.destination, request, now_s)
        if not effect.delivery_id and shown:
            effect = msgspec.structs.replace(effect, delivery_id=str(shown[0]["id"]).replace("-", ""))
        return self.space.post(call.destination, fields, effect).fields

    def _page(self, call: Call, token: Token, now_s: float) -> Fields:
        """Lists run from new to old, deltas from old to new."""
        places.there(self.space, call.destination)
        delta = call.operation.endswith("delta")
        start, after, rows = _page_of(call.query, delta)
        found = self.space.channel(call.destination).visible(now_s, after)
        ordered = found if delta else found[::-1]
        page = ordered[start : start + rows]
        team, _, channel = call.destination.partition("/")
        path = f"{GRAPH}teams/{team}/channels/{quote(channel, safe='')}/messages{'/delta' if delta else ''}"
        answer: Fields = {"@odata.count": len(page), "value": [message.fields for message in page]}
        if start + rows < len(ordered):
            answer["@odata.nextLink"] = f"{path}?$skiptoken={_token(start + rows, after, rows)}"
        elif delta:
            newest = found[-1].id if found else after
            answer["@odata.deltaLink"] = f"{path}?$deltatoken={_token(0, newest, rows)}"
        return answer

    # ── notifications and people ─────────────────────────────────────────────────────────────────

    def _notify(self, call: Call, request: Request, now_s: float) -> None:
        user = apps.user_of(self.space, call.destination)
        if self.terms.require_install and not self.space.installed.get(user):
            raise Refusal(403, "Forbidden", NEEDS_APP)
        _, given = body_of(request)
        topic, preview, chain = given.get("topic"), given.get("previewText"), given.get("chainId")
        if not isinstance(topic, dict) or topic.get("source") not in ("text", "entityUrl") or not topic.get("value"):
            raise Refusal(400, "BadRequest", "The topic has a source (text or entityUrl) and a value.")
        if topic["source"] == "text" and not str(topic.get("webUrl")).startswith(DEEP_LINKS):
            raise Refusal(400, "BadRequest", f"The topic's webUrl must start with {DEEP_LINKS}")
        if not isinstance(given.get("activityType"), str) or not given["activityType"]:
            raise Refusal(400, "BadRequest", "The activityType is missing.")
        if not isinstance(preview, dict) or not isinstance(preview.get("content"), str):
            raise Refusal(400, "BadRequest", "The previewText is missing.")
        if given["activityType"] == "systemDefault" and not _parameter(given, "systemDefaultText"):
            raise Refusal(400, "BadRequest", "The template parameter systemDefaultText is missing.")
        if chain is not None and not (isinstance(chain, int) and -INT64 <= chain < INT64):
            raise Refusal(400, "BadRequest", "The chainId is an Int64.")
        effect = _effect("sendActivityNotification", user, request, now_s)
        self.space.notify(user, chain if isinstance(chain, int) else None, effect)

    def _search(self, call: Call, request: Request) -> Fields:
        question = call.query.get("$filter", "")
        if not _EITHER.fullmatch(question):
            return directory.people(self.space, self.terms, call, request)
        found: dict[str, Fields] = {}
        for match in _EQUALS.finditer(question):
            person = self.space.person(match[2].replace("''", "'"))
            if person is not None and str(person[match[1]]) == match[2].replace("''", "'").casefold():
                found[str(person["id"])] = _selected(person, call)
        return {"value": list(found.values())}

    def _me(self, call: Call, token: Token) -> Fields:
        if token.app:
            raise Refusal(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
        return _selected(_person_of(token), call)


def _attachment(given: object) -> Fields:
    """An attachment as it is shown later: a card's JSON is written anew."""
    if not isinstance(given, dict) or not isinstance(given.get("id"), str) or not given["id"]:
        raise Refusal(400, "BadRequest", "An attachment has an id.")
    shown: Fields = {"id": given["id"], "contentType": given.get("contentType"), "contentUrl": given.get("contentUrl")}
    content = given.get("content")
    if given.get("contentType") == CARD:
        card = decode_object(content.encode()) if isinstance(content, str) else None
        if card is None or card.get("type") != "AdaptiveCard" or not isinstance(card.get("body"), list):
            raise Refusal(400, "BadRequest", "The content of an Adaptive Card is its JSON, as a string.")
        content = msgspec.json.format(msgspec.json.encode(card), indent=2).decode()
    return shown | {"content": content, "name": given.get("name"), "thumbnailUrl": None}


def _ids(attachments: list[Fields]) -> list[str]:
    return [str(each["id"]) for each in attachments]


def _parameter(given: Fields, name: str) -> bool:
    parameters = given.get("templateParameters")
    return isinstance(parameters, list) and any(
        isinstance(each, dict) and each.get("name") == name and bool(each.get("value")) for each in parameters
    )


def _effect(operation: str, destination: str, request: Request, now_s: float) -> Effect:
    headers = request.headers
    return Effect(
        vendor="teams",
        operation=operation,
        destination=destination,
        delivery_id=headers.get("x-delivery-id", ""),
        correlation_id=headers.get("x-correlation-id", ""),
        time=now_s,
    )


def _person_of(token: Token) -> Fields:
    """Whom a token speaks for."""
    return PERSON if token.consent is None else token.consent.person


def _selected(person: Fields, call: Call) -> Fields:
    names = [name for name in call.query.get("$select", "").split(",") if name] or SHOWN
    return {name: person[name] for name in names if name in person}


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────


def _page_of(query: Mapping[str, str], delta: bool) -> tuple[int, int, int]:
    """Where a page begins, after which time in milliseconds, and how long it is."""
    for name in ("$skiptoken", "$deltatoken"):
        if name in query:
            return _read_token(query[name])
    top = query.get("$top", str(PAGE_ROWS))
    if not (top.isascii() and top.isdigit() and 1 <= int(top) <= PAGE_ROWS_MAX):
        raise Refusal(400, "BadRequest", f"$top is between 1 and {PAGE_ROWS_MAX}.")
    if "$filter" not in query:
        return 0, -1, int(top)
    after = _AFTER.fullmatch(query["$filter"])
    if not delta or after is None:
        raise Refusal(400, "BadRequest", "The filter is not supported here.")
    try:
        return 0, int(datetime.fromisoformat(after[1]).timestamp() * 1000), int(top)
    except ValueError:
        raise Refusal(400, "BadRequest", "The filter has no valid time.") from None


def _token(start: int, after: int, rows: int) -> str:
    return base64.urlsafe_b64encode(f"{start}.{after}.{rows}".encode()).decode().rstrip("=")


def _read_token(text: str) -> tuple[int, int, int]:
    try:
        start, after, rows = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split(".")
        return int(start), int(after), int(rows)
    except ValueError:
        raise Refusal(400, "BadRequest", "The token is not valid.") from None
