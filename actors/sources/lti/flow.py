"""A platform read by LTI Advantage: members of each course, and its results where it gives line items.

There is no asking *since when*. A platform that hands out a link to differences is asked by that; any other is read
anew, which is one request for each page of members, and for line items and each item's results one a page.
"""

from collections.abc import Generator
from urllib.parse import urljoin

from actors.domain.canonical import EntityName
from actors.domain.harvest import (
    Answer,
    Finished,
    Halted,
    Harvest,
    Hearing,
    Inbound,
    Opened,
    Order,
    Page,
    Progress,
    Record,
    Shut,
    Step,
    Whole,
    ask,
    parts_of,
)
from actors.domain.outbox import Rate
from actors.ports import Bearing, Reveal
from actors.ports.speaking import keys_of
from actors.sources.calls import called
from actors.sources.links import elsewhere, onward, same_origin
from actors.sources.lti.settings import Context, LtiSettings
from actors.sources.lti.tokens import dialect
from actors.sources.lti.wire import (
    LINE_ITEMS,
    MEMBERS,
    PERSONAL,
    RESULTS,
    Listed,
    asked,
    asking,
    course_record,
    line_item_record,
    listed,
    member_records,
    result_record,
    results_url,
    with_limit,
)
from actors.sources.service import APP, dated_s
from actors.sources.tokens import Tokens
from config.numbers import number_of

PAGES_MAX = 10_000
PERSONS_MAX = 200_000
NEVER_TOLD: tuple[EntityName, ...] = ("submission", "completion")
KINDS: tuple[EntityName, ...] = ("enrolment", "assignment", "grade")
"""What is read of a course."""
SKIPPED_SHOWN = 5

Reading = Generator[Step, Answer, Halted | None]


class LtiSource:
    """One platform."""

    kind = "lti"
    polls = True

    def __init__(self, settings: LtiSettings, reveal: Reveal, bearing: Bearing) -> None:
        self._settings = settings
        self._reveal = reveal
        self._tokens = Tokens(keys_of(reveal, dialect(settings, reveal, "")), APP)
        self._now_us: int | None = None
        """By our clock, and later by the platform's: a reading may last longer than a token."""
        self._bearing = bearing
        self._unread = KINDS
        """Of the course that is being read: what has not been read to its end."""
        self._persons: dict[str, dict[str, object]] = {}
        self.home_page = settings.home_page

    def rate(self, bucket: str) -> Rate:
        return self._settings.rate

    def hear(self, inbound: Inbound, now_us: int) -> Hearing:
        """That something is new."""
        return called(self._settings, self._reveal, inbound, now_us, self._bearing.source)

    def hello(self) -> Harvest:
        """A token is proof of the key."""
        token = yield from self._tokens.token(None)
        return token if isinstance(token, Halted) else Finished(note=f"is known as {self._settings.client_id}")

    def harvest(self, order: Order) -> Harvest:
        self._now_us = order.now_us
        skipped: list[str] = []
        self._cursor = dict(order.cursor)
        contexts = self._settings.contexts
        for place, context in enumerate(contexts):
            yield Progress(what=f"course {context.course}", done=place, total=len(contexts))
            halted = yield from self._course(context, order)
            if halted is None:
                continue
            if halted.why != "refused":
                return halted
            yield Shut(parts=parts_of(context.course, self._unread))
            skipped.append(f"{context.course}: {halted.detail}")  # one course's trouble is not the others'
        if order.mode != "backfill" and self._cursor != order.cursor:
            yield Page(records=(), cursor=dict(self._cursor))
        if len(skipped) == len(contexts):
            return Halted(why="refused", detail=skipped[0])
        if skipped:
            return Finished(
                note=f"{number_of(len(skipped), 'courses')} could not be read: {'; '.join(skipped[:SKIPPED_SHOWN])}"
            )
        return Finished()

    # ── one course ───────────────────────────────────────────────────────────────────────────────────

    def _course(self, context: Context, order: Order) -> Reading:
        self._unread = KINDS
        differences = self._cursor.get(_differences(context), "") if order.mode == "delta" and not order.braked else ""
        if differences and not same_origin(context.memberships_url, differences):
            differences = ""
        halted = yield from self._members(context, order, differences)
        if halted is not None and differences and halted.why in ("refused", "faulted"):
            halted = yield from self._members(context, order, "")  # such links end; then everything is read
        if halted is not None:
            return halted
        yield from self._opened(context, order, "enrolment", *NEVER_TOLD)
        if context.lineitems_url is None:
            yield Shut(parts=parts_of(context.course, self._unread))
            return None
        return (yield from self._results(context, order, context.lineitems_url))

    def _opened(self, context: Context, order: Order, *kinds: EntityName) -> Generator[Step, Answer, None]:
        """These of a course were read to their end."""
        self._unread = tuple(kind for kind in self._unread if kind not in kinds)
        parts = tuple(part for part in parts_of(context.course, kinds) if part in order.shut)
        if parts and order.mode != "backfill":
            yield Opened(parts=parts)

    def _members(self, context: Context, order: Order, differences: str) -> Reading:
        url = differences or with_limit(context.memberships_url, self._settings.page)
        first, onwards = True, ""
        for _ in range(PAGES_MAX):
            page = yield from self._page(url, MEMBERS)
            if isinstance(page, Halted):
                return page
            onwards = urljoin(url, page.links["differences"]) if "differences" in page.links else onwards
            records: list[Record] = [course_record(context, page.container)] if first else []
            for member in page.items:
                records += member_records(context, self._whole_person(member))
            yield Page(records=tuple(records))
            following = _following(url, page, MEMBERS)
            if following is None:
                if not differences and order.mode != "backfill":
                    yield Whole(entity="enrolment", scope=context.course)
                self._remember(context, onwards)
                return None
            if isinstance(following, Halted):
                return following
            url, first = following, False
        return Halted(why="faulted", detail=f"{asked(MEMBERS)} of {context.course}: more than {PAGES_MAX} pages")

    def _remember(self, context: Context, differences: str) -> None:
        """By which address the next reading asks for differences, if it may be sent our token."""
        self._cursor.pop(_differences(context), None)
        if differences and same_origin(context.memberships_url, differences):
            self._cursor[_differences(context)] = differences

    def _whole_person(self, member: dict[str, object]) -> dict[str, object]:
        """With what other courses show of the same person: else one who is shown in two ways would change for ever."""
        user = str(member.get("user_id") or "")
        shown = {name: member[name] for name in PERSONAL if member.get(name)}
        if len(self._persons) >= PERSONS_MAX:
            self._persons.clear()
        self._persons[user] = known = {**self._persons.get(user, {}), **shown}
        return {**member, **known}

    def _results(self, context: Context, order: Order, lineitems_url: str) -> Reading:
        items = yield from self._all(with_limit(lineitems_url, self._settings.page), LINE_ITEMS)
        if isinstance(items, Halted):
            return items
        for item in items:
            if item.get("id"):
                item["id"] = name = urljoin(lineitems_url, str(item["id"]))
                if not same_origin(lineitems_url, name):
                    return elsewhere("a line item", name)
        yield Page(records=tuple(line_item_record(context, item) for item in items))
        if order.mode != "backfill":
            yield Whole(entity="assignment", scope=context.course)
        yield from self._opened(context, order, "assignment")
        for item in items:
            name = str(item.get("id") or "")
            if not name:
                continue  # it is in quarantine
            results = yield from self._all(with_limit(results_url(name), self._settings.page), RESULTS)
            if isinstance(results, Halted):
                return results
            yield Page(records=tuple(result_record(context, name, result) for result in results))
        yield from self._opened(context, order, "grade")
        return None

    def _all(self, url: str, accept: str) -> Generator[Step, Answer, list[dict[str, object]] | Halted]:
        """A whole list, page by page."""
        found: list[dict[str, object]] = []
        for _ in range(PAGES_MAX):
            page = yield from self._page(url, accept)
            if isinstance(page, Halted):
                return page
            found += page.items
            following = _following(url, page, accept)
            if following is None:
                return found
            if isinstance(following, Halted):
                return following
            url = following
        return Halted(why="faulted", detail=f"{asked(accept)}: more than {PAGES_MAX} pages")

    def _page(self, url: str, accept: str) -> Generator[Step, Answer, Listed | Halted]:
        """A page; a token that is not taken any more is fetched anew, once."""
        for again in (False, True):
            token = yield from self._tokens.token(self._now_us)
            if isinstance(token, Halted):
                return token
            outcome = yield from ask(asking(url, accept, token))
            if (their_s := dated_s(outcome)) is not None:
                self._now_us = max(self._now_us or 0, their_s * 1_000_000)
            page = listed(outcome, accept)
            refused = isinstance(page, Halted) and page.why == "revoked"
            if again or not refused or not self._tokens.drop(token):
                return page
        raise AssertionError("the second answer is the answer")


def _following(url: str, page: Listed, accept: str) -> str | Halted | None:
    """Where the list goes on; None at its end."""
    where = page.links.get("next")
    if where is None:
        return None
    return onward(url, where) or elsewhere(asked(accept), where)


def _differences(context: Context) -> str:
    return f"differences {context.course}"
