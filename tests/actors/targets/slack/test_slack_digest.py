"""A digest of any size and with any names becomes a message that Slack takes, cut only between lines."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block
from slack_stage import Talk, Wording, build, parcel

from actors.domain.verdicts import Delivered
from actors.ports import Composed
from actors.targets.slack.fake.blocks import problems
from actors.targets.slack.render import BULLET, TEXT_MAX, escape, fallback, render

URL = "https://moodle.example.edu/c?id=7&l=en"
LINK = "<https://moodle.example.edu/c?id=7&amp;l=en|moodle.example.edu>"
NASTY = st.sampled_from(
    [
        "&" * 300,
        "<" * 300,
        ">&<",
        "😀" * 300,
        "👩‍👩‍👧‍👦 Ada",
        "עדה לאבלייס",
        "\u202eada\u202c",
        "x" * 300,
        "",
        "\n\n",
        "\ud83d",
        "a|b",
        "*b* `c`",
    ]
)
NAME = NASTY | st.text(max_size=300)
LINES = st.lists(NAME, min_size=1, max_size=12).flatmap(
    lambda names: st.integers(1, 250).map(
        lambda count: tuple(
            escape(f"{names[n % len(names)]}: {names[(n * 7 + 1) % len(names)]} · 17/20 · {n}") for n in range(count)
        )
    )
)
DIGESTS = st.builds(
    Composed,
    title=NAME.map(escape),
    text=NAME.map(escape) | st.just("wörd " * 2000),
    facts=st.lists(st.tuples(NAME.map(escape), NAME.map(escape)), max_size=25).map(tuple),
    url=st.sampled_from(["", URL, "https://e.edu/" + "&" * 400]),
    lines=LINES,
    more=st.just("") | NAME.map(escape),
    left_out=st.just(37),
)


def texts(value: object) -> list[str]:
    """Every text in blocks."""
    if isinstance(value, dict):
        return [value["text"]] if isinstance(value.get("text"), str) else [t for v in value.values() for t in texts(v)]
    return [t for v in value for t in texts(v)] if isinstance(value, list) else []


def bullets(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.startswith(BULLET)]


def told_rest(said: list[str]) -> int:
    """What ``… +N`` says, 0 where nothing is cut."""
    counts = [int(text.split(" +")[1].split(" ")[0]) for text in said if text.startswith("… +")]
    return counts[0] if counts else 0


@settings(deadline=None)
@given(DIGESTS, NAME)
def test_any_digest_is_accepted_and_counts_what_it_cuts(composed: Composed, correlation_id: str) -> None:
    blocks = render(composed, correlation_id)
    assert problems(blocks) == []
    assert len(blocks) <= 50
    for block in Block.parse_all(msgspec.json.decode(msgspec.json.encode(blocks))):
        block.validate_json()
    shown = texts(blocks)
    assert sum(len(text.encode("utf-16-le", "surrogatepass")) // 2 for text in shown) < 13_000
    sections = [block["text"]["text"] for block in blocks if block["type"] == "section" and "text" in block]
    listed = sum(len(bullets(section)) for section in sections)
    ending = [element["text"] for block in blocks[-1:] for element in block.get("elements", [])]
    assert listed == len(composed.lines) or told_rest(ending) == len(composed.lines) - listed + 37
    text = fallback(composed)
    assert 1 <= len(text.encode("utf-16-le")) // 2 <= TEXT_MAX
    listed = len(bullets(text))
    assert listed == len(composed.lines) or told_rest(text.split("\n")[-1:]) == len(composed.lines) - listed + 37


@settings(deadline=None)
@given(st.integers(1, 200))
def test_ordinary_lines_stay_whole_and_in_order(count: int) -> None:
    lines = tuple(f"Ada Lovelace: Quiz {n} graded · 17.5 / 20 (88%)" for n in range(count))
    composed = Composed(title="t", text="x", url=URL, lines=lines, more="and 3 more", left_out=3)
    blocks = render(composed, "c")
    listed = [line for text in texts(blocks) for line in bullets(text)]
    assert listed == [BULLET + line for line in lines], "two hundred of them fit"
    assert blocks[-1]["elements"][0]["text"] == "and 3 more"
    short = bullets(fallback(composed))
    assert short == [BULLET + line for line in lines[: len(short)]]


def test_a_cut_digest_shows_its_beginning_the_count_and_the_way_to_the_rest() -> None:
    lines = tuple(f"{n:03}: {'x' * 296}" for n in range(60))
    composed = Composed(title="60 updates", text="60 grades", url=URL, lines=lines)
    *_, last, context = render(composed, "abc")
    assert last["text"]["text"].split("\n")[-1] == f"• 037: {'x' * 296}"
    assert [element["text"] for element in context["elements"]] == ["… +22", LINK, "`abc`"]
    text = fallback(composed)
    assert text.startswith("60 updates\n60 grades\n• 000: x")
    assert text.endswith(f"\n… +50 {LINK}")


def test_one_endless_name_does_not_push_out_the_others() -> None:
    composed = Composed(title="t", text="x", lines=("&amp;" * 2000, "second"))
    listed = [line for text in texts(render(composed, "")) for line in bullets(text)]
    assert listed[0].endswith("&amp;…")
    assert listed[1] == "• second"


def test_a_digest_reaches_slack() -> None:
    lines = tuple(f"Ada: Quiz {n} graded" for n in range(180))
    talk = Talk()
    target = build(Wording(Composed(title="180 updates", text="180 grades", lines=lines)))
    assert isinstance(talk.run(target.deliver(parcel())), Delivered)
    (message,) = talk.call("conversations.history", channel="C0123456789")["messages"]
    assert message["blocks"][0]["text"]["text"] == "180 updates"
