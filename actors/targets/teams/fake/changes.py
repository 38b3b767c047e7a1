"""users/delta: who has changed since, page by page. A token says how far its holder is, and ends after a week."""

import base64
from typing import NamedTuple

from actors.domain.flow import Request
from actors.targets.teams.fake.calls import Call
from actors.targets.teams.fake.people import SHOWN, People, Somebody
from actors.targets.teams.fake.replies import Fields, Refusal
from actors.targets.teams.fake.terms import Terms

ROWS = 100
TOKEN_CHARS_MAX = 2_000
LATEST_S = 2**40
GRAPH = "https://graph.microsoft.com/v1.0/"
GONE = "The sync state generation is not found: the token has expired. Start again without it."


class Far(NamedTuple):
    """How far the holder of a token is: people up to ``serial`` were told, at ``told_s``."""

    serial: int
    told_s: int
    select: str


def page(people: People, call: Call, request: Request, terms: Terms, now_s: float) -> Fields:
    """Raises Refusal."""
    given = call.query.get("$deltatoken") or call.query.get("$skiptoken")
    base = f"{base_of(request)}users/delta"
    select = call.query.get("$select", "")
    if given == "latest":
        return _link({"value": []}, base, Far(people.serial, int(now_s), select))
    far = Far(0, int(now_s), select) if given is None else _read(given)
    if now_s - far.told_s > terms.delta_life_s:
        raise Refusal(410, "syncStateNotFound", GONE, location=f"{base}?$deltatoken=")
    found = people.since(far.serial)
    shown = found[:ROWS]
    serial = shown[-1].serial if shown else max(far.serial, people.serial)
    answer: Fields = {"@odata.context": f"{base_of(request)}$metadata#users"}
    answer["value"] = [_shown(each, far.select) for each in shown]
    if len(found) > ROWS:
        return answer | {"@odata.nextLink": f"{base}?$skiptoken={_token(far._replace(serial=serial))}"}
    return _link(answer, base, Far(serial, int(now_s), far.select))


def base_of(request: Request) -> str:
    """Where whoever asks finds Graph."""
    host = request.headers.get("host")
    return GRAPH if host is None else f"{request.headers.get('x-forwarded-proto', 'http')}://{host}/graph/v1.0/"


def _link(answer: Fields, base: str, far: Far) -> Fields:
    return answer | {"@odata.deltaLink": f"{base}?$deltatoken={_token(far)}"}


def _shown(somebody: Somebody, select: str) -> Fields:
    if somebody.deleted:
        return {"id": somebody.id, "@removed": {"reason": "deleted"}}
    fields = somebody.fields()
    names = [name for name in select.split(",") if name] or SHOWN
    return {"id": somebody.id} | {name: fields[name] for name in names if name in fields}


def _token(far: Far) -> str:
    return base64.urlsafe_b64encode("|".join(map(str, far)).encode()).decode().rstrip("=")


def _read(text: str) -> Far:
    if len(text) > TOKEN_CHARS_MAX:
        raise Refusal(400, "BadRequest", "The token is not valid.")
    try:
        serial, told_s, select = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("|")
        far = Far(int(serial), int(told_s), select)
    except ValueError:
        raise Refusal(400, "BadRequest", "The token is not valid.") from None
    if not 0 <= far.told_s < LATEST_S:
        raise Refusal(400, "BadRequest", "The token is not valid.")
    return far
