"""Whom a vendor calls by what: the accounts of those who hold seats, and who strangers are, in the fewest calls.

What an operator said of a person comes first, then what is remembered of their addresses, then the vendor: person by
person, or everybody where that takes fewer calls. Whoever cannot be found is a person all the same, with a reason.
"""

from collections.abc import Iterable, Sequence

from actors.domain.people import fold_email
from actors.domain.rosters.difference import Unmatched, who
from actors.domain.rosters.model import Seat
from actors.ports.rostering import Account, Page
from actors.ports.rosters import AccountFound
from actors.roles.inquiring import Inquiry
from actors.roles.world import World
from config.recall import counts

DAY_US = 86_400_000_000
FOUND_KEPT_US = 30 * DAY_US
ABSENT_KEPT_US = 20 * 3_600_000_000
"""Somebody who was not there is looked for again with the next night."""
PAGES_MAX = 1_000
SAMPLE = 3
"""So many of those whom a list did not show are asked for by themselves."""
NEAR_MAX = 3
LOOKING_UP = "looking people up"
LISTING = "listing who is there"
ASKING_WHO = "asking who members are"
NOWHERE = "no e-mail address is known for them: the source tells none, and nobody linked them"


class Matched:
    """``accounts``: by ``difference.who``, the vendor's id or why there is none. ``of``: whose an id is."""

    def __init__(self) -> None:
        self.accounts: dict[int | str, str | Unmatched] = {}
        self.of: dict[str, int] = {}

    def give(self, seat: Seat, account: str) -> None:
        self.accounts[who(seat)] = account
        self.of.setdefault(account, seat.person)


class Matching:
    """One lane's."""

    def __init__(self, tenant: str, target: str, inquiry: Inquiry, world: World) -> None:
        self._tenant = tenant
        self._target = target
        self._inquiry = inquiry
        self._rosters = world.rosters
        self._clock = world.clock
        self._counts = counts("accounts")
        self.everybody = 0
        """How many people the vendor had when they were last listed; 0: nobody knows."""
        self._near: dict[str, tuple[tuple[str, str], ...]] = {}

    async def match(self, seats: Iterable[Seat], *, anew: bool = False) -> Matched:
        """``anew``: whoever was not there is looked for again, however lately that was. Raises Hindered,
        StoreUnavailable."""
        matched = Matched()
        anew_us = self._clock.now_us() if anew else 0
        people = {who(seat): seat for seat in seats}
        contacts = await self._rosters.contacts([seat.person for seat in people.values() if seat.person], self._target)
        emails = {fold_email(seat.email) for seat in people.values() if seat.email}
        withheld = await self._rosters.withheld(self._tenant, sorted(emails))
        open_: dict[int | str, list[str]] = {}
        for key, seat in people.items():
            said = contacts.get(seat.person, "") if seat.person else ""
            if said and "@" not in said:
                matched.give(seat, said)
            else:
                open_[key] = self._addresses(seat, said, withheld)
        known = await self._known({each for addresses in open_.values() for each in addresses})
        unknown = self._unknown(open_, known, anew_us)
        stale = sum(each in known for each in unknown)
        self._counts.stale += stale
        self._counts.misses += len(unknown) - stale
        self._counts.hits += len(known) - stale
        await self._look(known, unknown, people)
        await self._elsewhere(people, open_, known, withheld, anew_us)
        for key, addresses in open_.items():
            self._judge(matched, people[key], addresses, known, withheld)
        return matched

    def _addresses(self, seat: Seat, said: str, withheld: dict[tuple[int, str], str]) -> list[str]:
        if said:
            return [fold_email(said)]
        email = fold_email(seat.email) if seat.email else ""
        return [email] if email and (seat.person, email) not in withheld else []

    async def _elsewhere(
        self,
        people: dict[int | str, Seat],
        open_: dict[int | str, list[str]],
        known: dict[str, AccountFound],
        withheld: dict[tuple[int, str], str],
        anew_us: int,
    ) -> None:
        """Whom nobody knows by the address that this source tells may be known by another one's."""
        lost = [
            people[key].person
            for key, addresses in open_.items()
            if people[key].person and not any(_has(known, each) for each in addresses)
        ]
        if not lost:
            return
        others = await self._rosters.addresses(self._tenant, lost)
        told = {each for all_ in others.values() for each in all_}
        withheld |= await self._rosters.withheld(self._tenant, sorted(told))
        for key, addresses in open_.items():
            person = people[key].person
            for each in others.get(person, ()) if person in others else ():
                if each not in addresses and (person, each) not in withheld:
                    addresses.append(each)
        more = {each for key, addresses in open_.items() for each in addresses if each not in known}
        known.update(await self._known(more))
        await self._look(known, self._unknown(open_, known, anew_us), people)

    def _unknown(self, open_: dict[int | str, list[str]], known: dict[str, AccountFound], anew_us: int) -> list[str]:
        """Whom to ask about: who was found absent or deactivated is believed to be so for less long."""
        now_us = self._clock.now_us()
        absent_us = max(anew_us, now_us - ABSENT_KEPT_US)
        wanted = dict.fromkeys(each for addresses in open_.values() for each in addresses)
        return [
            each
            for each in wanted
            if each not in known
            or not _holds(known[each], now_us)
            or (_is_absent(known[each]) and known[each].found_us < absent_us)
        ]

    async def _known(self, named: Iterable[str]) -> dict[str, AccountFound]:
        wanted = sorted(named)
        return await self._rosters.accounts(self._inquiry.lane, wanted) if wanted else {}

    def _judge(
        self,
        matched: Matched,
        seat: Seat,
        addresses: Sequence[str],
        known: dict[str, AccountFound],
        withheld: dict[tuple[int, str], str],
    ) -> None:
        lost: list[str] = []
        for address in addresses:
            found = known.get(address)
            account = found.account if found is not None else None
            if account is None:
                lost.append(f"nobody there has {address}")
            elif account.bot or not account.active:
                lost.append(f"whoever has {address} there is {'a bot' if account.bot else 'deactivated'}")
            else:
                matched.give(seat, account.id)
                return
        why = "; ".join(lost)
        if not why:
            email = fold_email(seat.email) if seat.email else ""
            why = withheld.get((seat.person, email), "") or NOWHERE
        matched.accounts[who(seat)] = Unmatched(why=why, near=self._near.get(_folded(seat.name), ()))

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────

    async def _look(self, known: dict[str, AccountFound], unknown: list[str], people: dict[int | str, Seat]) -> None:
        """These addresses, asked of the vendor and remembered."""
        if not unknown:
            return
        if self._inquiry.rostering.lists_all(len(unknown), self.everybody):
            await self._list(known, unknown, people)
            return
        await self._look_up(known, unknown)

    async def _look_up(self, known: dict[str, AccountFound], unknown: Sequence[str]) -> None:
        left, of = list(unknown), len(unknown)
        while left:
            self._inquiry.progress.step(LOOKING_UP, of - len(left), of, "people")
            some = left[: self._inquiry.rostering.lookups_max]
            answer = await self._inquiry.look_up(some)
            now_us = self._clock.now_us()
            told = [
                AccountFound(named=each, account=account, found_us=now_us) for each, account in answer.found.items()
            ]
            told += [AccountFound(named=each, account=None, found_us=now_us) for each in answer.absent]
            got = {each.named for each in told} & set(some)
            if not got:
                raise LookupError(f"{self._inquiry.lane}: a look-up of {len(some)} addresses told of none of them")
            await self._keep(known, told)
            left = [each for each in left if each not in got]

    async def _list(self, known: dict[str, AccountFound], unknown: list[str], people: dict[int | str, Seat]) -> None:
        """Everybody, as long as anybody is missing: who was not among them is not there."""
        missing, after, seen = dict.fromkeys(unknown), "", 0
        names = {_folded(seat.name) for seat in people.values() if seat.name}
        near: dict[str, tuple[tuple[str, str], ...]] = {}
        for _ in range(PAGES_MAX):
            self._inquiry.progress.step(LISTING, seen, self.everybody if seen <= self.everybody else 0, "people")
            page = await self._inquiry.people(after)
            now_us = self._clock.now_us()
            told = []
            for account in page.accounts:
                for email in account.emails:
                    if email in missing:
                        del missing[email]
                        told.append(AccountFound(named=email, account=account, found_us=now_us))
                if (name := _folded(account.name)) in names and account.active and not account.bot:
                    email = account.emails[0] if account.emails else ""
                    near[name] = (*near.get(name, ()), (account.id, email))[:NEAR_MAX]
            await self._keep(known, told)
            seen, after = seen + len(page.accounts), page.after
            if page.everybody:
                self.everybody = page.everybody
            if missing and self._too_many(page, seen, len(missing)):
                self._near = near
                await self._look(known, list(missing), people)
                return
            if not after or not missing:
                break
        if not after:
            self.everybody = seen
            await self._unlisted(known, list(missing))
        self._near = near

    async def _unlisted(self, known: dict[str, AccountFound], missing: Sequence[str]) -> None:
        """Whom the list did not show. It may have shown a part: some are asked for by themselves, and where one of them
        is there all the same, so are the others."""
        some, rest = missing[:SAMPLE], missing[SAMPLE:]
        await self._look_up(known, some)
        if any(_has(known, each) for each in some):
            await self._look_up(known, rest)
            return
        now_us = self._clock.now_us()
        await self._keep(known, [AccountFound(named=each, account=None, found_us=now_us) for each in rest])

    def _too_many(self, page: Page, seen: int, missing: int) -> bool:
        """Whether the first page tells of so many people that looking up is cheaper after all: by a call more, because
        a look-up may take two."""
        if seen > len(page.accounts) or page.everybody <= seen:
            return False
        rostering = self._inquiry.rostering
        return not rostering.lists_all(missing + rostering.lookups_max, page.everybody - seen)

    async def _keep(self, known: dict[str, AccountFound], told: Sequence[AccountFound]) -> None:
        if told:
            await self._rosters.learn(self._inquiry.lane, told)
            known.update({each.named: each for each in told})

    # ── members whom nobody knows ────────────────────────────────────────────────────────────────────

    async def strangers(self, ids: Iterable[str]) -> dict[str, Account]:
        """Who these are, as remembered or as the vendor says now. Raises Hindered, StoreUnavailable."""
        wanted = {f"id:{each}": each for each in ids}
        known = await self._known(wanted)
        now_us = self._clock.now_us()
        left = [each for named, each in wanted.items() if named not in known or not _holds(known[named], now_us)]
        while left:
            self._inquiry.progress.step(ASKING_WHO, len(wanted) - len(left), len(wanted), "people")
            answer = await self._inquiry.who(left[: self._inquiry.rostering.lookups_max])
            told = [
                AccountFound(named=f"id:{each}", account=account, found_us=self._clock.now_us())
                for each, account in answer.items()
            ]
            if not any(each in answer for each in left):
                raise LookupError(f"{self._inquiry.lane}: whose {len(left)} ids are was not told of any of them")
            await self._keep(known, told)
            left = [each for each in left if each not in answer]
        return {each: found.account for named, each in wanted.items() if (found := known[named]).account is not None}

    async def met(self, accounts: Sequence[Account]) -> None:
        """Members whom nobody knows, as a place's list of members told of them. Raises StoreUnavailable."""
        now_us = self._clock.now_us()
        await self._keep({}, [AccountFound(named=f"id:{each.id}", account=each, found_us=now_us) for each in accounts])

    async def remembered(self, ids: Iterable[str]) -> dict[str, Account]:
        """Who these are, as far as is remembered."""
        known = await self._known({f"id:{each}" for each in ids})
        return {each.account.id: each.account for each in known.values() if each.account is not None}


def _has(known: dict[str, AccountFound], address: str) -> bool:
    found = known.get(address)
    return found is not None and found.account is not None


def _is_absent(found: AccountFound) -> bool:
    return found.account is None or not found.account.active


def _holds(found: AccountFound, now_us: int) -> bool:
    kept_us = ABSENT_KEPT_US if found.account is None else FOUND_KEPT_US
    return 0 <= now_us - found.found_us < kept_us


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
