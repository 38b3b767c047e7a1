"""The requests about people, channels, user groups and their members, and what came back of each.

What only looks has no effect, so that nothing of it is ever in doubt. What changes members draws from buckets of its
own: where Slack throttles a method it throttles that one, and posts go on.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from actors.domain.flow import Flow, Outcome, Request, Response, decode_object
from actors.domain.rosters.order import REFUSED
from actors.domain.verdicts import Delivered, Doubtful, Faulted, Throttled
from actors.ports.rostering import Slip
from actors.targets.slack.settings import SlackSettings
from actors.targets.slack.wire import Answered, Failure, Harmless, harmless, told, understand

ANSWER_BYTES_MAX = 16 * 1024 * 1024
"""A thousand people, or all user groups with everybody in them."""
BUCKETS = {
    "method:conversations.members": "members_per_s",
    "method:conversations.list": "channels_per_s",
    "method:users.list": "people_per_s",
    "method:users.info": "who_per_s",
    "method:usergroups.list": "groups_per_s",
    "method:usergroups.users.list": "groups_per_s",
    "roster:conversations.create": "create_per_s",
    "roster:conversations.setTopic": "create_per_s",
    "roster:conversations.invite": "invite_per_s",
    "roster:conversations.kick": "kick_per_s",
    "roster:usergroups.create": "groups_per_s",
    "roster:usergroups.enable": "groups_per_s",
    "roster:usergroups.disable": "groups_per_s",
    "roster:usergroups.users.update": "groups_per_s",
}
HEADER_CHARS_MAX = 200


class Said(msgspec.Struct, frozen=True):
    """What one call came to. ``error`` is the name that Slack gave it, ``fields`` all that it said."""

    answer: Answered | Failure
    error: str
    fields: dict[str, object]

    @property
    def failure(self) -> Failure:
        """Of what may have had an effect. That a method is throttled is no reason for others to wait."""
        answer = self.answer
        if isinstance(answer, Answered):
            return Faulted("Slack: an answer without what was asked for")
        return msgspec.structs.replace(answer, whole_lane=False) if isinstance(answer, Throttled) else answer

    @property
    def unlearnt(self) -> Harmless:
        """Of what only looked."""
        return harmless(self.failure)


class Calls:
    """Requests of one workspace."""

    def __init__(self, settings: SlackSettings) -> None:
        self._base = settings.base_url

    def get(self, method: str, query: dict[str, str]) -> Flow[Said]:
        """A look."""
        outcome = yield Request(
            method="GET",
            url=f"{self._base}{method}?{urlencode(query)}",
            operation=method,
            draws=(f"method:{method}",),
            answer_bytes_max=ANSWER_BYTES_MAX,
        )
        return _said(outcome)

    def hello(self) -> Flow[Said]:
        """Who we are."""
        outcome = yield Request(
            method="POST", url=f"{self._base}auth.test", operation="auth.test", draws=("method:auth.test",)
        )
        return _said(outcome)

    def post(self, method: str, body: Mapping[str, object], slip: Slip) -> Flow[Said]:
        """A change. Slack does not read which delivery it is of, but whoever looks at the traffic can."""
        outcome = yield Request(
            method="POST",
            url=self._base + method,
            operation=method,
            headers={
                "content-type": "application/json; charset=utf-8",
                "x-correlation-id": _header(slip.correlation_id),
                "x-delivery-id": _header(slip.delivery_id),
            },
            body=msgspec.json.encode(body),
            draws=(f"roster:{method}",),
            answer_bytes_max=ANSWER_BYTES_MAX,
        )
        return _said(outcome)


def rows(said: Said, name: str) -> list[dict[str, object]] | None:
    """The objects of a list; None where it is none."""
    value = said.fields.get(name)
    if not isinstance(value, list):
        return None
    return [each for each in value if isinstance(each, dict)]


def ids(value: object) -> list[str] | None:
    """A list of ids; None where it is something else."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return None
    return value


def cursor(said: Said) -> str:
    """Where the next page is; empty: this is the last."""
    return said.answer.text("next_cursor", within="response_metadata") if isinstance(said.answer, Answered) else ""


def receipt_of(answer: Answered, place: str) -> dict[str, str]:
    kind = "usergroup" if place.startswith("S") else "channel"
    return {kind: place} | ({"request_id": answer.request_id} if answer.request_id else {})


def delivered(receipt: Mapping[str, str], refused: Mapping[str, str]) -> Delivered:
    more = {REFUSED: msgspec.json.encode(dict(refused)).decode()} if refused else {}
    return Delivered({**receipt, **more})


def in_doubt(said: Said) -> bool:
    return isinstance(said.answer, Doubtful)


def _said(outcome: Outcome) -> Said:
    fields = decode_object(outcome.body) if isinstance(outcome, Response) else None
    return Said(understand(outcome), told(outcome), fields or {})


def _header(value: str) -> str:
    """What a header can hold."""
    return "".join(each for each in value if each.isascii() and each.isprintable())[:HEADER_CHARS_MAX]
