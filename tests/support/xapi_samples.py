"""xAPI statements for tests: real ones from a Moodle, arbitrary valid ones, and ways to spoil them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
MOODLE = Path(__file__).parents[1] / "samples" / "moodle.jsonl"


def moodle_lines() -> list[str]:
    return MOODLE.read_text().splitlines()


def moodle() -> list[Json]:
    """Fresh copies, safe to change."""
    return [json.loads(line) for line in moodle_lines()]


def learner(name: str = "7") -> Json:
    return {"account": {"homePage": "https://lms.example.edu", "name": name}}


def simple(**more: Any) -> Json:
    """The smallest statement, and what a test adds to it."""
    return {
        "actor": learner(),
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://lms.example.edu/course/view.php?id=2"},
        **more,
    }


words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
iris = st.sampled_from(["http", "urn", "tag", "https"]).flatmap(
    lambda scheme: st.from_regex(rf"{scheme}:[a-zA-Z0-9/?=&.~_\-]{{1,30}}", fullmatch=True)
)
tags = st.sampled_from(["en", "de-DE", "zh-Hans-CN", "x-ours", "und", "sl-rozaj-biske", "de-CH-1996"])
language_maps = st.dictionaries(tags, words, max_size=2)
uuids = st.uuids().map(str) | st.uuids().map(lambda given: str(given).upper())
numbers = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6, allow_nan=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
extensions = st.dictionaries(iris, values, max_size=2)
stamps = st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds").rjust(23, "0") + "Z")
durations = st.sampled_from(["PT1H0M0.1S", "P3Y1M29DT4H35M59.14S", "P4W", "PT16559.14S", "P3Y", "PT0.5H"])


def optional(required: dict[str, Any], **chances: Any) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(required, optional=chances)


identifiers = st.one_of(
    st.fixed_dictionaries({"mbox": words.map(lambda _: "mailto:a@example.edu")}),
    st.fixed_dictionaries({"mbox_sha1sum": st.binary(min_size=20, max_size=20).map(bytes.hex)}),
    st.fixed_dictionaries({"openid": iris}),
    st.fixed_dictionaries({"account": st.fixed_dictionaries({"homePage": iris, "name": words})}),
)
agents = st.builds(
    lambda who, more: {**more, **who}, identifiers, optional({}, name=words, objectType=st.just("Agent"))
)
groups = st.builds(
    lambda who, members, name: {"objectType": "Group", "member": members, **name, **who},
    identifiers | st.just({}),
    st.lists(agents, min_size=1, max_size=3),
    optional({}, name=words),
)
actors = agents | groups
components = st.lists(
    optional({"id": words.filter(bool)}, description=language_maps),
    max_size=2,
    unique_by=lambda component: component["id"],
)
definitions = st.builds(
    lambda base, interaction: {**base, **interaction},
    optional({}, name=language_maps, description=language_maps, type=iris, moreInfo=iris, extensions=extensions),
    st.just({})
    | st.fixed_dictionaries({"interactionType": st.just("choice"), "choices": components})
    | st.fixed_dictionaries({"interactionType": st.just("matching"), "source": components, "target": components})
    | optional({"interactionType": st.just("numeric")}, correctResponsesPattern=st.lists(words, max_size=2)),
)
activities = optional({"id": iris}, objectType=st.just("Activity"), definition=definitions)
references = st.fixed_dictionaries({"objectType": st.just("StatementRef"), "id": uuids})
verbs = optional({"id": iris}, display=language_maps)
scores = st.lists(st.integers(-1000, 1000) | st.floats(-1000, 1000), min_size=3, max_size=3, unique=True).map(
    lambda given: dict(zip(("min", "raw", "max"), sorted(given), strict=True))
)
results = optional(
    {},
    score=scores,
    success=st.booleans(),
    completion=st.booleans(),
    response=words,
    duration=durations,
    extensions=extensions,
)
contexts = optional(
    {},
    registration=uuids,
    instructor=actors,
    team=groups,
    contextActivities=optional({}, parent=activities, category=st.lists(activities, max_size=2)),
    language=tags,
    statement=references,
    extensions=extensions,
)
contexts_200 = st.builds(
    lambda base, more: {**base, **more},
    contexts,
    optional(
        {},
        contextAgents=st.lists(
            optional(
                {"objectType": st.just("contextAgent"), "agent": agents},
                relevantTypes=st.lists(iris, min_size=1, max_size=2),
            ),
            max_size=2,
        ),
        contextGroups=st.lists(
            st.fixed_dictionaries({"objectType": st.just("contextGroup"), "group": groups}), max_size=2
        ),
    ),
)
attachments = st.lists(
    optional(
        {
            "usageType": iris,
            "display": language_maps,
            "contentType": st.sampled_from(["text/plain", 'text/plain; charset="utf-8"', "image/svg+xml"]),
            "length": st.integers(0, 2**40),
            "sha2": st.binary(min_size=32, max_size=32).map(bytes.hex),
            "fileUrl": iris,
        },
        description=language_maps,
    ),
    max_size=2,
)


@cache
def statements(version: str = "1.0.3") -> st.SearchStrategy[Json]:
    """Valid ones, of every kind."""
    parts = {
        "result": results,
        "context": contexts if version == "1.0.3" else contexts_200,
        "timestamp": stamps,
        "attachments": attachments,
    }
    subs = optional(
        {
            "objectType": st.just("SubStatement"),
            "actor": actors,
            "verb": verbs,
            "object": activities | actors.map(_typed) | references,
        },
        **parts,
    )
    return optional(
        {"actor": actors, "verb": verbs, "object": activities | actors.map(_typed) | references | subs},
        id=uuids,
        **parts,
    )


def _typed(who: Json) -> Json:
    return {"objectType": "Agent", **who}


WRONG = [
    *[None, True, 0, -1, 1.5, 10**400, "", "x", "\0", "not an iri", "a:b", "mailto:a", "en_US", "P4W1D"],
    *["Agent", "Group", "Activity", "SubStatement", "2015-01-18T12:17:00-00:00", "2015-13-18T12:17:00Z"],
]
junk = (
    st.sampled_from(WRONG)
    | st.builds(list)
    | st.builds(dict)
    | st.builds(dict, objectType=st.sampled_from(["Agent", "Activity", "StatementRef", "SubStatement", None]))
)
strangers = junk | iris | uuids | agents
names = st.sampled_from(
    ["id", "actor", "verb", "object", "objectType", "member", "mbox", "openid", "account", "name", "result", "score",
     "scaled", "raw", "min", "max", "context", "registration", "team", "revision", "platform", "contextActivities",
     "contextAgents", "definition", "interactionType", "choices", "timestamp", "stored", "authority", "version",
     "attachments", "fileUrl", "ID", "oops"]
)  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn, valid: st.SearchStrategy[Json]) -> Json:
    """A valid statement with one to three places overwritten, removed or added to: often, not always, invalid."""
    statement = draw(valid)
    for _ in range(draw(st.integers(1, 3))):
        holders = list(_holders(statement))
        holder = draw(st.sampled_from(holders))
        if isinstance(holder, list):
            if holder and draw(st.booleans()):
                holder[draw(st.integers(0, len(holder) - 1))] = draw(junk)
            else:
                holder.append(draw(junk))
        elif holder and draw(st.booleans()):
            key = draw(st.sampled_from(sorted(holder)))
            if draw(st.booleans()):
                del holder[key]
            else:
                holder[key] = draw(junk)
        else:
            holder[draw(names)] = draw(strangers)
    return statement


def _holders(value: Any) -> Any:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _holders(inner)
    elif isinstance(value, list):
        yield value
        for inner in value:
            yield from _holders(inner)
