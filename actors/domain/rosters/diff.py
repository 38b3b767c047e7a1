"""Seats against members: what is to be done about one place, and how everybody in it stands (pure).

The work is set arithmetic on the vendor's ids, so that a place in step costs next to nothing; only where the two sides
differ is looked closer. Nobody is ever taken out because something is not known: not by a source that told a part only,
not by a place that was read a part only, and not while somebody who belongs in cannot be found and may be there by
another name.
"""

from collections.abc import Iterable

import msgspec

from actors.domain.rosters.difference import Accounts, Difference, Joining, Leaving, Odd, Oddity, Refusal, who
from actors.domain.rosters.memory import NEW, is_gone_long, remembered
from actors.domain.rosters.model import TAKEN_OUT, Actual, Desired, Excluded, Kept, Member, Seat
from config.rosters import Roster

TRIES_MAX = 3
"""So often somebody is put in who does not show up; then it counts as a refusal."""
REFUSED_AGAIN_US = 86_400_000_000
"""Whom the vendor refused is tried again after a day."""


def difference(
    rule: Roster,
    desired: Desired,
    kept: Iterable[Kept],
    actual: Actual | None,
    accounts: Accounts,
    *,
    now_us: int,
    visible_us: int,
    has_owners: bool = True,
) -> Difference:
    """``actual`` None: the place was not read now, what is remembered counts. ``has_owners``: whether the platform has
    owners at all."""
    known = remembered(kept, actual, now_us, visible_us)
    names = {} if actual is None else {member.id: member for member in actual.members}
    return _Differing(rule, desired, known, names, accounts, now_us, has_owners).difference(actual)


class _Differing:
    def __init__(
        self,
        rule: Roster,
        desired: Desired,
        known: dict[str, Kept],
        names: dict[str, Member],
        accounts: Accounts,
        now_us: int,
        has_owners: bool,
    ) -> None:
        self._rule, self._desired, self._known, self._names = rule, desired, known, names
        self._now_us, self._has_owners = now_us, has_owners
        self._odd: list[Oddity] = []
        self._unmatched: list[Refusal] = []
        self._refused: list[Refusal] = []
        self._held_in: list[Refusal] = []
        self._waived: list[Refusal] = []
        self._sought: list[Seat] = []
        self._seats = self._seated(accounts)
        self._accounts = accounts
        self._inside = {id_ for id_, each in known.items() if each.inside}

    def difference(self, actual: Actual | None) -> Difference:
        seats, known, inside = self._seats, self._known, self._inside
        doubts = self._doubts(actual)
        if self._desired.over:
            leaves, _ = self._an_owner_stays(self._erased(inside - seats.keys()), [], (), ())
            return Difference(
                leaves=tuple(leaves),
                odd=tuple(self._odd),
                unmatched=tuple(self._unmatched),
                sought=tuple(self._sought),
                why=doubts,
                inside=len(inside),
                in_step=len(seats.keys() & inside),
                kept=tuple(known.values()),
            )
        joins = [join for id_ in sorted(seats.keys() - inside) if (join := self._joining(id_)) is not None]
        staying = seats.keys() & inside
        for id_ in staying:
            if not known[id_].ours or known[id_].erased:
                known[id_] = msgspec.structs.replace(known[id_], ours=True, person=seats[id_].person, erased=False)
        promotes, demotes = self._owners(staying) if self._has_owners else ([], [])
        without = inside - seats.keys()
        erased = self._erased(without)
        leaves, strangers = self._leaving(sorted(without - {id_ for id_ in without if known[id_].erased}))
        spared = len(leaves) if doubts else 0
        leaves, demotes = self._an_owner_stays(erased if doubts else [*erased, *leaves], demotes, joins, promotes)
        return Difference(
            joins=tuple(joins),
            promotes=tuple(promotes),
            demotes=tuple(demotes),
            leaves=tuple(leaves),
            unmatched=tuple(self._unmatched),
            refused=tuple(self._refused),
            held_in=tuple(self._held_in),
            waived=tuple(self._waived),
            sought=tuple(self._sought),
            odd=tuple(self._odd),
            strangers=tuple(strangers),
            late=frozenset(id_ for id_ in staying if known[id_].tries),
            spared=spared,
            why=doubts,
            inside=len(inside),
            in_step=len(staying),
            kept=tuple(known.values()),
        )

    def _doubts(self, actual: Actual | None) -> str:
        if self._desired.over:
            return "its course is over, or not open"
        if not self._desired.sure:
            return self._desired.why
        return "" if actual is None or actual.whole else "the place could not be read to its end"

    def _seated(self, accounts: Accounts) -> dict[str, Seat]:
        """Seats by vendor's id; who has none is set aside."""
        seats: dict[str, Seat] = {}
        for seat in self._desired.seats:
            account = accounts.get(who(seat))
            if isinstance(account, str):
                if account in seats:
                    self._clash(account, seats[account], seat)
                else:
                    seats[account] = seat
            elif account is None:
                self._sought.append(seat)
            else:
                self._unmatched.append(Refusal(seat=seat, why=account.why, near=account.near))
        return seats

    def _clash(self, id_: str, first: Seat, second: Seat) -> None:
        detail = f"{_named(first)} and {_named(second)} are one account there"
        self._odd.append(_odd("clash", id_, second, detail, also=first.person))

    def _is_refused(self, before: Kept) -> bool:
        """What the vendor refused of somebody alone is not asked of it again for a while."""
        return bool(before.refused) and self._now_us - before.refused_us < REFUSED_AGAIN_US

    # ── in ───────────────────────────────────────────────────────────────────────────────────────────

    def _joining(self, id_: str) -> Joining | None:
        """Somebody who belongs in and is not in it."""
        seat, before = self._seats[id_], self._known.get(id_, NEW)
        if before.accepted:
            self._waived.append(Refusal(seat=seat, why="a person said that they need not be in it", id=id_))
            return None
        if self._is_refused(before):
            self._refused.append(Refusal(seat=seat, why=before.refused, id=id_))
            return None
        if before.tries >= TRIES_MAX:
            why = f"the vendor took them {before.tries} times, and they do not show up"
            self._refused.append(Refusal(seat=seat, why=why, id=id_))
            self._known[id_] = msgspec.structs.replace(before, refused=why, refused_us=self._now_us, tries=0)
            return None
        taken_out = before.left_us and not is_gone_long(before, self._now_us)
        if taken_out and (self._rule.missing == "review" or before.put_us > before.left_us):
            self._ask_missing(id_, seat)
            return None
        return Joining(id=id_, seat=seat, again=bool(taken_out))

    def _ask_missing(self, id_: str, seat: Seat) -> None:
        detail = "somebody took them out at the platform, or they left"
        self._odd.append(_odd("missing", id_, seat, detail))

    def _owners(self, staying: Iterable[str]) -> tuple[list[Joining], list[Member]]:
        """Who is to become an owner, and who is none any more. Whom somebody made an owner by hand is asked about."""
        seats, known = self._seats, self._known
        wanted = {id_ for id_ in staying if seats[id_].owner}
        are = {id_ for id_ in staying if known[id_].owner}
        promotes = []
        for id_ in sorted(wanted - are):
            if self._is_refused(known[id_]):
                why = f"the vendor does not make them an owner: {known[id_].refused}"
                self._refused.append(Refusal(seat=seats[id_], why=why, id=id_))
            elif not (known[id_].tries and known[id_].granted):  # else it is on its way
                promotes.append(Joining(id=id_, seat=seats[id_]))
        demotes = []
        for id_ in sorted(are - wanted):
            if known[id_].granted and self._is_refused(known[id_]):
                why = f"the vendor does not make them a member: {known[id_].refused}"
                self._refused.append(Refusal(seat=seats[id_], why=why, id=id_))
            elif known[id_].granted:
                demotes.append(self._member(id_))
            elif not known[id_].accepted:
                seat = seats[id_]
                detail = "somebody made them an owner at the platform"
                self._odd.append(_odd("owner_by_hand", id_, seat, detail))
        return promotes, demotes

    # ── out ──────────────────────────────────────────────────────────────────────────────────────────

    def _erased(self, without: Iterable[str]) -> list[Leaving]:
        """Who was erased leaves, whatever is not known of others. What they are called is not looked at."""
        found = [self._known[id_] for id_ in sorted(without) if self._known[id_].erased]
        return [
            Leaving(
                member=Member(id=each.id, owner=each.owner, membership=each.membership),
                person=0,
                why="was erased",
                erased=True,
            )
            for each in found
            if not self._is_refused(each)
        ]

    def _leaving(self, without: list[str]) -> tuple[list[Leaving], list[Member]]:
        """Of those who are in it without a seat: who is to leave, and who are strangers."""
        excluded = self._excluded() if without else {}
        lost = {each.seat.person for each in self._unmatched} | {seat.person for seat in self._sought}
        leaves: list[Leaving] = []
        strangers: list[Member] = []
        for id_ in without:
            before = self._known[id_]
            if before.accepted or (before.ours and before.person in lost):
                continue  # of those who are lost: they belong in, and only their address is not known there just now
            rule = excluded.get(id_)
            if before.ours or (rule is not None and rule.rule in TAKEN_OUT):
                why = "no enrolment any more" if rule is None else rule.detail
                if self._is_refused(before):
                    self._hold_in(id_, before)
                    continue
                leaves.append(Leaving(member=self._member(id_), person=before.person, why=why))
            elif rule is None:
                strangers.append(self._member(id_))
                self._stranger(id_, before, leaves)
        return leaves, strangers

    def _excluded(self) -> dict[str, Excluded]:
        """By vendor's id: who has no seat by a rule, as far as it is known who that is there."""
        found = {}
        persons = {each.person: id_ for id_, each in self._known.items() if each.person}
        for each in self._desired.excluded:
            id_ = self._accounts.get(who(each), persons.get(each.person))
            if isinstance(id_, str):
                found[id_] = each
        return found

    def _stranger(self, id_: str, before: Kept, leaves: list[Leaving]) -> None:
        """By rule; while somebody who belongs in cannot be found, it may be them."""
        maybe = bool(self._unmatched or self._sought)
        if self._rule.strangers == "keep":
            return
        member = self._member(id_)
        if self._rule.strangers == "remove" and not maybe:
            if self._is_refused(before):
                return
            leaves.append(Leaving(member=member, person=before.person, why="was never enrolled"))
            return
        detail = "is in it and was never enrolled"
        if maybe:
            detail += "; somebody who belongs in cannot be found, and may be them"
        self._odd.append(
            Oddity(
                odd="stranger",
                id=id_,
                person=before.person,
                name=member.name,
                email=member.email,
                detail=detail,
            )
        )

    def _hold_in(self, id_: str, before: Kept) -> None:
        member = self._member(id_)
        seat = Seat(person=before.person, user="", name=member.name, email=member.email)
        self._held_in.append(Refusal(seat=seat, why=f"the vendor does not let them go: {before.refused}", id=id_))

    def _an_owner_stays(
        self, leaves: list[Leaving], demotes: list[Member], joins: Iterable[Joining], promotes: Iterable[Joining]
    ) -> tuple[list[Leaving], list[Member]]:
        """A place with owners keeps one: the last is not taken out, nor made a member, before there is another."""
        if not self._has_owners or not (demotes or any(each.member.owner for each in leaves)):
            return leaves, demotes
        gone = {each.member.id for each in leaves} | {each.id for each in demotes}
        stay = any(self._known[id_].owner for id_ in self._inside if id_ not in gone)
        if stay or any(each.seat.owner for each in joins) or any(promotes):
            return leaves, demotes
        if demotes:
            last, *others = demotes
            seat = self._seats[last.id]
            why = "their role makes them no owner any more"
            self._ask_last_owner(last, seat.person, why, name=seat.name, email=seat.email, seated=True)
            return leaves, others
        left = next(each for each in leaves if each.member.owner)
        self._ask_last_owner(left.member, left.person, left.why, name=left.member.name, email=left.member.email)
        return [each for each in leaves if each is not left], demotes

    def _ask_last_owner(
        self, last: Member, person: int, why: str, *, name: str, email: str, seated: bool = False
    ) -> None:
        self._odd.append(
            Oddity(
                odd="last_owner",
                id=last.id,
                person=person,
                name=name,
                email=email,
                detail=f"{why}, and the place would have no owner left",
                seated=seated,
            )
        )

    def _member(self, id_: str) -> Member:
        found = self._names.get(id_)
        if found is not None:
            return found
        before = self._known[id_]
        return Member(id=id_, owner=before.owner, membership=before.membership)


def _odd(odd: Odd, id_: str, seat: Seat, detail: str, also: int = 0) -> Oddity:
    """Of somebody who belongs in."""
    return Oddity(odd=odd, id=id_, person=seat.person, name=seat.name, email=seat.email, detail=detail, also=also)


def _named(seat: Seat) -> str:
    return f"{seat.name or seat.user} ({seat.email})" if seat.email else seat.name or seat.user
