"""groups/delta: whose members or owners have changed since, page by page. A token says how far its holder is, and ends
after a week. A long list of changes of one group is spread over pages."""

import base64
from typing import NamedTuple

from actors.domain.flow import Request
from actors.targets.teams.fake.calls import Call
from actors.targets.teams.fake.changes import GONE, LATEST_S, TOKEN_CHARS_MAX, base_of
from actors.targets.teams.fake.replies import Fields, Refusal
from actors.targets.teams.fake.teams import Teams
from actors.targets.teams.fake.terms import Terms

ROWS = 1_000


class Far(NamedTuple):
    """How far the holder of a token is: moves up to ``serial`` were told, at ``told_s``."""

    serial: int
    told_s: int


def page(teams: Teams, call: Call, request: Request, terms: Terms, now_s: float) -> Fields:
    """Raises Refusal."""
    given = call.query.get("$deltatoken") or call.query.get("$skiptoken")
    base = f"{base_of(request)}groups/delta"
    if given == "latest":
        return {"value": [], "@odata.deltaLink": f"{base}?$deltatoken={_token(Far(teams.serial, int(now_s)))}"}
    far = Far(0, int(now_s)) if given is None else _read(given)
    kept_from = teams.moves[0].serial if teams.moves else teams.serial + 1
    if now_s - far.told_s > terms.delta_life_s or far.serial + 1 < kept_from:
        raise Refusal(410, "syncStateNotFound", GONE, location=f"{base}?$deltatoken=")
    found = teams.moves[far.serial + 1 - kept_from :]
    shown = found[:ROWS]
    by_team: dict[str, Fields] = {}
    for move in shown:
        item = by_team.setdefault(move.team, {"id": move.team})
        moved = item.setdefault(f"{move.role}@delta", [])
        assert isinstance(moved, list)  # noqa: S101 - it was put there
        removed: Fields = {} if move.came else {"@removed": {"reason": "deleted"}}
        moved.append({"@odata.type": "#microsoft.graph.user", "id": move.user} | removed)
    answer: Fields = {"@odata.context": f"{base_of(request)}$metadata#groups", "value": list(by_team.values())}
    far = Far(shown[-1].serial if shown else far.serial, int(now_s))
    if len(found) > ROWS:
        return answer | {"@odata.nextLink": f"{base}?$skiptoken={_token(far)}"}
    return answer | {"@odata.deltaLink": f"{base}?$deltatoken={_token(far)}"}


def _token(far: Far) -> str:
    return base64.urlsafe_b64encode("|".join(map(str, far)).encode()).decode().rstrip("=")


def _read(text: str) -> Far:
    if len(text) > TOKEN_CHARS_MAX:
        raise Refusal(400, "BadRequest", "The token is not valid.")
    try:
        serial, told_s = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("|")
        far = Far(int(serial), int(told_s))
    except ValueError:
        raise Refusal(400, "BadRequest", "The token is not valid.") from None
    if not (0 <= far.told_s < LATEST_S and far.serial >= 0):
        raise Refusal(400, "BadRequest", "The token is not valid.")
    return far
