"""Who is refused at the gateway stands in the audit; what a stranger sent does not."""

import base64

import httpx
import pytest
from gateway_world import VERSION, World, basic

from actors.ports.audit import HOST

STATEMENTS = "/t/acme/xapi/statements"


def typed(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


@pytest.mark.parametrize(
    ("path", "headers", "tenant", "who"),
    [
        (STATEMENTS, typed("moodle", "s3cret-guess"), "acme", "client:moodle"),
        (STATEMENTS, typed("my-passw0rd", "x"), "acme", "unknown"),
        (STATEMENTS, {"Authorization": "Bearer eyJhbGciOiJub25lIn0"}, "acme", "unknown"),
        (STATEMENTS, {}, "acme", "unknown"),
        ("/t/nosuch/xapi/statements", typed("moodle", "s3cret-guess"), HOST, "unknown"),
    ],
)
async def test_a_credential_that_does_not_do(path: str, headers: dict[str, str], tenant: str, who: str) -> None:
    world = World()
    async with world.client(None, **VERSION) as client:
        answer = await client.get(path, headers={**headers, "X-Correlation-ID": "c-7"})
    assert answer.status_code == 401
    [told] = world.audit.told
    assert (told.how, told.tenant, told.deed.who, told.deed.what) == ("refused", tenant, who, "gateway.refused")
    assert (told.detail, told.deed.correlation_id) == ("credentials", "c-7")
    assert told.deed.on == "GET /t/{tenant}/xapi/statements"
    said = repr(told)
    assert [secret for secret in ("s3cret-guess", "my-passw0rd", "eyJ", "nosuch") if secret in said] == []


async def test_a_scope_that_is_missing() -> None:
    world = World()
    async with world.client("moodle") as client:
        answer = await client.put(
            "/t/acme/xapi/activities/profile", params={"activityId": "http://x.test", "profileId": "p"}
        )
    assert answer.status_code == 403
    [told] = world.audit.told
    assert (told.tenant, told.deed.who, told.detail) == ("acme", "client:moodle", "scope")


async def test_what_is_no_refusal_is_not_noted() -> None:
    world = World()
    async with world.client("boss") as client:
        codes = [
            (await client.get(path)).status_code
            for path in ("/healthz", "/nowhere", f"{STATEMENTS}?limit=x", f"{STATEMENTS}?limit=1")
        ]
    assert codes == [200, 404, 400, 200]
    assert world.audit.told == []


async def test_each_knock_is_told_at_once_and_answered_alike() -> None:
    world = World()
    answers: list[httpx.Response] = []
    async with world.client(None, **VERSION) as client:
        answers += [await client.get(STATEMENTS, headers=typed("x", str(n))) for n in range(20)]
        answers.append(await client.get(STATEMENTS, headers=basic("boss")))
    assert [each.status_code for each in answers] == [401] * 20 + [200]
    assert len(world.audit.told) == 20, "how many of them are written is the audit's affair"
    assert len({each.content for each in answers[:20]}) == 1
