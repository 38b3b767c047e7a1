"""The conversations with Teams: post to a channel, look for a post, notify a learner, find a person, say hello."""

from functools import partial
from urllib.parse import quote, urlencode

import msgspec

from actors.domain.capacity import Quota
from actors.domain.changes import AnyChange
from actors.domain.flow import Flow, Response
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
    Repeatable,
    Unavailable,
    Unmatched,
    Verdict,
)
from actors.domain.wording import TemplateFault
from actors.ports import Bundler, Reveal, Wording
from actors.ports.listening import Listening
from actors.ports.rostering import Rostering
from actors.ports.speaking import counted, keys_of
from actors.targets.teams.batch import GraphBundler
from actors.targets.teams.calling import Caller
from actors.targets.teams.found import matched, posted, unmatched
from actors.targets.teams.hearing import TeamsEars
from actors.targets.teams.installing import BUCKET as INSTALLS
from actors.targets.teams.installing import NOT_YET, Installed, Installer
from actors.targets.teams.marks import Trail, chain_for, mark_of, messages_path, of_channel, trail_of
from actors.targets.teams.oauth import EntraDialect, time_request
from actors.targets.teams.pace import quota, rate
from actors.targets.teams.render import activity, escape, message
from actors.targets.teams.rostering import TeamsRostering
from actors.targets.teams.scopes import APP, PERSON
from actors.targets.teams.seek import seek
from actors.targets.teams.settings import CHANNEL_ID, TEAM_ID, TeamsSettings
from actors.targets.teams.wire import Answered, Failure, Purpose, harmless
from config.durations import seconds
from config.model import Audience

SKEW_US = 60_000_000
"""How far Graph's clock may be from ours."""
EMAIL_CHARS_MAX = 320


class TeamsTarget:
    """One Microsoft 365 directory, as conversations."""

    kind = "teams"
    looks_by_time = True
    wants_statement = False
    attachment_bytes_max = 0

    def __init__(self, settings: TeamsSettings, reveal: Reveal, wording: Wording) -> None:
        self.settle_s = seconds(settings.settle)
        self.late_landing_s = seconds(settings.late_landing)
        self.bundler: Bundler | None = GraphBundler(settings.graph) if settings.batch else None
        self._settings = settings
        self._wording = wording
        self._keys = keys_of(reveal, EntraDialect(settings, reveal))
        caller = Caller(settings, self._keys, self.bundler)
        rostering = TeamsRostering(settings, caller)
        self.rostering: Rostering | None = rostering if settings.has_app else None
        self.listening: Listening | None = TeamsEars(settings, self._look, self._change, rostering.kept)
        self._call, self._request, self._talk, self._token = caller.call, caller.request, caller.talk, caller.token
        self._installer = Installer(settings, partial(self._call, APP))

    # ── where ────────────────────────────────────────────────────────────────────────────────────

    def place(self, audience: Audience, change: AnyChange) -> Place | Refused:
        """``TEAM/CHANNEL``, or ``learner:ADDRESS`` until ``find`` has the person's id."""
        if audience.learner:
            if not self._settings.has_app:
                return _misconfigured("learners are notified by the app: set client_secret or client_certificate")
            return Place(destination=f"learner:{change.learner.identity.removeprefix('mbox:')}")
        if not self._settings.has_person:
            return _misconfigured(
                "Microsoft Graph lets no app post to a channel: set delegated_token (or delegated_refresh_token)"
            )
        if audience.course_channel:
            return self._course_channel(change)
        if audience.team is None:
            return _misconfigured("a Teams channel needs its team: { team = …, channel = … }")
        if not (TEAM_ID.fullmatch(audience.team) and CHANNEL_ID.fullmatch(audience.channel or "")):
            return _misconfigured(
                f"{audience.team!r} and {audience.channel!r} are no ids of a team (a GUID) and of a channel "
                "(19:…@thread.tacv2): both are in the link to the channel"
            )
        return Place(destination=f"{audience.team.lower()}/{audience.channel}")

    def _course_channel(self, change: AnyChange) -> Place | Refused:
        course = change.course
        if course is None:
            return _misconfigured(f"a change of kind {change.kind} names no course, so there is no course channel")
        for key in (course.code, course.external_id, course.id):
            if key and (where := self._settings.course_channels.get(key)):
                return Place(destination=f"{where.team.lower()}/{where.channel}")
        name = course.code or course.external_id or course.id
        return _misconfigured(
            f"course {name!r} ({course.name or course.id}) has no channel: "
            f"add {name!r} = {{ team = …, channel = … }} to course_channels of this target"
        )

    def rate(self, bucket: str) -> Rate:
        """See ``pace``."""
        return rate(self._settings, bucket)

    def costs(self, destination: str, *, to_learner: bool, known: bool) -> tuple[tuple[str, ...], ...]:
        """A post draws from its team, its channel and from all posts; a learner not known yet is looked up first."""
        if not to_learner:
            return ((*of_channel(destination), "posts"),)
        if known:
            return (("activity",),)
        install = ((INSTALLS,), (INSTALLS,)) if self._installer.able else ()
        return (("lookup",), *install, ("activity",))

    def quota(self, bucket: str) -> Quota:
        """See ``pace``."""
        return quota(bucket)

    # ── what we say ──────────────────────────────────────────────────────────────────────────────

    def preview(self, parcel: Parcel) -> dict[str, object]:
        """The body of the channel message, or of the notification. Raises TemplateFault."""
        composed = self._wording.compose(parcel, self.kind, str if parcel.to_learner else escape)
        if not parcel.to_learner:
            return message(composed, mark_of(parcel.delivery_id), parcel.correlation_id)
        settings = self._settings
        headline, shown, link = activity(composed, settings.teams_app_id or settings.client_id, settings.app_page)
        activity_type, parameter = settings.activity_of("digest" if parcel.items else parcel.change.kind)
        body: dict[str, object] = {
            "topic": {"source": "text", "value": headline, "webUrl": link},
            "activityType": activity_type,
            "chainId": chain_for(parcel),
            "previewText": {"content": shown},
            "templateParameters": [{"name": parameter, "value": headline}],
        }
        return body | ({"teamsAppId": settings.teams_app_id} if settings.teams_app_id else {})

    def deliver(self, parcel: Parcel) -> Flow[Verdict]:
        """What revises an earlier notification takes its place; what revises a channel's post is posted anew, because
        Graph promises no rewriting of posts that would be safe to repeat."""
        try:
            body = msgspec.json.encode(self.preview(parcel))
        except TemplateFault as fault:
            return Refused(Cause.BAD_TEMPLATE, str(fault))
        return (yield from (self._notify if parcel.to_learner else self._post)(parcel, body))

    def _post(self, parcel: Parcel, body: bytes) -> Flow[Verdict]:
        path, draws = messages_path(parcel.address), (*of_channel(parcel.address), "posts")
        request = self._request("POST", path, "channelMessages.post", draws, body)
        answer = yield from self._call(PERSON, request, Purpose.CHANNEL, trail_of(parcel))
        if not isinstance(answer, Answered):
            return answer
        return posted(answer.fields, parcel.address, answer.request_ids) or Doubtful("Graph: a message without id")

    def _notify(self, parcel: Parcel, body: bytes) -> Flow[Verdict]:
        """Who has the app no more is given it again, once: the first notification was refused, so nothing doubles."""
        trail = trail_of(parcel)
        answer = yield from self._notification(parcel, body, trail)
        if _lacks_app(answer) and self._installer.able:
            installed = yield from self._installer.ensure(parcel.address, trail)
            if not isinstance(installed, Installed):
                return installed
            if installed.anew:
                answer = yield from self._notification(parcel, body, trail)
            if _lacks_app(answer):
                return Faulted(f"Microsoft Graph: notifying the learner is refused: {NOT_YET}")
        if not isinstance(answer, Answered):
            return answer
        if answer.status != 204:
            return Doubtful(f"Graph: HTTP {answer.status} instead of 204 to a notification")
        return Delivered({"user": parcel.address, "chain_id": str(chain_for(parcel))} | answer.request_ids)

    def _notification(self, parcel: Parcel, body: bytes, trail: Trail) -> Flow[Answered | Failure]:
        path = f"users/{quote(parcel.address, safe='')}/teamwork/sendActivityNotification"
        request = self._request("POST", path, "sendActivityNotification", ("activity",), body)
        return (yield from self._call(APP, request, Purpose.ACTIVITY, trail))

    # ── looking for an earlier post ──────────────────────────────────────────────────────────────

    def confirm(self, parcel: Parcel) -> Flow[Confirmation]:
        """A notification may simply be repeated; a post is looked for among the channel's recent ones."""
        if parcel.to_learner:
            return Repeatable("Teams replaces a notification by one with the same chainId")
        if parcel.sent_us is None:
            return Absent("no attempt of it can have landed")
        draws = (*of_channel(parcel.address), "reads")
        trail = trail_of(parcel)

        def read(path: str, operation: str) -> Flow[Answered | Failure]:
            request = self._request("GET", path, operation, draws)
            return self._call(PERSON, request, Purpose.READ, trail)

        return (yield from seek(parcel, parcel.sent_us - SKEW_US, read))

    # ── people, credentials ──────────────────────────────────────────────────────────────────────

    def find(self, email: str) -> Flow[Match]:
        """By sign-in name first, then by mail: the two are often the same, but need not be."""
        if "@" not in email or len(email) > EMAIL_CHARS_MAX:
            return Unmatched("no e-mail address is known")
        if not self._settings.has_app:
            return _misconfigured("learners are looked up by the app: set client_secret or client_certificate")
        trail = self._talk(f"find|{email}")
        request = self._request("GET", f"users/{quote(email, safe='@')}?$select=id", "users.get", ("lookup",))
        named = yield from self._call(APP, request, Purpose.LOOKUP, trail)
        if isinstance(named, Answered):
            user = named.text("id")
            return (
                (yield from self._equipped(Matched(user, user), trail)) if user else Faulted("Graph: a user without id")
            )
        if not (isinstance(named, Refused) and named.cause in (Cause.UNMATCHED_LEARNER, Cause.PAYLOAD_REFUSED)):
            return harmless(named)
        literal = "'" + email.replace("'", "''") + "'"
        query = {"$filter": f"mail eq {literal} or userPrincipalName eq {literal}", "$select": "id", "$top": "2"}
        request = self._request("GET", f"users?{urlencode(query, quote_via=quote)}", "users.list", ("lookup",))
        found = yield from self._call(APP, request, Purpose.LOOKUP, trail)
        if not isinstance(found, Answered):
            return unmatched(harmless(found))
        match = matched(found, email)
        return (yield from self._equipped(match, trail)) if isinstance(match, Matched) else match

    def _equipped(self, learner: Matched, trail: Trail) -> Flow[Match]:
        """The learner, who has the Teams app now if it can be installed. Where that is refused they are found all the
        same: the notification is refused then, and says why."""
        if not self._installer.able:
            return learner
        installed = yield from self._installer.ensure(learner.address, trail)
        return learner if isinstance(installed, Installed | Refused) else installed

    def hello(self) -> Flow[Verdict]:
        """Ask who the person is, and get the app a token: whichever of them we speak for. Somebody is asked in any
        case, if only what time it is: a token may be at hand already."""
        receipt, asked = {"directory": self._settings.directory}, 0
        if self._settings.has_person and (self._keys.wanted(PERSON) or not self._settings.connect):
            request = self._request("GET", "me?$select=id,displayName,userPrincipalName", "me.get", ("lookup",))
            me = yield from self._call(PERSON, request, Purpose.HELLO, self._talk("hello"))
            if not isinstance(me, Answered):
                return harmless(me)
            if not me.text("id"):
                return Unavailable("Graph: a person without id")
            receipt |= {"user_id": me.text("id"), "user": me.text("userPrincipalName")} | me.request_ids
            asked += 1
        if self._settings.has_app:
            token, tokens_asked = yield from counted(self._token(APP, None))
            if not isinstance(token, str):
                return token
            if not asked + tokens_asked:
                outcome = yield time_request(self._settings)
                if not isinstance(outcome, Response):
                    return Unavailable(outcome.detail)
            receipt["client_id"] = self._settings.client_id
        return Delivered(receipt)

    def prepare(self, *, to_learner: bool, now_us: int) -> Flow[Verdict | None] | None:
        speaker = APP if to_learner else PERSON
        return None if self._keys.ready(speaker, now_us) else self._fetch(speaker, now_us)

    def _fetch(self, speaker: str, now_us: int) -> Flow[Missing | None]:
        token = yield from self._token(speaker, now_us)
        return None if isinstance(token, str) else token

    # ── ears ─────────────────────────────────────────────────────────────────────────────────────

    def _look(self, path: str, operation: str, draws: tuple[str, ...]) -> Flow[Answered | Failure]:
        """A question of the ears: by the app where there is one, else by the person."""
        request = self._request("GET", path, operation, ("survey", *draws))
        speaker = APP if self._settings.has_app else PERSON
        purpose = Purpose.TEAMS if operation.startswith("groups.") else Purpose.CHANGES
        return self._call(speaker, request, purpose, self._talk(operation))

    def _change(self, method: str, path: str, body: bytes) -> Flow[Answered | Failure]:
        """Something about a subscription, which the app has."""
        request = self._request(method, path, f"subscriptions.{method.lower()}", ("survey",), body)
        return self._call(APP, request, Purpose.CHANGES, self._talk("subscriptions"))


def _lacks_app(answer: Answered | Failure) -> bool:
    return isinstance(answer, Refused) and answer.cause is Cause.DESTINATION_REFUSED


def _misconfigured(detail: str) -> Refused:
    return Refused(Cause.BAD_CONFIGURATION, detail)


def build(settings: msgspec.Struct, reveal: Reveal, wording: Wording) -> TeamsTarget:
    """The connector's ``build``."""
    assert isinstance(settings, TeamsSettings)  # noqa: S101 - the registry pairs settings with their own build
    return TeamsTarget(settings, reveal, wording)
