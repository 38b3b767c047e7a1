"""Who is who in the directory: everybody page by page, or those who have certain addresses, by the hundred.

A filter takes fifteen values, a bundle twenty filters. Addresses are sign-in names first, because that is what they
mostly are in schools; only who is not found so is looked for by mail. What is asked of a person is what
``User.ReadBasic.All`` shows.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from actors.domain.flow import Flow, Request
from actors.domain.verdicts import Faulted
from actors.ports.rostering import Account, LookedUp, Page
from actors.ports.rostering import Failure as Failed
from actors.targets.teams.batch import SIZE_MAX
from actors.targets.teams.calling import Caller
from actors.targets.teams.pace import DIRECTORY
from actors.targets.teams.scopes import APP
from actors.targets.teams.wire import Answered, Purpose, harmless

VALUES_MAX = 15
"""So many values a filter may name."""
AT_ONCE = VALUES_MAX * SIZE_MAX
PAGE_ROWS = 999
PAGE_BYTES_MAX = 4 * 1024 * 1024
SOME_BYTES_MAX = 64 * 1024
"""The answer to one filter."""
VALUE_CHARS_MAX = 120
"""Longer ones cannot be asked for by ``eq`` or ``in``."""
CURSOR_CHARS_MAX = 8_000
SHOWN = "id,displayName,mail,userPrincipalName"
GUEST = "#ext#"
"""A guest's sign-in name is made up; their address is in ``mail``."""
FIRST = urlencode({"$select": SHOWN, "$top": str(PAGE_ROWS), "$count": "true"}, safe="$,")
EVENTUAL = {"consistencylevel": "eventual"}
"""The price of being told how many there are."""
SHAPELESS = Faulted("Microsoft Graph: a list without anything that could be one")


class Listed(NamedTuple):
    """What came of asking for values: those that were asked, and what was shown for them."""

    asked: frozenset[str]
    shown: list[dict[str, object]]


class People:
    """One directory's."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def page(self, after: str) -> Flow[Page | Failed]:
        request = self._caller.request("GET", f"users?{after or FIRST}", "users.list", (DIRECTORY,), more=EVENTUAL)
        request = msgspec.structs.replace(request, answer_bytes_max=PAGE_BYTES_MAX, patience_s=60.0)
        answer = yield from self._caller.call(APP, request, Purpose.LOOKUP, self._caller.talk("people"))
        if not isinstance(answer, Answered):
            return harmless(answer)
        shown = answer.objects()
        if shown is None:
            return SHAPELESS
        counted = answer.fields.get("@odata.count")
        return Page(
            accounts=tuple(account for each in shown if (account := account_of(each)) is not None),
            after=onward(answer),
            everybody=counted if isinstance(counted, int) and counted > 0 else 0,
        )

    def look_up(self, emails: Sequence[str]) -> Flow[LookedUp | Failed]:
        """At most ``AT_ONCE``; two calls at most."""
        wanted = [each for each in dict.fromkeys(emails) if "@" in each and len(each) <= VALUE_CHARS_MAX]
        found: dict[str, Account] = {}
        absent = set(emails) - set(wanted)
        by_name = yield from self._asked("userPrincipalName", wanted)
        if not isinstance(by_name, Listed):
            return by_name
        for each in by_name.shown:
            if (account := account_of(each)) is not None:
                found[str(each.get("userPrincipalName")).casefold()] = account
        rest = [each for each in wanted if each in by_name.asked and each not in found]
        by_mail = yield from self._asked("mail", rest)
        if isinstance(by_mail, Listed):
            several: dict[str, list[Account]] = {}
            for each in by_mail.shown:
                if (account := account_of(each)) is not None:
                    several.setdefault(str(each.get("mail")).casefold(), []).append(account)
            found |= {address: accounts[0] for address, accounts in several.items() if len(accounts) == 1}
            absent |= {each for each in rest if each in by_mail.asked and each not in found}
        elif not found:
            return by_mail
        asked_for = set(emails)
        return LookedUp(
            found={address: account for address, account in found.items() if address in asked_for},
            absent=tuple(sorted(absent)),
        )

    def who(self, ids: Sequence[str]) -> Flow[dict[str, Account] | Failed]:
        told = yield from self._asked("id", list(dict.fromkeys(each.lower() for each in ids)))
        if not isinstance(told, Listed):
            return told
        known = {account.id: account for each in told.shown if (account := account_of(each)) is not None}
        nobody = {each: Account(id=each, active=False) for each in ids if each.lower() in told.asked}
        return nobody | {each: known[each.lower()] for each in ids if each.lower() in known}

    def _asked(self, field: str, values: Sequence[str]) -> Flow[Listed | Failed]:
        """As far as Graph answered; a failure where it answered nothing."""
        return (
            yield from asked(
                self._caller, "users", field, values, select=SHOWN, purpose=Purpose.LOOKUP, operation="users.list"
            )
        )


def asked(
    caller: Caller,
    of: str,
    field: str,
    values: Sequence[str],
    *,
    select: str,
    purpose: Purpose,
    operation: str,
    whole: bool = False,
) -> Flow[Listed | Failed]:
    """Those of a collection whose ``field`` has one of the values (at most ``AT_ONCE``), in one call. ``whole``: all
    has to be answered."""
    if not values:
        return Listed(frozenset(), [])
    portions = [values[start : start + VALUES_MAX] for start in range(0, len(values), VALUES_MAX)][:SIZE_MAX]
    requests = [_filtered(caller.request, of, field, each, select, operation) for each in portions]
    answers = yield from caller.several(APP, requests, purpose, caller.talk(f"{of} by {field}"))
    answered: list[str] = []
    shown: list[dict[str, object]] = []
    failure: Failed | None = None
    for portion, answer in zip(portions, answers, strict=True):
        objects = answer.objects() if isinstance(answer, Answered) else None
        if objects is None:
            failure = failure or (SHAPELESS if isinstance(answer, Answered) else harmless(answer))
            continue
        answered += portion
        shown += objects
    if failure is not None and (whole or not answered):
        return failure
    return Listed(frozenset(answered), shown)


def _filtered(
    make: Callable[..., Request], of: str, field: str, values: Sequence[str], select: str, operation: str
) -> Request:
    named = ",".join("'" + each.replace("'", "''") + "'" for each in values)
    query = {"$filter": f"{field} in ({named})", "$select": select, "$top": str(PAGE_ROWS)}
    request = make("GET", f"{of}?{urlencode(query, quote_via=quote, safe='$,()')}", operation, (DIRECTORY,))
    return msgspec.structs.replace(request, answer_bytes_max=SOME_BYTES_MAX, patience_s=60.0)


def account_of(fields: dict[str, object]) -> Account | None:
    """None where it is nobody."""
    given = fields.get("id")
    if not isinstance(given, str) or not given:
        return None
    addresses = [fields.get("userPrincipalName"), fields.get("mail")]
    emails = [
        each.casefold() for each in addresses if isinstance(each, str) and "@" in each and GUEST not in each.casefold()
    ]
    name = fields.get("displayName")
    return Account(
        id=given.lower(),
        emails=tuple(dict.fromkeys(emails)),
        name=name if isinstance(name, str) else "",
        active=fields.get("accountEnabled") is not False,
    )


def onward(answer: Answered) -> str:
    """The query of the next page, empty where there is none. Never its host: our token goes nowhere else."""
    query = urlsplit(answer.text("@odata.nextLink")[: CURSOR_CHARS_MAX + 1]).query
    known = 0 < len(query) <= CURSOR_CHARS_MAX and parse_qsl(query)
    return query if known else ""
