"""Cards and notifications: whatever is said fits, and means what it says."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sizes import examples

from actors.ports import Composed
from actors.targets.teams.render import (
    BODY_BYTES_MAX,
    CARD_TYPE,
    activity,
    escape,
    message,
    plain,
    shorten,
    web_address,
    weight,
)

MARK = "0190a0b0-c0d0-e0f0-0102-030405060708"
ANY = st.text(max_size=60) | st.text(st.sampled_from('"\\*_[]()#-<&\n\u00e9😀\x00'), max_size=30)
LONG = st.builds(lambda text, times: text * times, ANY, st.sampled_from([0, 1, 1, 1, 40, 900]))


def card_of(body: dict[str, object]) -> dict[str, object]:
    (attachment,) = body["attachments"]  # type: ignore[misc]
    return json.loads(attachment["content"])


def test_a_card_says_it_all() -> None:
    composed = Composed(
        title="Well done",
        text="First line\nsecond",
        facts=(("Course", "AE\\-101"), ("", "alone"), ("Empty", "")),
        url="https://moodle.example.edu/course/view.php?id=7&lang=en",
    )
    body = message(composed, MARK, "corr_1")
    assert body["summary"] == "Well done"
    assert body["body"] == {"contentType": "html", "content": f'<attachment id="{MARK}"></attachment>'}
    (attachment,) = body["attachments"]  # type: ignore[misc]
    assert (attachment["id"], attachment["contentType"]) == (MARK, CARD_TYPE)
    card = card_of(body)
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    title, text, facts, correlation = card["body"]  # type: ignore[misc]
    assert (title["text"], title["id"]) == ("Well done", f"lmsyncd-{MARK}")
    assert text["text"] == "First line\n\nsecond"
    assert facts["facts"] == [
        {"title": "Course", "value": "AE\\-101"},
        {"title": "", "value": "alone"},
        {"title": "Empty", "value": "–"},
    ]
    assert correlation["text"] == "corr\\_1"
    assert card["actions"] == [
        {"type": "Action.OpenUrl", "title": "moodle.example.edu", "url": composed.url},
    ]


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "urn:x:1", "ftp://x/", "https://", "https://x/" + "a" * 2000]
)
def test_only_web_addresses_become_buttons(url: str) -> None:
    assert "actions" not in card_of(message(Composed(title="t", text="x", url=url), MARK, "c"))
    assert "webUrl" not in activity(Composed(title="t", text="x", url=url), "app", "home")[2]


@settings(max_examples=examples(25), deadline=None)
@given(LONG, LONG, st.lists(st.tuples(LONG, LONG), max_size=30), LONG, ANY)
def test_whatever_is_said_fits(title: str, text: str, facts: list[tuple[str, str]], url: str, correlation: str) -> None:
    for address in (url, f"https://moodle.example.edu/{url}"):
        composed = Composed(
            title=escape(title),
            text=escape(text),
            facts=tuple((escape(label), escape(value)) for label, value in facts),
            url=address,
        )
        raw = msgspec.json.encode(message(composed, MARK, correlation))
        assert len(raw.decode().encode("utf-16-le")) <= BODY_BYTES_MAX
        assert weight(raw) == len(raw.decode().encode("utf-16-le"))
        card = card_of(json.loads(raw))
        assert card["body"][0]["text"]  # type: ignore[index]
        headline, preview, link = activity(composed, "app", "home")
        assert 1 <= len(headline) <= 150
        assert 1 <= len(preview) <= 150
        assert "\n" not in headline + preview
        assert link.startswith("https://teams.microsoft.com/l/entity/app/home")


def test_a_long_text_ends_with_the_way_back() -> None:
    composed = Composed(title="t", text="words " * 5000, url="https://moodle.example.edu/a_(b)?c=1")
    text = card_of(message(composed, MARK, "c"))["body"][1]["text"]  # type: ignore[index]
    assert text.endswith("… [moodle.example.edu](https://moodle.example.edu/a_%28b%29?c=1)")


@given(ANY)
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    whole = text.encode("utf-16-le", "replace").decode("utf-16-le")
    assert plain(escape(whole)) == plain_without_markup(whole)


def plain_without_markup(text: str) -> str:
    cleaned = "".join(" " if (char < " " and char not in "\t\n") or char == "\x7f" else char for char in text)
    return " ".join(cleaned.split())


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("*bold* _it_ `code` ~no~", "\\*bold\\* \\_it\\_ \\`code\\` \\~no\\~"),
        ("[here](https://evil.example)", "\\[here\\](https://evil.example)"),
        ("# head", "\\# head"),
        ("- item", "\\- item"),
        ("12. item", "12\\. item"),
        ("a-b #1 1.5", "a-b #1 1.5"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_markdown_means_itself(text: str, escaped: str) -> None:
    assert escape(text) == escaped


@given(ANY, st.integers(1, 40))
def test_a_cut_leaves_no_half_of_an_escape(text: str, length_max: int) -> None:
    cut = shorten(escape(text), length_max)
    assert len(cut) <= max(length_max, 1)
    body = cut.removesuffix("…")
    assert (len(body) - len(body.rstrip("\\"))) % 2 == 0


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_cut_leaves_no_half_of_a_link(cut: int) -> None:
    text = "see [the course](https://moodle.example.edu/c) for more"
    kept = shorten(text, cut)
    assert "[" not in kept or "](https://moodle.example.edu/c)" in kept


def test_addresses_are_made_safe() -> None:
    assert web_address("https://x.example/a b\"c'(d)") == "https://x.example/a%20b%22c'%28d%29"
