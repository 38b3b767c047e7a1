"""What must have happened, said independently of the daemon's own rules: from the raw statements to effects expected,
and from the sandbox's journal to effects seen. Lost is what is missing, doubled what is there twice.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from actors.ports import Effect

COURSE = "https://w3id.org/xapi/cmi5/activitytype/course"
SHORT_ID = "https://w3id.org/learning-analytics/learning-management-system/short-id"

Expected = Counter[tuple[str, str]]
"""(vendor's operation, destination), how often. The destination is empty where the vendor makes it up (a DM)."""


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison. All three lists empty means: every effect exactly once."""

    expected: int
    seen: int
    lost: list[str]
    doubled: list[str]
    surplus: list[str]

    @property
    def agrees(self) -> bool:
        return not (self.lost or self.doubled or self.surplus)


def expect(statement: Mapping[str, object], slack: Mapping[str, str], teams: Mapping[str, str], hall: str) -> Expected:
    """What the scene's routes must make of one statement. ``slack`` and ``teams`` map course codes to channels."""
    text = msgspec.json.encode(statement).decode()
    found: dict[str, dict[str, object]] = msgspec.json.decode(text, type=dict)
    verb = str(found["verb"]["id"]).rsplit("/", 1)[-1]
    kind = _type(found["object"])
    code = _course(found)
    wanted: Expected = Counter()
    if verb == "completed":
        wanted["chat.postMessage", slack[code]] += 1
        if kind == COURSE:
            wanted["chat.postMessage", ""] += 1
    elif verb == "registered":
        wanted["chat.postMessage", hall] += 1
    elif verb == "scored":
        wanted["sendActivityNotification", ""] += 1
    elif verb in {"enrolled", "leave", "suspended", "resumed"} or (verb == "create" and kind.endswith("/assignment")):
        wanted["channelMessages.post", teams[code]] += 1
    return wanted


def _type(what: Mapping[str, object]) -> str:
    definition = what.get("definition")
    return str(definition.get("type", "")) if isinstance(definition, dict) else ""


def _course(statement: Mapping[str, object]) -> str:
    """The short name of the course a statement is in."""
    places = [statement["object"]]
    context = statement.get("context")
    if isinstance(context, dict):
        for near in context.get("contextActivities", {}).values():
            places += near if isinstance(near, list) else [near]
    for place in places:
        if isinstance(place, dict) and _type(place) == COURSE:
            return str(place["definition"]["extensions"].get(SHORT_ID, ""))
    return ""


def compare(expected: Expected, journal: Iterable[Effect]) -> Balance:
    """Effects by the vendors' own count. Two with one delivery id are one doubled."""
    effects = list(journal)
    times = Counter(effect.delivery_id for effect in effects)
    personal = {destination for _, destination in expected if destination}
    seen: Expected = Counter()
    for effect in {effect.delivery_id: effect for effect in effects}.values():
        seen[effect.operation, effect.destination if effect.destination in personal else ""] += 1
    return Balance(
        expected=expected.total(),
        seen=len(effects),
        lost=[f"{operation} to {where or 'learners'}: {n}" for (operation, where), n in (expected - seen).items()],
        doubled=[f"{delivery}: {n} times" for delivery, n in times.items() if n > 1],
        surplus=[f"{operation} to {where or 'learners'}: {n}" for (operation, where), n in (seen - expected).items()],
    )
