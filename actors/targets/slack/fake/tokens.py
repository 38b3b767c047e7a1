"""Who may speak in the workspace: installations of the app, their tokens, and how tokens are renewed.

Refresh tokens serve once; a used one still serves during a short grace, so that two who race both get a pair. No more
than two access tokens of an installation are alive: a third ends the oldest. ``xoxb-sandbox`` is an installation by
itself, made by hand, whose token does not end.
"""

from collections import OrderedDict

import msgspec

from actors.targets.slack.fake.arguments import Refusal
from actors.targets.slack.fake.scopes import BY_HAND
from actors.targets.slack.fake.terms import Terms
from actors.targets.slack.fake.workspace import APP, BOT_USER, TEAM

TOKEN = "xoxb-sandbox"  # noqa: S105 - the sandbox's public credential
CLIENT = SECRET = "sandbox"  # noqa: S105 - the sandbox's public credential
APP_TOKEN = "xapp-sandbox"  # noqa: S105 - the sandbox's public credential
HAND = "hand"
"""The installation that ``xoxb-sandbox`` belongs to."""
ALIVE_MAX = 2
KEPT_MAX = 10_000
FOREVER_S = float("inf")


class Holder(msgspec.Struct):
    """One speaker of one installation: the bot (``user`` empty) or a person. ``gone``: why it may no longer speak."""

    team: str
    user: str
    scopes: tuple[str, ...] = ()
    fixed: str = ""
    alive: list[str] = []
    gone: str = ""
    exchanged: bool = False


class Access(msgspec.Struct):
    """An access token. ``gone``: the error it brings, where it was ended before its time."""

    holder: Holder
    ends_s: float = FOREVER_S
    gone: str = ""

    @property
    def rotates(self) -> bool:
        return self.ends_s < FOREVER_S


class Spare(msgspec.Struct):
    """A refresh token, and until when it serves."""

    holder: Holder
    ends_s: float = FOREVER_S


class Pair(msgspec.Struct, frozen=True):
    """What is given out. Without rotation there is an access token only."""

    access: str
    refresh: str = ""
    life_s: float = 0.0


class Tokens:
    """All of them, whichever installation they are of."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._by_hand = Holder(HAND, "", tuple(BY_HAND.split(",")), TOKEN)
        self._known: OrderedDict[str, Access] = OrderedDict({TOKEN: Access(self._by_hand)})
        self._spares: OrderedDict[str, Spare] = OrderedDict()
        self._holders: dict[tuple[str, str], Holder] = {}
        self._count = 0

    def speaker(self, token: str, now_s: float) -> Access:
        """Raises Refusal for a token that does not serve."""
        access = self._known.get(token)
        if access is None:
            raise Refusal("invalid_auth" if token else "not_authed")
        if gone := access.holder.gone or access.gone:
            raise Refusal(gone)
        if now_s >= access.ends_s:
            raise Refusal("token_expired")
        return access

    def known(self, token: str) -> Access:
        """A token that was given, whether or not it still serves."""
        return self._known[token]

    def install(self, team: str, user: str, scopes: tuple[str, ...], now_s: float) -> Pair:
        """A token for the bot of a team, or for a person in it. Scopes add up until they are revoked."""
        holder = self._holders.setdefault((team, user), Holder(team, user))
        if holder.gone:
            holder.gone, holder.scopes, holder.fixed, holder.exchanged = "", (), "", False
        holder.scopes = tuple(dict.fromkeys((*holder.scopes, *scopes)))
        if self.terms.rotation:
            return self._pair(holder, now_s)
        if not holder.fixed:
            holder.fixed = self._text("xoxp" if user else "xoxb", now_s)
            self._known[holder.fixed] = Access(holder)
        return Pair(holder.fixed)

    def holder(self, team: str, user: str) -> Holder:
        return self._holders[team, user]

    def refresh(self, token: str, now_s: float) -> tuple[Holder, Pair]:
        """Raises Refusal for a token that was never given, or was used longer ago than the grace."""
        spare = self._spares.get(token)
        if spare is None or spare.holder.gone or now_s >= spare.ends_s:
            raise Refusal("invalid_refresh_token")
        spare.ends_s = min(spare.ends_s, now_s + self.terms.grace_s)
        if spare.holder.fixed:  # the token that was exchanged ends with the first refresh
            self._known[spare.holder.fixed].gone = "token_revoked"
            spare.holder.fixed = ""
        return spare.holder, self._pair(spare.holder, now_s)

    def exchange(self, token: str, now_s: float) -> tuple[Holder, Pair]:
        """A token without end for a pair; it serves on until the first refresh."""
        if not self.terms.rotation:
            raise Refusal("token_rotation_not_enabled")
        access = self._known.get(token)
        if access is None or access.rotates:
            raise Refusal("invalid_token")
        if access.holder.gone or access.gone:
            raise Refusal("authorization_not_found")
        if access.holder.exchanged:
            raise Refusal("token_already_exchanged")
        access.holder.exchanged = True
        return access.holder, self._pair(access.holder, now_s)

    def revoke(self, token: str) -> Holder:
        """One that rotates ends alone; one that does not takes its authorization with it."""
        access = self._known[token]
        if access.rotates:
            self._end(token, "token_revoked")
        else:
            self.dismiss(access.holder, "token_revoked")
        return access.holder

    def dismiss(self, holder: Holder, gone: str) -> None:
        """Nothing that was given to this speaker serves any more."""
        holder.gone = gone
        self._spares = OrderedDict((name, each) for name, each in self._spares.items() if each.holder is not holder)
        for token in list(holder.alive):
            self._end(token, gone)

    def uninstall(self, team: str = "") -> list[Holder]:
        """The app leaves a team, or with "" everywhere; those who could speak until now."""
        return self._all_end(team, "account_inactive")

    def revoke_all(self, team: str = "") -> list[Holder]:
        """Nothing that was given serves any more, in a team or with "" anywhere; those who could speak until now."""
        return self._all_end(team, "token_revoked")

    def _all_end(self, team: str, gone: str) -> list[Holder]:
        everybody = [self._by_hand, *self._holders.values()]
        ended = [each for each in everybody if team in ("", each.team) and not each.gone]
        for holder in ended:
            self.dismiss(holder, gone)
        return ended

    def restore(self) -> None:
        """``xoxb-sandbox`` serves again, whatever became of it."""
        self._by_hand.gone, self._by_hand.fixed, self._by_hand.exchanged = "", TOKEN, False
        self._known[TOKEN] = Access(self._by_hand)

    def expire(self, now_s: float) -> int:
        """All access tokens that end have ended; how many."""
        ending = [each for each in self._known.values() if now_s < each.ends_s < FOREVER_S]
        for access in ending:
            access.ends_s = now_s
        return len(ending)

    def expire_one(self, token: str, now_s: float) -> None:
        access = self._known.get(token)
        if access is not None and access.rotates:
            access.ends_s = min(access.ends_s, now_s)

    def _pair(self, holder: Holder, now_s: float) -> Pair:
        kind = "xoxp" if holder.user else "xoxb"
        access, spare = self._text(f"xoxe.{kind}-1", now_s), self._text("xoxe-1", now_s)
        holder.alive = [each for each in holder.alive if self._known[each].ends_s > now_s]
        while len(holder.alive) >= ALIVE_MAX:
            self._end(holder.alive[0], "token_revoked")
        holder.alive.append(access)
        self._known[access] = Access(holder, now_s + self.terms.token_life_s)
        self._spares[spare] = Spare(holder)
        self._forget()
        return Pair(access, spare, self.terms.token_life_s)

    def _end(self, token: str, gone: str) -> None:
        access = self._known[token]
        access.gone = gone
        if token in access.holder.alive:
            access.holder.alive.remove(token)

    def _text(self, kind: str, now_s: float) -> str:
        """Another one each time, also after the sandbox has begun anew."""
        self._count += 1
        return f"{kind}-sandbox-{self._count:08x}{round(now_s * 1e6):016x}"

    def _forget(self) -> None:
        """The oldest of what has ended; nothing that serves."""
        if len(self._known) > KEPT_MAX:
            alive = {token for holder in self._holders.values() for token in (holder.fixed, *holder.alive)}
            dead = [token for token in self._known if token not in alive and token not in (TOKEN, *self._by_hand.alive)]
            for token in dead[: KEPT_MAX // 10]:
                del self._known[token]
        if len(self._spares) > KEPT_MAX:
            self._spares.popitem(last=False)


def bot_of(holder: Holder) -> dict[str, object]:
    """How the answer that gives a bot's token names it."""
    team = {"id": shown_team(holder), "name": "Sandbox"}
    return {"app_id": APP, "bot_user_id": BOT_USER, "team": team, "enterprise": None, "is_enterprise_install": False}


def shown_team(holder: Holder) -> str:
    return TEAM if holder.team == HAND else holder.team
