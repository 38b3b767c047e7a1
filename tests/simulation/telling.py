"""How the simulated systems call (Canvas's Live Events, the toy's hook), what arrived at the webhook as facts, and what
the daemon knows in the end."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import msgspec
from toy_source import CALLING, FakeToy

from actors.domain.harvest import Inbound
from actors.domain.school import School
from actors.ports import Fake
from actors.sources.canvas.fake import FakeCanvas
from actors.targets.webhook.fake import FakeWebhook
from tests.simulation import chronicle
from tests.simulation.campus import SimulatedCampus
from tests.simulation.chronicle import Fact
from tests.simulation.systems import SYSTEMS


class Telling:
    """Of one campus."""

    def __init__(self, campus: SimulatedCampus) -> None:
        self._campus = campus
        self._called = 0
        for fake in campus.vendors.fakes.values():
            if isinstance(fake, FakeCanvas):
                fake.live.skip()

    def calls(self, tenant: str, school: School) -> Iterator[Inbound]:
        """What a system calls about what happened since it was last asked."""
        fake = self._campus.vendors.fakes[tenant, f"source {SYSTEMS[tenant].kind}"]
        if isinstance(fake, FakeCanvas):
            for body in fake.live.deliveries():
                yield Inbound(headers={}, query="", body=body)
        elif isinstance(fake, FakeToy):
            since, self._called = self._called, len(school.happened)
            rows = list(fake.changes(since)) if since else []
            if rows:
                body = msgspec.json.encode({"rows": rows, "look": True})
                yield Inbound(headers={"x-toy": CALLING}, query="", body=body)

    def differences(self, school: School, systems: tuple[str, ...]) -> list[str]:
        """Between the school and what is known of it, membership by membership, score by score."""
        found = []
        look = chronicle.look(school)
        for tenant in systems:
            tells = SYSTEMS[tenant].tells
            members, scores, quarantined = self._known(tenant)
            wanted = {
                (look.names[user], look.names[course], role, suspended)
                for (user, course), (role, suspended) in look.members.items()
            }
            found += [f"{tenant}: known and not so: {each}" for each in sorted(members - wanted)]
            found += [f"{tenant}: so and not known: {each}" for each in sorted(wanted - members)]
            if "graded" in tells:
                right = {(look.names[work], look.names[user], points) for (work, user), points in look.scores.items()}
                visible = {each for each in scores if each in right}
                found += [f"{tenant}: this score is not known: {each}" for each in sorted(right - visible)]
            if quarantined and not any(not one.name.strip() for one in school.people.values()):
                found.append(f"{tenant}: {quarantined} records stand in quarantine")
        return found

    def _known(self, tenant: str) -> tuple[set[tuple[str, str, str, bool]], set[tuple[str, str, float]], int]:
        rows = self._campus.look(
            "SELECT entity, id, r.state, canonical FROM records r JOIN sources s ON s.no = r.source "
            "WHERE s.tenant = ? ORDER BY r.no",
            tenant,
        )
        kept: dict[tuple[str, str], dict[str, Any]] = {
            (entity, name): msgspec.json.decode(canonical)
            for entity, name, state, canonical in rows
            if state == "active"
        }
        held: dict[tuple[str, str], list[dict[str, Any]]] = {}
        scores = set()
        for (entity, _), one in kept.items():
            if entity == "enrolment":
                held.setdefault((one["user"], one["course"]), []).append(one)
            if entity == "grade" and not one.get("hidden") and one.get("score", {}).get("raw") is not None:
                work, user = kept.get(("assignment", one.get("assignment", ""))), kept.get(("user", one["user"]))
                if work is not None and user is not None:
                    scores.add((work["name"], user["display_name"], float(one["score"]["raw"])))
        members = set()
        for (user, course), some in held.items():
            stood = _standing(some)
            if stood is not None:
                names = kept["user", user]["display_name"], kept["course", course]["name"]
                members.add((*names, *stood))
        return members, scores, sum(state == "quarantined" for _, _, state, _ in rows)


def _standing(held: list[dict[str, Any]]) -> tuple[str, bool] | None:
    """As the model sees it, of what the daemon keeps."""
    order = ("observer", "learner", "designer", "assistant", "instructor")
    inside = [one for one in held if one.get("status", "active") in ("active", "completed")]
    remaining = inside or [one for one in held if one.get("status") == "suspended"]
    if not remaining:
        return None
    return max((one.get("role", "learner") for one in remaining), key=order.index), not inside


def posts(fake: Fake) -> Counter[Fact]:
    """What arrived, each message once."""
    assert isinstance(fake, FakeWebhook)
    return Counter(_fact(cast("dict[str, Any]", message["data"])) for message in fake.messages.values())


def _fact(data: dict[str, Any]) -> Fact:
    statement = data["statement"]
    word, thing = data["kind"], statement["object"].get("definition", {})
    names = [*thing.get("name", {}).values(), ""]
    learner = "" if word == "assignment_posted" else statement["actor"].get("name", "")
    value = ""
    if word == "graded":
        value = f"{statement['result']['score']['raw']:g}"
    elif word in ("enrolled", "role_changed"):
        value = next(iter(statement["context"]["extensions"].values()))
    return word, learner, "" if word in ("user_created", "user_updated") else names[0], value
