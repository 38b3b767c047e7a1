"""The conversations with Slack: post, rewrite a post, look for one, find a person, say hello."""

import uuid
from urllib.parse import urlencode

import msgspec

from actors.domain.capacity import Quota
from actors.domain.changes import AnyChange
from actors.domain.flow import Flow, Request
from actors.domain.outbox import Parcel, Place, Rate
from actors.domain.tokens import Missing
from actors.domain.verdicts import (
    Absent,
    Cause,
    Confirmation,
    Delivered,
    Doubtful,
    Faulted,
    Match,
    Matched,
    Refused,
    Unmatched,
    Verdict,
)
from actors.domain.wording import TemplateFault
from actors.ports import Bundler, Reveal, Wording
from actors.ports.listening import Listening
from actors.ports.rostering import Rostering
from actors.ports.speaking import keys_of, speaking
from actors.targets.slack.hearing import SlackEars
from actors.targets.slack.oauth import BOT, SlackDialect, stale
from actors.targets.slack.render import escape, fallback, render
from actors.targets.slack.rostering import SlackRostering
from actors.targets.slack.rostering_calls import BUCKETS as ROSTER_BUCKETS
from actors.targets.slack.seek import EVENT_TYPE, Post, earlier_post, look_at, receipt_of, search, window_of
from actors.targets.slack.settings import CHANNEL_ID, SlackSettings
from actors.targets.slack.tiers import quota
from actors.targets.slack.wire import UNREACHABLE, UNREVISABLE, Answered, Failure, Harmless, harmless, told, understand
from config.durations import seconds
from config.model import Audience

CLIENT_MSG_IDS = uuid.UUID("6a1e9a2c-4c0d-5b7e-9d3f-0c8f3f2b7a51")
"""Our namespace of UUIDv5: a delivery always has the same ``client_msg_id``."""

USEFUL = frozenset({"chat:write", "channels:manage", "groups:write", "usergroups:write"})
"""With none of these a token is good for nothing: it may neither post nor keep rosters."""
WORKSPACE_BURST = 5.0
BUCKETS = {
    "method:users.lookupByEmail": "lookup_per_s",
    "method:conversations.open": "open_per_s",
    "method:conversations.history": "history_per_s",
    "method:chat.update": "update_per_s",
    "method:auth.test": "hello_per_s",
    "method:conversations.info": "info_per_s",
    "method:apps.connections.open": "connect_per_s",
} | ROSTER_BUCKETS


class SlackTarget:
    """One Slack workspace, as conversations."""

    kind = "slack"
    looks_by_time = True
    wants_statement = False
    attachment_bytes_max = 0

    def __init__(self, settings: SlackSettings, reveal: Reveal, wording: Wording) -> None:
        self.late_landing_s = seconds(settings.late_landing)
        self.settle_s = self.late_landing_s if settings.limited else seconds(settings.settle)
        self.bundler: Bundler | None = None
        self._keys = keys_of(reveal, SlackDialect(settings, reveal))
        self.listening: Listening | None = SlackEars(settings, reveal, self._ask)
        self.rostering: Rostering | None = SlackRostering(settings, self._keys)
        self._settings = settings
        self._wording = wording

    # ── where ────────────────────────────────────────────────────────────────────────────────────

    def place(self, audience: Audience, change: AnyChange) -> Place | Refused:
        """A channel's id, or ``learner:ADDRESS`` until ``find`` has the direct message's id."""
        if audience.team is not None:
            return _misconfigured("Slack knows no team = …: the audience is { channel = … } alone")
        if audience.learner:
            return Place(destination=f"learner:{change.learner.identity.removeprefix('mbox:')}")
        if audience.channel is not None:
            if not CHANNEL_ID.fullmatch(audience.channel):
                return _misconfigured(
                    f"{audience.channel!r} is no Slack channel id: give the id from the channel's details (C0123456789)"
                )
            return Place(destination=audience.channel)
        return self._course_channel(change)

    def _course_channel(self, change: AnyChange) -> Place | Refused:
        course = change.course
        if course is None:
            return _misconfigured(f"a change of kind {change.kind} names no course, so there is no course channel")
        for key in (course.code, course.external_id, course.id):
            if key and (channel := self._settings.course_channels.get(key)):
                return Place(destination=channel)
        name = course.code or course.external_id or course.id
        return _misconfigured(
            f"course {name!r} ({course.name or course.id}) has no channel: "
            f"add {name!r} to course_channels of this target"
        )

    def rate(self, bucket: str) -> Rate:
        """The terms of ``channel:ID``, ``workspace``, ``method:NAME`` and ``roster:NAME``."""
        if bucket.startswith("channel:"):
            return self._settings.rate("channel_per_s")
        if bucket == "workspace":
            return self._settings.rate("workspace_per_s", WORKSPACE_BURST)
        return self._settings.rate(BUCKETS[bucket])

    def costs(self, destination: str, *, to_learner: bool, known: bool) -> tuple[tuple[str, ...], ...]:
        """A post draws from its channel and from the workspace; a learner not known yet is looked up first. Whether
        it rewrites an earlier post (``method:chat.update``) shows only when it is claimed: it is counted as a post."""
        post = (f"channel:{destination}", "workspace")
        if not to_learner or known:
            return (post,)
        return (("method:users.lookupByEmail",), ("method:conversations.open",), post)

    def quota(self, bucket: str) -> Quota:
        """See ``tiers``."""
        return quota(self._settings, bucket)

    # ── what we say ──────────────────────────────────────────────────────────────────────────────

    def preview(self, parcel: Parcel) -> dict[str, object]:
        """The body of chat.postMessage, or of chat.update where a post should be rewritten. Raises TemplateFault."""
        said, earlier = self._said(parcel), earlier_post(parcel)
        return self._new(parcel, said) if earlier is None else self._rewritten(earlier, said)

    def _said(self, parcel: Parcel) -> dict[str, object]:
        composed = self._wording.compose(parcel, self.kind, escape)
        return {
            "text": fallback(composed),
            "blocks": render(composed, parcel.correlation_id),
            "metadata": {
                "event_type": EVENT_TYPE,
                "event_payload": {"delivery_id": parcel.delivery_id, "correlation_id": parcel.correlation_id},
            },
            "link_names": self._settings.link_names,
        }

    def _new(self, parcel: Parcel, said: dict[str, object]) -> dict[str, object]:
        return {
            "channel": parcel.address,
            **said,
            "client_msg_id": str(uuid.uuid5(CLIENT_MSG_IDS, parcel.delivery_id)),
            "unfurl_links": self._settings.unfurl,
            "unfurl_media": self._settings.unfurl,
        }

    def _rewritten(self, earlier: Post, said: dict[str, object]) -> dict[str, object]:
        """The metadata too, so that the post is known by its new delivery from now on."""
        return {"channel": earlier.channel, "ts": earlier.ts, **said}

    def deliver(self, parcel: Parcel) -> Flow[Verdict]:
        """Post, or rewrite the earlier post; where that one cannot be rewritten any more, surely, post anew."""
        return speaking(self._deliver(parcel), self._keys, BOT, stale)

    def _deliver(self, parcel: Parcel) -> Flow[Verdict]:
        try:
            said = self._said(parcel)
        except TemplateFault as fault:
            return Refused(Cause.BAD_TEMPLATE, str(fault))
        earlier = earlier_post(parcel)
        if earlier is not None:
            verdict = yield from self._update(parcel, earlier, said)
            if verdict is not None:
                return verdict
        body = self._new(parcel, said)
        answer = understand((yield self._post("chat.postMessage", body, f"channel:{parcel.address}", "workspace")))
        if not isinstance(answer, Answered):
            return answer
        channel, ts = answer.text("channel"), answer.text("ts")
        if not (channel and ts):
            return Doubtful("Slack: ok without channel and ts")
        return Delivered(receipt_of(Post(channel, ts), answer.request_id, answer.fields.get("message")))

    def _update(self, parcel: Parcel, earlier: Post, said: dict[str, object]) -> Flow[Verdict | None]:
        """None where Slack has told that this post cannot be rewritten. What is in doubt stays in doubt: a second post
        beside a rewritten one would be a double."""
        outcome = yield self._post("chat.update", self._rewritten(earlier, said), "method:chat.update")
        answer = understand(outcome)
        if isinstance(answer, Answered):
            return Delivered(receipt_of(earlier, answer.request_id, answer.fields, updated=True))
        error = told(outcome) if isinstance(answer, Refused) else ""
        moved = earlier.channel != parcel.address
        return None if error in UNREVISABLE or (moved and error in UNREACHABLE) else answer

    def confirm(self, parcel: Parcel) -> Flow[Confirmation]:
        """Look at the post that was to be rewritten, and search the channel's history around the attempts.

        A rewriting that is not there counts as absent, not as repeatable: repeated at once, it could be overtaken by
        a newer one, and the first, landing late, would set the post back."""
        return speaking(self._confirm(parcel), self._keys, BOT, stale)

    def _confirm(self, parcel: Parcel) -> Flow[Confirmation]:
        if parcel.sent_us is None:
            return Absent("no attempt of it can have landed")
        earlier = earlier_post(parcel)
        if earlier is not None:
            moved = earlier.channel != parcel.address
            seen = yield from look_at(self._get, earlier, parcel.delivery_id, moved=moved)
            if seen is not None:
                return seen
        window = window_of(parcel, parcel.sent_us, self.late_landing_s, limited=self._settings.limited)
        return (yield from search(self._get, window, parcel.delivery_id))

    # ── people, credentials ──────────────────────────────────────────────────────────────────────

    def find(self, email: str) -> Flow[Match]:
        """The person by e-mail, then the direct message with them: its id is the address, and can be read back."""
        return speaking(self._find(email), self._keys, BOT, stale)

    def _find(self, email: str) -> Flow[Match]:
        if not email:
            return Unmatched("no e-mail address is known")
        found = understand((yield self._get("users.lookupByEmail", {"email": email})))
        if not isinstance(found, Answered):
            return _unmatched(harmless(found))
        user = found.text("id", within="user")
        if not user:
            return Faulted("Slack: a user without id")
        opened = understand((yield self._post("conversations.open", {"users": user}, "method:conversations.open")))
        if not isinstance(opened, Answered):
            return _unmatched(harmless(opened))
        channel = opened.text("id", within="channel")
        return Matched(channel, user) if channel else Faulted("Slack: a conversation without id")

    def hello(self) -> Flow[Verdict]:
        return speaking(self._hello(), self._keys, BOT, stale)

    def _hello(self) -> Flow[Verdict]:
        answer = understand((yield self._post("auth.test", {}, "method:auth.test")))
        if not isinstance(answer, Answered):
            return harmless(answer)
        if answer.scopes and USEFUL.isdisjoint(scope.strip() for scope in answer.scopes.split(",")):
            return Refused(Cause.MISSING_PERMISSION, f"the token lacks chat:write, it has {answer.scopes[:200]}")
        names = ("team", "team_id", "user", "user_id", "bot_id", "url")
        receipt = {name: value for name in names if (value := answer.text(name))}
        more = {"scopes": answer.scopes, "request_id": answer.request_id}
        return Delivered(receipt | {name: value for name, value in more.items() if value})

    def prepare(self, *, to_learner: bool, now_us: int) -> Flow[Missing | None] | None:
        return None if self._keys.ready(BOT, now_us) else self._fetch(now_us)

    def _fetch(self, now_us: int) -> Flow[Missing | None]:
        token = yield from self._keys.token(BOT, now_us)
        return None if isinstance(token, str) else token

    def _ask(self, method: str, query: dict[str, str]) -> Flow[Answered | Failure]:
        """A question of the ears."""
        return speaking(self._asked(method, query), self._keys, BOT, stale)

    def _asked(self, method: str, query: dict[str, str]) -> Flow[Answered | Failure]:
        return understand((yield self._get(method, query)))

    # ── requests ─────────────────────────────────────────────────────────────────────────────────

    def _post(self, method: str, body: dict[str, object], *draws: str) -> Request:
        headers = {"content-type": "application/json; charset=utf-8"}
        return Request(
            method="POST",
            url=self._settings.base_url + method,
            operation=method,
            headers=headers,
            body=msgspec.json.encode(body),
            draws=draws,
        )

    def _get(self, method: str, query: dict[str, str]) -> Request:
        return Request(
            method="GET",
            url=f"{self._settings.base_url}{method}?{urlencode(query)}",
            operation=method,
            draws=(f"method:{method}",),
        )


def _misconfigured(detail: str) -> Refused:
    return Refused(Cause.BAD_CONFIGURATION, detail)


def _unmatched(failure: Harmless) -> Match:
    if isinstance(failure, Refused) and failure.cause is Cause.UNMATCHED_LEARNER:
        return Unmatched(failure.detail)
    return failure


def build(settings: msgspec.Struct, reveal: Reveal, wording: Wording) -> SlackTarget:
    """The connector's ``build``."""
    assert isinstance(settings, SlackSettings)  # noqa: S101 - the registry pairs settings with their own build
    return SlackTarget(settings, reveal, wording)
