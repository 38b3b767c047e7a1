"""Whatever was composed becomes blocks that Slack takes."""

import re

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from actors.ports import Composed
from actors.targets.slack.fake.blocks import problems
from actors.targets.slack.render import ELLIPSIS, TEXT_MAX, escape, fallback, link_back, render, shorten

ANY_TEXT = (
    st.text()
    | st.text(alphabet="&<>amp; |😀\ud83d\x00\n", max_size=9000)
    | st.integers(0, 9000).map(lambda n: "wörd " * n)
)
ANY_URL = st.text(max_size=40) | st.sampled_from(
    [
        "https://lms.example.edu/a?b=1&c=2",
        "javascript:alert(1)",
        "http://[",
        "https://x|y>z/",
        "https://e.edu/" + "&" * 2000,
    ]
)
COMPOSED = st.builds(
    Composed,
    title=ANY_TEXT.map(escape),
    text=ANY_TEXT.map(escape),
    facts=st.lists(st.tuples(ANY_TEXT.map(escape), ANY_TEXT.map(escape)), max_size=30).map(tuple),
    url=ANY_URL,
)
BROKEN_ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")


def texts(value: object) -> list[str]:
    """Every text in blocks."""
    if isinstance(value, dict):
        return [value["text"]] if isinstance(value.get("text"), str) else [t for v in value.values() for t in texts(v)]
    return [t for v in value for t in texts(v)] if isinstance(value, list) else []


@settings(deadline=None)
@given(COMPOSED, ANY_TEXT)
def test_anything_composed_is_accepted(composed: Composed, correlation_id: str) -> None:
    blocks = render(composed, correlation_id)
    assert problems(blocks) == []
    assert blocks
    for block in Block.parse_all(msgspec.json.decode(msgspec.json.encode(blocks))):
        block.validate_json()
    text = fallback(composed)
    assert 1 <= len(text.encode("utf-16-le")) // 2 <= TEXT_MAX
    for shown in [text, *texts(blocks)]:
        assert not BROKEN_ENTITY.search(shown)
        assert shown.count("<") == shown.count(">")
    assert sum(map(len, texts(blocks))) < 13_000


@settings(deadline=None)
@given(st.text(max_size=200).map(escape), st.integers(2, 50))
def test_shortening_keeps_the_beginning(text: str, longest: int) -> None:
    short = shorten(text, longest)
    assert len(short) <= longest
    assert short == text or (short.endswith(ELLIPSIS) and text.startswith(short[: -len(ELLIPSIS)]))


def test_a_cut_leaves_no_half_link_or_entity() -> None:
    assert shorten("see <https://example.edu/long|the page>", 20) == "see…"
    assert shorten("fish &amp; chips", 8) == "fish…"
    assert shorten("a😀😀😀", 5) == "a😀…"


def test_a_cut_text_shows_the_way_to_the_whole() -> None:
    composed = Composed(title="t", text="x" * 5000, url="https://moodle.example.edu/c?id=7&l=en")
    link = "<https://moodle.example.edu/c?id=7&amp;l=en|moodle.example.edu>"
    _, section, context = render(composed, "abc")
    assert section["text"]["text"].endswith(f"x… {link}")
    assert len(section["text"]["text"]) == 3000
    assert [element["text"] for element in context["elements"]] == [link, "`abc`"]
    assert fallback(composed).endswith(link)


def test_the_plain_case_reads_well() -> None:
    composed = Composed(title="Well done", text="Ada completed *AE-101*", facts=(("Score", "80 %"), ("", "")), url="")
    assert render(composed, "") == [
        {"type": "header", "text": {"type": "plain_text", "text": "Well done"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "Ada completed *AE-101*"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Score*\n80 %"}]},
    ]
    assert fallback(composed) == "Well done\nAda completed *AE-101*\nScore: 80 %"


def test_more_facts_than_fit_are_counted() -> None:
    blocks = render(Composed(title="t", text="x", facts=tuple((str(n), "v") for n in range(25))), "")
    assert [len(block["fields"]) for block in blocks if "fields" in block] == [10, 10]
    assert blocks[-1]["elements"][0]["text"] == "… +5"


def test_only_web_addresses_become_links() -> None:
    assert link_back("javascript:alert(1)") == ""
    assert link_back("https://") == ""
    assert link_back("https://e.edu/a|b>c d") == "<https://e.edu/a%7Cb%3Ec%20d|e.edu>"
    assert link_back("https://e.edu/?a=1&amp;b=2&c=3") == "<https://e.edu/?a=1&amp;b=2&amp;c=3|e.edu>"
