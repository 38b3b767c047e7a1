"""What people do at Slack and Teams by hand, by chance: they let somebody in, put somebody out, make owners, archive
and delete places; and what an administrator puts right again."""

from random import Random

import msgspec

from actors.domain.rosters.model import PlaceKind
from actors.ports.adjusting import Unclear
from actors.targets.slack.fake.workspace import BOT_USER
from tests.simulation.hall import VENDORS, Hall

MILD = ("let in", "let in", "let in", "put out", "put out", "put out", "promote", "demote", "rename")
GRAVE = ("archive", "delete", "put the app out", "disable", "deactivate", "rule", "bar")
TRIES = 4
STRANGERS = 5


class Meddling:
    """At one tenant's vendors. ``grave``: also what needs somebody to put it right."""

    def __init__(self, hall: Hall, dice: Random, *, grave: bool) -> None:
        self._hall = hall
        self._dice = dice
        self._what = (*MILD, *GRAVE) if grave else MILD

    def meddles(self, places: list[tuple[PlaceKind, str]], now_s: float) -> str:
        """Something, in one of these. What."""
        open_ = [each for each in places if not self._hall.closed(*each)]
        for _ in range(TRIES if open_ else 0):
            what, (kind, place) = self._dice.choice(self._what), self._dice.choice(open_)
            deed = self._deed(what, kind, place)
            if deed and self._do(kind, deed, now_s):
                return f"{what} {kind}"
        return ""

    def _do(self, kind: PlaceKind, deed: dict[str, object], now_s: float) -> bool:
        """Whether the vendor allowed it."""
        fake = self._hall.slack if VENDORS[kind] == "slack" else self._hall.teams
        with self._hall.by_hand():
            try:
                fake.happen(msgspec.json.encode(deed), now_s)
            except Unclear:
                return False
        return True

    def _deed(self, what: str, kind: PlaceKind, place: str) -> dict[str, object]:
        """Empty where there is no such thing."""
        hall, dice = self._hall, self._dice
        people = sorted(hall.inside(kind, place) - {BOT_USER})
        owners = hall.owners(place) if kind == "team" else set()
        match what, kind:
            case "let in", _:
                who = self._anybody(kind)
                return _in(kind, place, who, owner=dice.random() < 0.2)
            case "put out", _:
                out = [each for each in people if len(owners) > 1 or each not in owners]
                return _out(kind, place, dice.choice(out)) if out else {}
            case "promote", "team":
                plain = [each for each in people if each not in owners]
                return _in(kind, place, dice.choice(plain), owner=True) if plain else {}
            case "demote", "team":
                return _in(kind, place, dice.choice(sorted(owners)), owner=False) if len(owners) > 1 else {}
            case "rename", "channel":
                return {"do": "rename_channel", "channel": place, "name": f"renamed-{len(hall.steps)}"}
            case "rename", "team":
                return {"do": "rename_team", "team": place, "name": f"Renamed {len(hall.steps)}"}
            case "archive", "channel":
                return {"do": "archive_channel", "channel": place}
            case "delete", "channel":
                return {"do": "delete_channel", "channel": place}
            case "delete", "team":
                return {"do": "delete_team", "team": place}
            case "put the app out", "channel":
                return {"do": "remove_bot", "channel": place}
            case "disable", "usergroup":
                return {"do": "change_group", "group": place, "disabled": True}
            case "rule", "team":
                return {"do": "give_rule", "team": place}
            case "deactivate", "channel" | "usergroup" if people:
                return {"do": "change_person", "person": dice.choice(people), "deactivated": True}
            case "bar", "team" if people:
                return {"do": "bar_person", "person": dice.choice(people)}
            case _:
                return {}

    def _anybody(self, kind: PlaceKind) -> str:
        """Somebody whom the school knows, or nobody does."""
        accounts = self._hall.everybody(VENDORS[kind])
        if accounts and self._dice.random() < 0.5:
            return self._dice.choice(accounts)
        return f"stranger{self._dice.randrange(STRANGERS)}@example.org"

    # ── putting right ────────────────────────────────────────────────────────────────────────────────

    def reopen(self, kind: PlaceKind, place: str, now_s: float) -> bool:
        """Somebody looks after a place that is closed. Whether it could be opened again."""
        match self._hall.closed(kind, place):
            case "archived":
                self._do(kind, {"do": "archive_channel", "channel": place, "archived": False}, now_s)
            case "the app was put out":
                self._do(kind, {"do": "remove_bot", "channel": place, "back": True}, now_s)
            case "by a rule":
                self._do(kind, {"do": "give_rule", "team": place, "dynamic": False}, now_s)
            case _:
                return False
        return True

    def is_closed(self, kind: PlaceKind, place: str) -> bool:
        return bool(self._hall.closed(kind, place))

    def restore(self, kind: PlaceKind, account: str, now_s: float) -> None:
        """Somebody whom the vendor lets in nowhere is let in again."""
        if VENDORS[kind] == "slack":
            self._do(kind, {"do": "change_person", "person": account, "deactivated": False, "guest": ""}, now_s)
        else:
            self._do(kind, {"do": "bar_person", "person": account, "barred": False}, now_s)

    def everybody_restored(self, now_s: float) -> int:
        """How many had to be."""
        count = 0
        for kind in ("channel", "team"):
            for account in self._hall.everybody(VENDORS[kind]):  # type: ignore[index]  # a PlaceKind
                if not self._hall.is_active(kind, account):  # type: ignore[arg-type]  # a PlaceKind
                    self.restore(kind, account, now_s)  # type: ignore[arg-type]  # a PlaceKind
                    count += 1
        return count


def _in(kind: PlaceKind, place: str, who: str, *, owner: bool) -> dict[str, object]:
    match kind:
        case "channel":
            return {"do": "join_channel", "channel": place, "people": [who]}
        case "usergroup":
            return {"do": "change_group", "group": place, "add": [who]}
        case "team":
            return {"do": "add_member", "team": place, "person": who, "owner": owner}


def _out(kind: PlaceKind, place: str, who: str) -> dict[str, object]:
    match kind:
        case "channel":
            return {"do": "leave_channel", "channel": place, "people": [who]}
        case "usergroup":
            return {"do": "change_group", "group": place, "remove": [who]}
        case "team":
            return {"do": "remove_member", "team": place, "person": who}
