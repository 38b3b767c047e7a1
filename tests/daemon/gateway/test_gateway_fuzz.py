"""Whatever is sent to any resource, in either version: an answer that xAPI knows, and never a part of what was refused.

Requests are made from what is right, spoilt in one place or several, and from nothing but noise.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import msgspec
import pytest
import trio
import trio_asyncio
from gateway_world import World
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from mixed_bodies import BOUNDARY, MIXED, attachment, mixed
from shots import ACTIVITY_PROFILE, AGENT_PROFILE, RESOURCES, STATE, STATEMENTS, VERSIONS, Shot, fire, judged, sound
from sizes import examples
from stored_gateway import Ticking
from xapi_samples import WRONG, Json, agents, learner, simple, spoilt, statements

from daemon.store.database import open_store

Headers = tuple[tuple[bytes, bytes | None], ...]
MULTIPART = MIXED["Content-Type"].encode()
ID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"

# ── noise ────────────────────────────────────────────────────────────────────────────────────────────

texts = st.text(max_size=20) | st.sampled_from(
    ["", "\0", "a" * 3000, "%00", "true", "-1", "9" * 40, "1e400", "urn:x", "{}", "[]", '{"mbox":7}', "{" * 500, ID,
     "\ud800", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00-00:00", '{"objectType":"Group"}', "canonical", "null"]
)  # fmt: skip
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from(WRONG),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
lines = st.binary(max_size=40).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b""))


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Cut, doubled, overwritten or with something put in, at any place."""
    raw = draw(whole)
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted((draw(st.integers(0, len(raw))), draw(st.integers(0, len(raw)))))
        match draw(st.sampled_from(["cut", "double", "insert", "remove"])):
            case "cut":
                raw = raw[:end]
            case "double":
                raw = raw[:end] + raw[start:]
            case "insert":
                raw = raw[:start] + draw(st.binary(max_size=8)) + raw[start:]
            case _:
                raw = raw[:start] + raw[end:]
    return raw


pool = st.sampled_from(
    [
        (b"content-type", b""),
        (b"content-type", None),
        (b"content-type", b"text/html"),
        (b"content-type", b"application/json; charset=utf-16"),
        (b"content-type", b"application/json;;;=\xff"),
        (b"content-type", b"multipart/mixed"),
        (b"content-type", b"multipart/mixed; boundary=\xff"),
        (b"content-type", MULTIPART),
        (b"content-length", b"7,7"),
        (b"content-length", b"\xb2"),
        (b"content-length", b"-1"),
        (b"if-match", b"*"),
        (b"if-match", b'"' + b"0" * 40 + b'"'),
        (b"if-none-match", b"*"),
        (b"accept-language", b"de;q=7,,*;q=x, \xff"),
        (b"x-correlation-id", b"a\xffb"),
        (b"traceparent", b"00-\xff"),
        (b"origin", b"null"),
        (b"accept", b"text/html"),
    ]
)
noisy = st.tuples(
    st.sampled_from([b"if-match", b"if-none-match", b"accept-language", b"content-type", b"origin", b"accept"]), lines
)


def headers(version: str) -> st.SearchStrategy[Headers]:
    """The version, and whatever."""
    said = (b"x-experience-api-version", version.encode())
    strange = st.sampled_from([b"", b"1.0.3, 2.0.0", b"3.0", b"\xff"]).map(lambda given: (said[0], given))
    return st.builds(
        lambda usual, more: (*usual, *more),
        st.just((said,)) | st.just((said,)) | st.just((said,)) | strange.map(lambda one: (one,)) | st.just(()),
        st.lists(pool | noisy, max_size=2).map(tuple) | st.just(()),
    )


def plainly(version: str, *more: tuple[bytes, bytes]) -> Headers:
    return ((b"x-experience-api-version", version.encode()), *more)


# ── what is asked for ────────────────────────────────────────────────────────────────────────────────

AGENT = json.dumps(learner())
RIGHT: dict[str, dict[str, str]] = {
    STATEMENTS: {},
    STATE: {"activityId": "urn:a", "agent": AGENT, "stateId": "s"},
    AGENT_PROFILE: {"agent": AGENT, "profileId": "p"},
    ACTIVITY_PROFILE: {"activityId": "urn:a", "profileId": "p"},
    "agents": {"agent": AGENT},
    "activities": {"activityId": "urn:a"},
    "about": {},
}
parameters = st.sampled_from(
    ["statementId", "voidedStatementId", "agent", "verb", "activity", "registration", "related_agents", "since",
     "until", "related_activities", "limit", "format", "attachments", "ascending", "cursor", "activityId", "stateId",
     "profileId", "method", "nonsense", ""]
)  # fmt: skip


def written(pairs: list[tuple[str, str]]) -> bytes:
    return "&".join(
        f"{quote_plus(name.encode('utf-8', 'surrogatepass'))}={quote_plus(value.encode('utf-8', 'surrogatepass'))}"
        for name, value in pairs
    ).encode()


@st.composite
def queries(draw: st.DrawFn, resource: str) -> bytes:
    """What the resource needs, with something else in its place, beside it, twice or missing; or noise."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=60))
    pairs = list(RIGHT[resource].items())
    for _ in range(draw(st.integers(0, 3))):
        if pairs and draw(st.booleans()):
            at = draw(st.integers(0, len(pairs) - 1))
            pairs[at : at + 1] = draw(st.just([]) | texts.map(lambda text: [(pairs[at][0], text)]))  # noqa: B023
        else:
            pairs.append((draw(parameters), draw(texts | agents.map(json.dumps))))
    return written(pairs)


@st.composite
def anything(draw: st.DrawFn, version: str) -> Shot:
    """Any method of any resource."""
    resource = draw(st.sampled_from(RESOURCES))
    method = draw(st.sampled_from(["GET", "GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]))
    body = draw(st.just(b"") | jsons.map(dumped) | st.binary(max_size=60)) if method in ("PUT", "POST") else b""
    return Shot(method, resource, draw(queries(resource)), body, draw(headers(version)))


@st.composite
def batches(draw: st.DrawFn, version: str) -> Shot:
    """Statements: good ones around one that may not be, or a body that never was one."""
    around = st.lists(statements(version), max_size=2)
    batch = st.builds(lambda before, one, after: [*before, one, *after], around, spoilt(statements(version)), around)
    body = batch.map(dumped) | spoilt(statements(version)).map(dumped) | jsons.map(dumped)
    body |= damaged(st.lists(statements(version), min_size=1, max_size=3).map(dumped)) | st.binary(max_size=80)
    if draw(st.integers(0, 3)) == 0:
        return Shot("PUT", STATEMENTS, b"statementId=" + ID.encode(), draw(body), plainly(version))
    return Shot("POST", STATEMENTS, b"", draw(body), plainly(version))


@st.composite
def parcels(draw: st.DrawFn, version: str) -> Shot:
    """Statements with attachments, the whole of it damaged."""
    contents = draw(st.lists(st.binary(max_size=30), max_size=3))
    statement = draw(statements(version) | st.just(simple()))
    statement["attachments"] = [attachment(content) for content in contents]
    whole = mixed(statement, *contents[: draw(st.integers(0, 3))])
    body = draw(st.just(whole) | damaged(st.just(whole)))
    kind = draw(st.just(MULTIPART) | damaged(st.just(MULTIPART)).map(lambda raw: raw.replace(b"\n", b"")))
    assert BOUNDARY.encode() in MULTIPART
    return Shot("POST", STATEMENTS, b"", body, plainly(version, (b"content-type", kind)))


@st.composite
def papers(draw: st.DrawFn, version: str) -> Shot:
    """Documents, written, merged, read and removed at few addresses, so that they meet."""
    resource = draw(st.sampled_from([STATE, AGENT_PROFILE, ACTIVITY_PROFILE]))
    kind = draw(st.sampled_from([b"application/json", b"text/plain", b"", b"\xff", b"application/json; charset=x"]))
    tags = st.sampled_from([b"*", b'"x"', b'W/"x"', b'"' + b"a" * 40 + b'"']) | lines
    more = draw(st.lists(st.tuples(st.sampled_from([b"if-match", b"if-none-match"]), tags), max_size=1))
    body = draw(st.dictionaries(texts, jsons, max_size=3).map(dumped) | jsons.map(dumped) | st.binary(max_size=60))
    method = draw(st.sampled_from(["PUT", "PUT", "POST", "POST", "GET", "HEAD", "DELETE"]))
    query = written(list(RIGHT[resource].items())) if draw(st.booleans()) else draw(queries(resource))
    return Shot(method, resource, query, body, plainly(version, (b"content-type", kind), *more))


@st.composite
def forms(draw: st.DrawFn, version: str) -> Shot:
    """The alternate syntax: a form that stands for a request."""
    resource = draw(st.sampled_from(RESOURCES))
    method = draw(st.sampled_from(["PUT", "GET", "POST", "DELETE", "HEAD", "", "get"]))
    fields = list(RIGHT[resource].items())
    fields += draw(
        st.lists(
            st.tuples(
                parameters
                | st.sampled_from(["content", "Content-Type", "If-Match", "Authorization", "Content-Length"]),
                texts | jsons.map(json.dumps),
            ),
            max_size=3,
        )
    )
    if draw(st.booleans()):
        fields.append(("content", draw(statements("1.0.3").map(json.dumps) | jsons.map(json.dumps))))
    form = draw(st.just(written(fields)) | damaged(st.just(written(fields))))
    kind = (b"content-type", draw(st.just(b"application/x-www-form-urlencoded") | lines))
    query = f"method={method}".encode() + draw(st.sampled_from([b"", b"", b"", b"&x=y", b"&method=GET"]))
    return Shot("POST", resource, query, form, plainly(version, kind))


FAMILIES = {"anything": anything, "batches": batches, "parcels": parcels, "papers": papers, "forms": forms}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=examples(15))
@given(data=st.data())
def test_whatever_comes_is_answered_and_what_is_refused_leaves_no_trace(
    family: str, version: str, data: st.DataObject
) -> None:
    world = World()
    app = world.app().public

    async def main() -> None:
        for shot in data.draw(st.lists(FAMILIES[family](version), min_size=1, max_size=4)):
            heard = await judged(world, app, shot)
            named = [value for name, value in shot.headers if name == b"x-experience-api-version"]
            if named == [version.encode()] and family != "forms":  # a form may name another
                assert heard.headers["x-experience-api-version"] == version

    trio.run(main)


@settings(max_examples=examples(3), phases=(Phase.explicit, Phase.reuse, Phase.generate))  # shrinking takes minutes
@given(data=st.data())
def test_a_real_store_stands_all_of_it_and_has_what_was_accepted(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    either = st.sampled_from(VERSIONS)
    shots = data.draw(
        st.lists(st.one_of([either.flatmap(family) for family in FAMILIES.values()]), min_size=10, max_size=40)
    )
    trio.run(_stands, shots, tmp_path_factory.mktemp("stands"))


async def _stands(shots: list[Shot], folder: Path) -> None:
    world = World()
    accepted: set[str] = set()
    put = 0
    async with trio_asyncio.open_loop(), open_store(folder / "s.db", Ticking()) as store:
        world.ports = msgspec.structs.replace(
            world.ports,
            statements=store.statements,
            reads=store.finding,
            attachments=store.attachments,
            activities=store.activities,
            documents=store.documents,
        )
        app = world.app().public
        for shot in shots:
            heard = await fire(app, shot)
            sound(shot, heard)
            assert world.troubles == [], (shot, world.troubles)
            if shot.resource == STATEMENTS and shot.method in ("PUT", "POST"):
                put += heard.status == 204
                accepted.update(json.loads(heard.body) if heard.body.startswith(b'["') else ())
        answer = await fire(app, Shot("GET", STATEMENTS, b"limit=500", b"", plainly("1.0.3")))
        shown = {one["id"] for one in json.loads(answer.body)["statements"]}
        assert len(shown - accepted) <= put
        for one in accepted - shown:
            found = await store.finding.get("acme", one)
            assert found is not None
            assert found.voided


def test_the_noise_is_not_all_noise() -> None:
    """The families do reach the other side of each door: some of what they make is accepted."""
    world = World()
    app = world.app().public
    good: Json = simple(id=ID)
    form = written([("content", json.dumps(good)), ("statementId", ID)])
    right = [
        Shot("POST", STATEMENTS, b"", dumped([good]), plainly("1.0.3")),
        Shot("PUT", STATE, written(list(RIGHT[STATE].items())), b"{}", plainly("1.0.3")),
        Shot("GET", "agents", written(list(RIGHT["agents"].items())), b"", plainly("2.0.0")),
        Shot(
            "POST",
            STATEMENTS,
            b"method=PUT",
            form,
            plainly("1.0.3", (b"content-type", b"application/x-www-form-urlencoded")),
        ),
        Shot("POST", STATEMENTS, b"", mixed(simple()), plainly("2.0.0", (b"content-type", MULTIPART))),
    ]

    async def main() -> None:
        for shot in right:
            assert (await judged(world, app, shot)).status in (200, 204), shot

    trio.run(main)
