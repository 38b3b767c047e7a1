"""Who there is in a workspace: everybody by the thousand, one by an address, one by an id."""

from collections.abc import Sequence

from actors.domain.flow import Flow
from actors.domain.verdicts import Cause, Faulted, Refused
from actors.ports.rostering import Account, LookedUp, Page
from actors.targets.slack.rostering_calls import Calls, Said, cursor, in_doubt, rows
from actors.targets.slack.telling import text
from actors.targets.slack.wire import Answered, Harmless

PEOPLE_PAGE, PEOPLE_PAGE_SMALL = 1_000, 200
"""So many people a page; where a workspace is too large for that, Slack says so, or fails."""
SLACKBOT = "USLACKBOT"
ADDRESSES = "users:read.email"
NOBODY = frozenset({"user_not_found", "users_not_found", "user_not_visible"})
ID_CHARS_MAX = 100
NAME_CHARS_MAX = 200
EMAIL_CHARS_MAX = 320


def people(calls: Calls, after: str) -> Flow[Page | Harmless]:
    """A page. ``after`` is how large it is and where it begins."""
    size, _, where = after.partition(":")
    small = size == str(PEOPLE_PAGE_SMALL)
    limit = PEOPLE_PAGE_SMALL if small else PEOPLE_PAGE
    said = yield from _page(calls, limit, where)
    if not small and (said.error == "limit_required" or in_doubt(said)):
        limit = PEOPLE_PAGE_SMALL
        said = yield from _page(calls, limit, where)
    members = rows(said, "members") if not said.error else None
    if members is None:
        return Faulted(f"{said.error}: read from the beginning") if said.error == "invalid_cursor" else said.unlearnt
    if lacking := _blind(said):
        return lacking
    next_ = cursor(said)
    if next_ and next_ == where:
        return Faulted("Slack: pages of people that do not go on")
    found = tuple(account for each in members if (account := account_of(each)) is not None)
    return Page(accounts=found, after=f"{limit}:{next_}" if next_ else "")


def _page(calls: Calls, limit: int, where: str) -> Flow[Said]:
    return calls.get("users.list", {"limit": str(limit)} | ({"cursor": where} if where else {}))


def _blind(said: Said) -> Refused | None:
    """Without this scope Slack shows people, and no addresses: nobody would be found, which is not that they are not
    there."""
    scopes = said.answer.scopes if isinstance(said.answer, Answered) else ""
    if not scopes or ADDRESSES in {each.strip() for each in scopes.split(",")}:
        return None
    return Refused(Cause.MISSING_PERMISSION, f"the token lacks {ADDRESSES}: Slack shows people without addresses")


def look_up(calls: Calls, emails: Sequence[str]) -> Flow[LookedUp | Harmless]:
    """One after another: Slack looks up no two at once."""
    found: dict[str, Account] = {}
    absent: list[str] = []
    for email in emails:
        said = yield from calls.get("users.lookupByEmail", {"email": email})
        account = account_of(said.fields.get("user"), email) if not said.error else None
        if account is not None:
            found[email] = account
        elif said.error in NOBODY:
            absent.append(email)
        elif found or absent:
            break
        else:
            return said.unlearnt
    return LookedUp(found=found, absent=tuple(absent))


def who(calls: Calls, ids: Sequence[str]) -> Flow[dict[str, Account] | Harmless]:
    found: dict[str, Account] = {}
    for id_ in ids:
        said = yield from calls.get("users.info", {"user": id_})
        account = account_of(said.fields.get("user")) if not said.error else None
        if account is not None:
            found[id_] = account
        elif said.error in NOBODY:
            found[id_] = Account(id=id_, active=False)
        elif found and not isinstance(said.unlearnt, Refused):
            break
        else:
            return said.unlearnt
    return found


def account_of(user: object, asked: str = "") -> Account | None:
    """A person as Slack shows them; None where it is none. ``asked``: the address that they were found by."""
    id_ = text(user, "id")
    if not isinstance(user, dict) or not id_ or len(id_) > ID_CHARS_MAX:
        return None
    shown = text(user, "profile", "email").strip().casefold()
    emails = dict.fromkeys(each for each in (asked, shown) if each and len(each) <= EMAIL_CHARS_MAX)
    name = text(user, "profile", "real_name") or text(user, "real_name") or text(user, "name")
    return Account(
        id=id_,
        emails=tuple(emails),
        name=name[:NAME_CHARS_MAX],
        active=user.get("deleted") is not True,
        limited=any(user.get(each) is True for each in ("is_restricted", "is_ultra_restricted", "is_stranger")),
        bot=user.get("is_bot") is True or id_ == SLACKBOT,
    )
