"""``/t/{tenant}/review``: what waits for a person's decision, with all the facts, and deciding it.

For people who are signed in and may decide (the role ``approver``). A form carries what the sides said when its page
was shown: where they say something else by now, nothing is decided, and the page is shown anew. Every decision stands
in the audit before it is made. Decided twice is decided once.
"""

import re
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actors.domain.conflicts.model import Case
from actors.domain.conflicts.spoken import event_in, facts_in
from actors.domain.conflicts.words import Language, label, reach, standing, title
from actors.ports import Clock, Deed
from actors.ports.conflicts import Decided, Decider
from config.model import Tenant
from daemon.control.ask import Role
from daemon.gateway.counter import Counter
from daemon.gateway.forms import Malformed, form_of, genuine, query_of
from daemon.gateway.limits import facts
from daemon.gateway.pages import Link, Notice, language_of
from daemon.gateway.ports_sign_on import ReviewPorts
from daemon.gateway.resource import Handler, Resource
from daemon.gateway.sessions import PRIVATE, Session, where_from
from daemon.gateway.undertaking import undertaking

LIST = "/t/{tenant}/review"
ONE = "/t/{tenant}/review/{conflict}"
SHOWN_MAX = 100
WHY_CHARS_MAX = 200
_NUMBER = re.compile(r"[1-9]\d{0,14}", re.ASCII)
_FIX = re.compile(r"\d{1,2}", re.ASCII)
_MARK = re.compile(r"[0-9a-f]{16}-\d{1,9}", re.ASCII)
VERBS = {"approve": "approved", "reject": "rejected", "undo": "undone"}


class FixShown(msgspec.Struct, frozen=True, kw_only=True):
    """A fix as a page shows it, in its reader's language."""

    number: int
    label: str
    why: str
    confidence: int
    reach: str
    note: str
    undoes: str
    removes: int


class ReviewResource:
    """Pages for reviewers."""

    def __init__(self, counter: Counter, own: ReviewPorts, clock: Clock) -> None:
        self._counter = counter
        self._conflicts = own.conflicts
        self._followed = own.followed
        self._clock = clock

    def routes(self) -> list[Route]:
        return [
            Route(LIST, Resource(get=self._reviewing(self.listing))),
            Route(ONE, Resource(get=self._reviewing(self.one), post=self._reviewing(self.decide))),
        ]

    def _reviewing(self, handler: Callable[[Request, Tenant, Session], Awaitable[Response]]) -> Handler:
        """A page for somebody who is signed in and may decide; others sign in first, and come back here."""

        async def page(request: Request, tenant: Tenant) -> Response:
            counter = self._counter
            session = await counter.sessions.of(request, tenant)
            if session is None:
                way = quote(request.url.path, safe="/")
                return RedirectResponse(f"{counter.entrance(tenant)}?to={way}", 303, headers=PRIVATE)
            facts(request.scope).who = session.stored.who
            if session.standing.role < Role.APPROVER:
                why = f"deciding takes the role approver, {session.standing.why}"
                counter.refuse(request, tenant, "page.refused", f"{tenant.name}/review", why, session.stored.who)
                return counter.said(request, tenant, 403, "review_forbidden")
            return await handler(request, tenant, session)

        return self._counter.open(page)

    async def listing(self, request: Request, tenant: Tenant, session: Session) -> Response:
        """All that is open, those that wait longest first."""
        language = language_of(tenant)
        found = await self._conflicts.cases(tenant.name, ["open"], limit=SHOWN_MAX)
        return self._counter.pages.show(
            "review.html",
            tenant,
            cases=[_line(each, language) for each in found],
            more=len(found) == SHOWN_MAX,
            base=self._list(tenant),
            foot=self._counter.foot(tenant, session),
        )

    async def one(self, request: Request, tenant: Tenant, session: Session) -> Response:
        case = await self._case(request, tenant)
        if case is None:
            return self._counter.said(request, tenant, 404, "nowhere", link=self._back(tenant))
        return self._shown(request, tenant, session, case, _notice(query_of(request), case))

    async def decide(self, request: Request, tenant: Tenant, session: Session) -> Response:
        """Once; a second time says what was decided."""
        form = await form_of(request)
        genuine(request, self._counter.origin, session, form)
        case = await self._case(request, tenant)
        if case is None:
            return self._counter.said(request, tenant, 404, "nowhere", link=self._back(tenant))
        verb, fix, mark = form.get("decision", ""), form.get("fix", ""), form.get("mark", "")
        if verb not in VERBS or _MARK.fullmatch(mark) is None or (verb == "approve" and _FIX.fullmatch(fix) is None):
            raise Malformed("this is no decision")
        by = Decider(who=session.stored.who, by_way="page", correlation_id=facts(request.scope).correlation_id)
        told = {"session": session.stored.handle, **({"fix": int(fix) + 1} if verb == "approve" else {})}
        deed = Deed(
            who=session.stored.who,
            where=where_from(request),
            what=f"conflict.{verb}",
            on=f"{tenant.name}/{case.no}",
            arguments=told,
            correlation_id=by.correlation_id,
        )
        async with undertaking(self._counter.audit, tenant.name, deed) as under_way:
            decided = await self._decided(tenant.name, case.no, verb, fix, form.get("why", ""), mark, by)
            under_way.ended("done" if decided.done or decided.again else "refused", decided.note)
        self._followed(tenant.name, VERBS[verb], decided, by)
        now = decided.case or case
        if not decided.done and not decided.again:
            return self._shown(request, tenant, session, now, _not_decided(decided), status=409)
        return RedirectResponse(f"{self._list(tenant)}/{case.no}?done={now.state}", 303, headers=PRIVATE)

    async def _decided(self, tenant: str, no: int, verb: str, fix: str, why: str, mark: str, by: Decider) -> Decided:
        now_us = self._clock.now_us()
        match verb:
            case "approve":
                return await self._conflicts.approve(tenant, no, int(fix), by, now_us, mark=mark)
            case "reject":
                return await self._conflicts.reject(tenant, no, why[:WHY_CHARS_MAX], by, now_us, mark=mark)
            case _:
                return await self._conflicts.undo(tenant, no, by, now_us, mark=mark)

    # ── what they have in common ─────────────────────────────────────────────────────────────────────

    async def _case(self, request: Request, tenant: Tenant) -> Case | None:
        number = request.path_params["conflict"]
        if _NUMBER.fullmatch(number) is None:
            return None
        return await self._conflicts.one(tenant.name, int(number))

    def _shown(
        self,
        request: Request,
        tenant: Tenant,
        session: Session,
        case: Case,
        notice: Notice | None,
        *,
        status: int = 200,
    ) -> Response:
        language = language_of(tenant)
        case = msgspec.structs.replace(case, conflict=facts_in(case.conflict, language))
        told = case.conflict
        chosen = None if case.choice is None or case.state != "approved" else told.fixes[case.choice]
        return self._counter.pages.show(
            "conflict.html",
            tenant,
            status=status,
            case=case,
            heading=title(told.kind, language),
            standing=standing(case.state, language),
            fixes=[_fix(n, case, language) for n in range(len(told.fixes))] if case.state == "open" else [],
            history=[(each, event_in(each, case, language)) for each in case.history],
            chosen="" if chosen is None else label(chosen.fix, language),
            notice=notice,
            base=self._list(tenant),
            foot=self._counter.foot(tenant, session),
        )

    def _list(self, tenant: Tenant) -> str:
        return self._counter.origin.url(LIST.format(tenant=tenant.name))

    def _back(self, tenant: Tenant) -> Link:
        return Link(self._list(tenant), "review.back")


def _line(case: Case, language: Language) -> dict[str, object]:
    best = case.conflict.fixes[0]
    return {
        "no": case.no,
        "title": title(case.conflict.kind, language),
        "about": facts_in(case.conflict, language).about,
        "since_us": case.raised_us,
        "best": label(best.fix, language),
        "confidence": best.confidence,
    }


def _fix(n: int, case: Case, language: Language) -> FixShown:
    each = case.conflict.fixes[n]
    return FixShown(
        number=n,
        label=label(each.fix, language),
        why=each.why,
        confidence=each.confidence,
        reach=reach(each.blast, language),
        note=each.blast.note,
        undoes=each.undoes,
        removes=each.blast.removes,
    )


def _not_decided(decided: Decided) -> Notice:
    return Notice("review.not.decided" if decided.outdated == "decided" else "review.not", bad=True)


def _notice(query: dict[str, str], case: Case) -> Notice | None:
    """What has just been done, as far as it is so: the address bar is anybody's to write into."""
    done = query.get("done", "")
    return (
        Notice(f"review.{done}") if done == case.state and done in {"approved", "rejected", "undone", "open"} else None
    )
